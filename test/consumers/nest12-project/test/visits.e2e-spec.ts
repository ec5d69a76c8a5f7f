import { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { SessionType } from 'nestjs-typed-session';
import { RedisSessionStore } from 'nestjs-typed-session/redis';
import {
  seenEvents,
  SessionAgent,
  sessionClock,
  sessionCookie,
  sessionOf,
} from 'nestjs-typed-session/testing';
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

  it('/visits (GET) goes on with a session that the test has begun', async () => {
    const cookie = await sessionCookie(app, { visits: 41 });
    const response = await request(app.getHttpServer()).get('/visits').set('Cookie', cookie);
    expect(response.text).toBe('Visit number 42');
    expect(await sessionOf(app, response)).toEqual({ visits: 42 });
  });

  it('/visits (GET) begins anew for an agent whose session was idle for too long', async () => {
    const seen = seenEvents(app);
    const agent = new SessionAgent(app);
    await agent.get('/visits');
    expect(await (await agent.get('/visits')).text()).toBe('Visit number 2');
    const cookie = await agent.cookies();
    sessionClock.advance('31 days');
    const late = await request(app.getHttpServer()).get('/visits').set('Cookie', cookie);
    sessionClock.reset();
    expect(late.text).toBe('Visit number 1');
    expect(seen.kinds).toEqual([
      'created',
      'committed',
      'committed',
      'rejected',
      'created',
      'committed',
    ]);
    seen.stop();
  });

  it('finds its types, and the stores by their paths', () => {
    expect(new User().name).toBe('Ada');
    expect(typeof RedisSessionStore).toBe('function');
  });

  afterEach(async () => {
    await app.close();
  });
});
