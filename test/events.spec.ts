import { jest } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { Session } from 'nestjs-typed-session';
import { closeApps, isInStore, places, startApp, type TestApp } from './support/app.js';
import { recordEvents } from './support/session-events.js';

@Controller()
class EventController {
  @Get('set') set(@Session() ss: Session) {
    ss.set('key', 'value');
    return { id: ss.id };
  }
  @Get('read') read(@Session() ss: Session) {
    return { key: ss.get('key') ?? null, id: ss.id };
  }
  @Get('regenerate') async regenerate(@Session() ss: Session) {
    await ss.regenerate();
    return { id: ss.id };
  }
  @Get('take-back') async takeBack(@Session() ss: Session) {
    await ss.save();
    await ss.regenerate();
    await ss.reload();
    ss.set('key', 'other');
  }
  @Get('destroy') async destroy(@Session() ss: Session) {
    await ss.destroy();
  }
  @Get('fail') fail(@Session() ss: Session) {
    ss.set('key', 'lost');
    throw new Error('failed');
  }
}

const DAY = 86_400_000;

describe.each(places)('the events of a session on %s', (place) => {
  let app: TestApp;
  const { takeAll: taken } = recordEvents();

  beforeAll(async () => {
    app = await startApp(place, { controllers: [EventController] });
  });
  afterAll(closeApps);
  afterEach(() => {
    jest.restoreAllMocks();
  });

  /** A session lives for 30 days from its last use. */
  function letPass(milliseconds: number): void {
    const later = Date.now() + milliseconds;
    jest.spyOn(Date, 'now').mockReturnValue(later);
  }

  it('statement 80: tell its life, by a keyed hash of the id', async () => {
    const client = app.client();
    const { id } = (await client.get('/set')).json;
    const [created, committed] = taken();
    expect([created.kind, committed.kind]).toEqual(['created', 'committed']);
    expect(created.session).toBe('sid');
    expect(created.idHash).toMatch(/^[\w-]{22}$/);
    expect(JSON.stringify([created, committed])).not.toContain(id);

    await client.get('/read');
    expect(taken()).toEqual([]);

    await client.get('/regenerate');
    const [regenerated, again] = taken();
    expect([regenerated.kind, again.kind]).toEqual(['regenerated', 'committed']);
    expect(regenerated.idHash).not.toBe(created.idHash);

    await client.get('/destroy');
    expect(taken()).toMatchObject([{ kind: 'destroyed', idHash: regenerated.idHash }]);
  });

  it('do not tell of a new id that was taken back', async () => {
    const client = app.client();
    await client.get('/set');
    taken();
    await client.get('/take-back');
    expect(taken()).toMatchObject([{ kind: 'committed' }]);
  });

  it('do not tell what was not kept', async () => {
    await app.client().get('/fail');
    expect(taken()).toEqual([]);
  });

  it('statement 80: tell that it was renewed', async () => {
    const client = app.client();
    const { id } = (await client.get('/set')).json;
    const [{ idHash }] = taken();
    letPass(4 * DAY);
    await client.get('/read');
    const events = taken();
    expect(events).toEqual([{ kind: 'renewed', session: 'sid', idHash }]);
    expect(JSON.stringify(events)).not.toContain(id);
  });

  it.each<[string, (token: string) => string, object]>([
    ['malformed', () => 'short', {}],
    ['unknown-version', (token) => `9${token.slice(1)}`, {}],
    ['unknown-key', (token) => `1~~~${token.slice(4)}`, {}],
    ['bad-seal', (token) => token.slice(0, -4) + 'AAAA', {}],
  ])('statement 80: tell that a cookie was rejected: %s', async (reason, damage) => {
    const client = app.client();
    client.jar.set('sid', damage(await app.sessions.begin({ key: 'value' })));
    await client.get('/read');
    expect(taken()).toEqual([{ kind: 'rejected', session: 'sid', reason }]);
  });

  it('statement 80: tell that a cookie had expired, and whose', async () => {
    // A store may have forgotten it already.
    const expiry = isInStore(place)
      ? (expect.stringMatching(/expired|unknown-id/) as string)
      : 'expired';
    const client = app.client();
    client.jar.set('sid', await app.sessions.begin({ key: 'value' }));
    letPass(31 * DAY);
    await client.get('/read');
    expect(taken()).toMatchObject([
      { kind: 'rejected', reason: expiry, idHash: expect.any(String) as string },
    ]);
  });
});
