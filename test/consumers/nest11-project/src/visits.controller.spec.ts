import { Test } from '@nestjs/testing';
import { SessionModule } from 'nestjs-typed-session';
import { createSession } from 'nestjs-typed-session/testing';
import { VisitsController } from './visits.controller';

describe('VisitsController', () => {
  it('counts the visits of a session', async () => {
    const app = await Test.createTestingModule({
      imports: [SessionModule.forRoot('for development')],
      controllers: [VisitsController],
    }).compile();
    const session = createSession<{ visits: number }>({ visits: 1 });
    expect(app.get(VisitsController).visit(session)).toBe('Visit number 2');
    expect(session.commit()).toEqual({ visits: 2 });
  });
});
