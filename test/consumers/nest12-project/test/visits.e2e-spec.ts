import { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { SessionType } from 'nestjs-typed-session';
import { RedisSessionStore } from 'nestjs-typed-session/redis';
import request from 'supertest';
import { App } from 'supertest/types.js';
import { AppModule } from './../src/app.module.js';

@SessionType()
class User {
  name = 'Ada';
}

describe('VisitsController (e2e)', () => {
  let app: INestApplication<App>;

  beforeEach(async () => {
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = module.createNestApplication();
    await app.init();
  });

  it('/visits (GET) counts the visits of each client', async () => {
    const client = request.agent(app.getHttpServer());
    await client.get('/visits').expect(200).expect('Visit number 1');
    await client.get('/visits').expect(200).expect('Visit number 2');
    await request(app.getHttpServer()).get('/visits').expect('Visit number 1');
  });

  it('finds its types, and the stores by their paths', () => {
    expect(new User().name).toBe('Ada');
    expect(typeof RedisSessionStore).toBe('function');
  });

  afterEach(async () => {
    await app.close();
  });
});
