/** `ss.values`, as an object that one hands around: what works on it, and when it can be written no more. */
import {
  ClassSerializerInterceptor,
  Controller,
  Get,
  Param,
  Res,
  UseInterceptors,
} from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { Session, type SessionError } from 'nestjs-typed-session';
import { closeApps, isInStore, places, startApp, takeLogs, type TestApp } from './support/app.js';
import { Latches } from './support/latch.js';

type Values = Record<string, unknown>;

/** Each way of writing to an object. */
const WRITES: Record<string, (values: Values) => unknown> = {
  set: (values) => (values.late = 1),
  assign: (values) => Object.assign(values, { late: 1 }),
  defineProperty: (values) =>
    Object.defineProperty(values, 'late', { value: 1, enumerable: true, configurable: true }),
  delete: (values) => delete values.early,
};

const latches = new Latches();

@Controller()
class ValuesController {
  /** What the writes after the headers threw, by their way. */
  static readonly thrown = new Map<string, SessionError>();

  @Get('uses') uses(@Session() ss: Session) {
    const { values } = ss as { values: any };
    Object.assign(values, { user: 'ann', __proto__: { isAdmin: true } });
    values.toString = 'a value';
    return {
      keys: Object.keys(values),
      spread: { ...values },
      json: JSON.stringify(values),
      inspected: inspect(values),
      template: `${values}`,
      has: [values.hasOwnProperty('user'), values.hasOwnProperty('isAdmin'), 'isAdmin' in values],
      cloned: structuredClone({ ...values }),
      entries: new Map(Object.entries(values)).size,
    };
  }
  @UseInterceptors(ClassSerializerInterceptor)
  @Get('returned')
  returned(@Session() ss: Session) {
    return ss.values;
  }
  @Get('frozen') frozen(@Session() ss: Session) {
    ss.set('_flash', Object.freeze(['first']));
    ss.addFlash('second');
    ss.values.sealed = Object.seal(['first']);
    ss.addFlash('second', 'sealed');
    return [ss.peekFlashes(), ss.peekFlashes('sealed')];
  }
  @Get('flashes') flashes(@Session() ss: Session) {
    return [ss.flashes(), ss.flashes('sealed')];
  }

  @Get('late/:how') late(
    @Param('how') how: string,
    @Session() ss: Session,
    @Res({ passthrough: true }) res: any,
  ) {
    // Taken while it can be written, and kept.
    const { values } = ss as { values: Values };
    values.early = 1;
    const response = (res.raw ?? res) as ServerResponse;
    response.once('close', () => {
      try {
        WRITES[how](values);
      } catch (error) {
        ValuesController.thrown.set(how, error as SessionError);
      }
      latches.of(how).open();
    });
    return 'sent';
  }
  @Get('read') read(@Session() ss: Session) {
    return { early: ss.get('early') ?? null, late: ss.get('late') ?? null };
  }
}

describe.each(places)('the live values of a session, on %s', (place) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp(place, { controllers: [ValuesController] });
  });
  afterEach(() => void takeLogs());
  afterAll(closeApps);

  it('are what one expects of an object, and have the keys that were given to them', async () => {
    expect((await app.client().get('/uses')).json).toEqual({
      keys: ['user', 'toString'],
      spread: { user: 'ann', toString: 'a value' },
      json: '{"user":"ann","toString":"a value"}',
      inspected: "{ user: 'ann', toString: 'a value' }",
      template: '[object Object]',
      has: [true, false, false],
      cloned: { user: 'ann', toString: 'a value' },
      entries: 2,
    });
  });

  it('can be returned, also through ClassSerializerInterceptor', async () => {
    const client = app.client();
    await client.get('/uses');
    const { status, json } = await client.get('/returned');
    expect([status, json]).toEqual([200, { user: 'ann', toString: 'a value' }]);
  });

  it('take a flash where the list is frozen or sealed', async () => {
    const client = app.client();
    const both = ['first', 'second'];
    expect((await client.get('/frozen')).json).toEqual([both, both]);
    expect((await client.get('/flashes')).json).toEqual([both, both]);
  });

  it('take no write in silence after the response, in whatever way they are written to', async () => {
    latches.renew();
    const clients = await Promise.all(
      Object.keys(WRITES).map(async (how) => {
        const client = app.client();
        const written = latches.of(how).wait();
        expect((await client.get(`/late/${how}`)).body).toBe('sent');
        await written;
        return client;
      }),
    );
    if (isInStore(place)) {
      // Who writes to a store may still save: it is told once nobody has.
      const told: string[] = [];
      const end = Date.now() + 20_000;
      while (told.length < clients.length && Date.now() < end) {
        told.push(...takeLogs().errors);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      for (const how of Object.keys(WRITES)) {
        expect(told).toContainEqual(
          expect.stringMatching(`changed after the headers.*GET /late/${how}.*save\\(\\)`),
        );
      }
      expect(ValuesController.thrown.size).toBe(0);
    } else {
      for (const how of Object.keys(WRITES)) {
        expect(ValuesController.thrown.get(how)).toMatchObject({
          code: 'SESSION_HEADERS_SENT',
          message: expect.stringContaining(`GET /late/${how}`),
        });
      }
    }
    ValuesController.thrown.clear();
    for (const client of clients) {
      expect((await client.get('/read')).json).toEqual({ early: 1, late: null });
    }
  });
});
