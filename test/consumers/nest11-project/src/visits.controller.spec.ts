import { Test } from '@nestjs/testing';
import { Session, SessionModule } from 'nestjs-typed-session';
import { VisitsController } from './visits.controller';

describe('VisitsController', () => {
  it('counts the visits of a session', async () => {
    const app = await Test.createTestingModule({
      imports: [SessionModule.forRoot('for development')],
      controllers: [VisitsController],
    }).compile();
    const session = { values: { visits: 1 } } as Session<{ visits: number }>;
    expect(app.get(VisitsController).visit(session)).toBe('Visit number 2');
  });
});
