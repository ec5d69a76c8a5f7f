import { Controller, Get } from '@nestjs/common';
import { Expose, Transform } from 'class-transformer';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { registerSessionType, Session, type SessionEvent, SessionType } from 'nestjs-typed-session';
import { z } from 'zod';
import { Keyring } from '../lib/seal/keyring.js';
import {
  closeApps,
  places,
  SECRET,
  startApp,
  takeLogs,
  type AppOptions,
  type TestApp,
} from './support/app.js';
import type { Client } from './support/client.js';

@SessionType({
  name: 'typed/strict',
  schema: z.object({ n: z.number().positive() }),
  onInvalid: 'throw',
})
class Strict {
  n = 1;
}

registerSessionType(
  class Item {
    price = 1;
  },
  { name: 'typed/item', schema: z.object({ price: z.number().positive() }) },
);
class Clamped {
  n = 1;
}
registerSessionType(Clamped, {
  name: 'typed/clamped',
  schema: z.object({ n: z.number().positive() }),
  onInvalid: (clamped) => Object.assign(clamped, { n: 1 }),
});
registerSessionType(
  class Late {
    n = 1;
  },
  { name: 'typed/late', version: 2, upgrade: { 1: ({ m }) => ({ n: m }) } },
);

@Controller()
class TypedController {
  @Get('read') read(@Session() ss: Session) {
    return { cart: ss.get('cart') ?? null, other: ss.get('other') ?? null };
  }
  @Get('touch') touch(@Session() ss: Session) {
    ss.set('touched', true);
    return { cart: ss.get('cart') ?? null };
  }
  @Get('has') has(@Session() ss: Session) {
    return { has: ss.has('cart') };
  }
  @Get('delete') delete(@Session() ss: Session) {
    return { had: ss.delete('cart') };
  }
  @Get('replace') replace(@Session() ss: Session) {
    ss.set('cart', new Strict());
    return {};
  }
}

/** Puts texts into a session and takes them out, whether this build can read them or not. */
interface Carrier {
  begin(texts: ReadonlyMap<string, string>): string | Promise<string>;
  openKnown(token: string): Promise<{ texts: ReadonlyMap<string, string> }>;
}
const carrierOf = ({ sessions }: TestApp) =>
  (sessions as unknown as { backends: { default: Carrier } }).backends.default;

/** The cookie of a session with these texts, as any build could have stored them. */
const begun = async (app: TestApp, texts: Record<string, string>) =>
  carrierOf(app).begin(new Map(Object.entries(texts)));

describe.each(places)('a stored value on %s', (place) => {
  let app: TestApp;
  const events: SessionEvent[] = [];
  const listener = (event: unknown): void => void events.push(event as SessionEvent);
  beforeAll(() => subscribe('nestjs-typed-session:invalid', listener));
  afterEach(() => {
    events.length = 0;
    takeLogs();
    return closeApps();
  });
  afterAll(() => void unsubscribe('nestjs-typed-session:invalid', listener));

  const start = async (texts: Record<string, string>, session: AppOptions['session'] = {}) => {
    app = await startApp(place, { controllers: [TypedController], session });
    const client = app.client();
    client.jar.set('sid', await begun(app, texts));
    return { client };
  };
  const stored = async (client: Client) =>
    Object.fromEntries((await carrierOf(app).openKnown(client.jar.get('sid')!)).texts);

  it('that is not valid is dropped, told of, and gone; the rest stays', async () => {
    const { client } = await start({
      cart: '{"items":[{"@typed/item":{"price":2}},{"@typed/item":{"price":-7777777}}]}',
      other: '"kept"',
    });
    expect((await client.get('/read')).json).toEqual({
      cart: { items: [{ price: 2 }] },
      other: 'kept',
    });
    expect(events).toEqual([
      {
        session: 'sid',
        idHash: expect.stringMatching(/^[\w-]{22}$/),
        path: 'values.cart.items[1]',
        type: '@typed/item',
        why: 'is not valid: price (too_small)',
        outcome: 'dropped',
      },
    ]);
    const { warnings } = takeLogs();
    expect(warnings).toEqual([
      'values.cart.items[1] was dropped: the stored value of the type "@typed/item" is not valid: price (too_small).',
    ]);
    expect(JSON.stringify([events, warnings])).not.toContain('7777777');
    expect(await stored(client)).toEqual({
      cart: '{"items":[{"@typed/item":{"price":2}}]}',
      other: '"kept"',
    });
    await client.get('/read');
    expect(events).toHaveLength(1);
  });

  it('that is not valid as a whole is as one that was never stored', async () => {
    const { client } = await start({ cart: '{"@typed/item":{"price":-1}}', other: '1' });
    expect((await client.get('/has')).json).toEqual({ has: false });
    expect(await stored(client)).toEqual({ other: '1' });
  });

  it('that its owner replaces is stored as that', async () => {
    const { client } = await start({ cart: '{"@typed/clamped":{"n":-1}}' });
    expect((await client.get('/read')).json.cart).toEqual({ n: 1 });
    expect(events).toMatchObject([{ path: 'values.cart', outcome: 'replaced' }]);
    expect(takeLogs().warnings).toEqual([]);
    expect(await stored(client)).toEqual({ cart: '{"@typed/clamped":{"n":1}}' });
  });

  it('that its owner wants an error for gives one each time, and can be deleted or set', async () => {
    const text = '{"@typed/strict":{"n":-7777777}}';
    const { client } = await start({ cart: text, other: '1' });
    expect((await client.get('/read')).status).toBe(500);
    const [error] = takeLogs().errors;
    expect(error).toMatch(/^values\.cart cannot be read: .*is not valid: n \(too_small\)/);
    expect(error).not.toContain('7777777');
    expect((await client.get('/has')).json).toEqual({ has: true });
    expect(await stored(client)).toEqual({ cart: text, other: '1' });
    await expect(app.sessions.read(client.jar.get('sid')!)).rejects.toMatchObject({
      code: 'SESSION_INVALID',
    });
    expect((await client.get('/replace')).status).toBe(200);
    expect((await client.get('/read')).json.cart).toEqual({ n: 1 });
    client.jar.set('sid', await begun(app, { cart: text, other: '1' }));
    expect((await client.get('/delete')).json).toEqual({ had: true });
    expect(await stored(client)).toEqual({ other: '1' });
  });

  it('of a new session that was saved and reloaded is told of too', async () => {
    await start({});
    const request = new IncomingMessage(new Socket());
    const ss = await app.sessions.get<any>(request, new ServerResponse(request));
    ss.set('cart', Object.assign(new Strict(), { n: -1 }));
    ss.set('list', [Object.assign(new Clamped(), { n: -1 })]);
    await ss.save();
    await ss.reload();
    expect(() => ss.get('cart')).toThrow(expect.objectContaining({ code: 'SESSION_INVALID' }));
    expect(() => ss.values).toThrow(expect.objectContaining({ code: 'SESSION_INVALID' }));
    expect(ss.get('list')).toEqual([{ n: 1 }]);
    expect(events).toMatchObject([{ path: 'values.list[0]', idHash: expect.any(String) }]);
  });

  it('of an older version stays as it is until it is changed, for builds that know no other', async () => {
    const cart = '{"@typed/late":{"m":5}}';
    const { client } = await start({ cart });
    expect((await client.get('/touch')).json.cart).toEqual({ n: 5 });
    expect(await stored(client)).toEqual({ cart, touched: 'true' });
    expect(events).toEqual([]);
  });

  it('of a newer version is told of each time, logged once, and written back as it was', async () => {
    // Each of its own: it is logged once in a process.
    const version = 3 + places.indexOf(place);
    const cart = `{"@typed/late@${version}":{"future":[{"$date":5},-0]}}`;
    const late = `{ "a": [${cart}] }`;
    const { client } = await start({ cart, other: late });
    expect((await client.get('/touch')).json).toEqual({ cart: null });
    expect((await client.get('/read')).json).toEqual({ cart: null, other: { a: [null] } });
    expect(await stored(client)).toEqual({ cart, other: late, touched: 'true' });
    expect(events.map(({ path, outcome }) => [path, outcome])).toEqual([
      ['values.cart', 'kept'],
      ['values.cart', 'kept'],
      ['values.other.a[0]', 'kept'],
    ]);
    expect(takeLogs().warnings).toEqual([
      `A stored value of the type "@typed/late@${version}" is of a newer version than this build knows. It reads as undefined and is written back as it was stored.`,
    ]);
  });

  it('beyond the limits reads empty, is told of, and stays; a new one is refused', async () => {
    const cart = JSON.stringify(Array.from({ length: 40 }, (_, n) => n));
    const { client } = await start({ cart }, { limits: { nodes: 40, depth: 2, bytes: 200 } });
    expect((await client.get('/touch')).json).toEqual({ cart: null });
    expect(events).toMatchObject([
      { path: 'values.cart', why: 'goes beyond 40 values', outcome: 'kept' },
    ]);
    expect(await stored(client)).toEqual({ cart, touched: 'true' });
    for (const value of [JSON.parse(cart), [[[]]], 'x'.repeat(200)]) {
      await expect(app.sessions.begin({ value })).rejects.toMatchObject({
        code: 'SESSION_UNSERIALIZABLE',
      });
    }
  });
});

describe('the options for class-transformer', () => {
  afterEach(closeApps);

  @SessionType('typed/account')
  class Account {
    name = 'ann';
    @Expose({ groups: ['staff'] }) notes = 'n';
    @Expose({ since: 2 }) nick = 'a';
    @Transform(({ value }) => String(value).toUpperCase(), {
      groups: ['staff'],
      toPlainOnly: true,
    })
    city = 'Ulm';
  }

  it('are those of each session', async () => {
    const { sessions } = await startApp('Express', {
      session: [
        { name: 'plain' },
        { name: 'staff', classTransformer: { groups: ['staff'] } },
        { name: 'old', classTransformer: { version: 1 } },
        { name: 'both', classTransformer: { groups: ['staff', 'more'], version: 2.5 } },
      ],
    });
    const back = (name: string) => {
      const token = sessions.seal({ account: new Account() }, { name });
      const { account } = sessions.unseal(token, { name })!;
      expect(account).toBeInstanceOf(Account);
      // Initialisers fill in what is not stored, so the text itself is looked at.
      const stored = new Keyring([SECRET], `session\0${name}`).open(token) as { text: string };
      return JSON.parse(stored.text.split('\n')[1].slice('"account":'.length))['@typed/account'];
    };
    expect(back('plain')).toEqual({ name: 'ann', nick: 'a', city: 'Ulm' });
    expect(back('staff')).toEqual({ name: 'ann', notes: 'n', nick: 'a', city: 'ULM' });
    expect(back('old')).toEqual({ name: 'ann', city: 'Ulm' });
    expect(back('both')).toEqual({ name: 'ann', notes: 'n', nick: 'a', city: 'ULM' });
  });
});
