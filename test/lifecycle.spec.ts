import { Controller, Get, Query } from '@nestjs/common';
import { inspect } from 'node:util';
import { Session } from 'nestjs-typed-session';
import { closeApps, isInStore, places, startApp, takeLogs, type TestApp } from './support/app.js';
import { attributes, visits } from './support/client.js';

@Controller()
class LifeController {
  @Get('set') set(@Session() ss: Session, @Query() query: Record<string, string>) {
    for (const [key, value] of Object.entries(query)) ss.set(key, value);
  }
  @Get('read') read(@Session() ss: Session) {
    return { values: ss.values, id: ss.id, isNew: ss.isNew, name: ss.name };
  }
  @Get('id') id(@Session() ss: Session) {
    ss.set('key', 'value');
    return { id: ss.id };
  }
  @Get('sign-in') async signIn(@Session() ss: Session) {
    await ss.regenerate();
    ss.set('user', 'peter');
  }
  @Get('destroy') async destroy(@Session() ss: Session) {
    await ss.destroy();
    return { values: ss.values, isNew: ss.isNew };
  }
  @Get('destroy-then-flash') async destroyThenFlash(@Session() ss: Session) {
    await ss.destroy();
    ss.addFlash('Good bye');
  }
  @Get('destroy-reload-flash') async destroyReloadFlash(@Session() ss: Session) {
    await ss.destroy();
    await ss.reload();
    ss.addFlash('Good bye');
  }
  @Get('destroy-then-fail') async destroyThenFail(@Session() ss: Session) {
    await ss.destroy();
    throw new Error('failed');
  }
  @Get('reload') async reload(@Session() ss: Session) {
    ss.set('key', 'changed');
    ss.set('other', 'added');
    ss.addFlash('added');
    await ss.regenerate();
    await ss.reload();
    return { values: ss.values };
  }
  @Get('reload-saved') async reloadSaved(@Session() ss: Session) {
    ss.set('key', 'saved');
    await ss.save();
    ss.set('key', 'changed');
    await ss.reload();
    return { values: ss.values };
  }
  @Get('clear') clear(@Session() ss: Session) {
    ss.clear();
    return { values: ss.values };
  }
  @Get('keys') keys(@Session() ss: Session) {
    const before = ss.has('a');
    const deleted = [ss.delete('a'), ss.delete('nothing')];
    return { before, deleted, after: ss.has('a'), value: ss.get('a') ?? null };
  }
  @Get('live') live(@Session() ss: Session) {
    const { values } = ss;
    ss.set('by-set', 1);
    values['by-values'] = 2;
    delete values.a;
    return {
      same: ss.values === values,
      bySet: values['by-set'],
      byValues: ss.get('by-values'),
      hasA: ss.has('a'),
      values,
    };
  }
  @Get('strange') strange(@Session() ss: Session) {
    for (const key of STRANGE_KEYS) ss.set(key, { of: key });
    Object.assign(ss.values, { toString: { by: 'values' } });
  }
  @Get('strange-read') strangeRead(@Session() ss: Session) {
    return {
      values: STRANGE_KEYS.map((key) => ss.get(key)),
      polluted: ({} as { of?: unknown }).of ?? null,
      save: typeof ss.save,
    };
  }
  @Get('own-domain') ownDomain(@Session() ss: Session) {
    ss.cookie.domain = 'example.com';
    ss.set('user', 'root');
  }
  @Get('returned') returned(@Session() ss: Session) {
    ss.set('password', 'hidden');
    return { ss, inspected: inspect(ss, { showHidden: true, depth: 9 }) };
  }
  @Get('stray') stray(@Session() ss: Session) {
    Object.assign(ss, { user: 'peter' });
  }
  @Get('symbol') symbol(@Session() ss: Session) {
    Object.assign(ss.values, { [Symbol('mine')]: 1 });
  }
  @Get('large') large(@Session() ss: Session, @Query('bytes') bytes: string) {
    ss.set('small', 'x');
    ss.set('cart', 'c'.repeat(Number(bytes)));
    ss.set('user', 'u'.repeat(200));
  }
}

const STRANGE_KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'id',
  'save',
  'values',
  '',
  'a"b',
  'a\\',
  '\\"',
  'a\nb',
  'ключ',
  '$date',
];

describe.each(places)('a session on %s', (place) => {
  let app: TestApp;

  beforeAll(async () => {
    const session = isInStore(place) ? { maxStoreBytes: 4096 } : {};
    app = await startApp(place, { controllers: [LifeController], session });
  });
  afterAll(closeApps);

  const bits = isInStore(place) ? 256 : 144;

  it(`statement 1: has an id of ${bits} random bits, and never the same twice`, async () => {
    const ids = new Set<string>((await visits(app.url, '/id', 1000)).map(({ id }) => id));
    expect(ids.size).toBe(1000);
    for (const id of ids) expect(id).toMatch(/^[\w-]+$/);
    for (const id of ids) expect(id).toHaveLength(Math.ceil(bits / 6));
    expect(new Set([...ids].map((id) => id.slice(0, 4))).size).toBeGreaterThan(990);
  });

  it('keeps its id and its values from request to request', async () => {
    const client = app.client();
    await client.get('/set?a=1&b=2');
    const { id, values, name } = (await client.get('/read')).json;
    expect({ values, name }).toEqual({ values: { a: '1', b: '2' }, name: 'sid' });
    await client.get('/set?c=3');
    expect((await client.get('/read')).json).toMatchObject({
      id,
      isNew: false,
      values: { a: '1', b: '2', c: '3' },
    });
  });

  it('never shows its id or its values in the cookie', async () => {
    const client = app.client();
    await client.get('/set?key=a-value-to-be-found');
    const { id } = (await client.get('/read')).json;
    const token = client.jar.get('sid')!;
    for (const encoding of ['base64', 'base64url', 'latin1'] as const) {
      const decoded = Buffer.from(token, encoding).toString('latin1');
      expect(decoded).not.toContain('a-value-to-be-found');
      expect(decoded).not.toContain(id);
    }
  });

  it('is taken from nowhere but the cookie', async () => {
    const client = app.client();
    await client.get('/set?a=1');
    const token = client.jar.get('sid')!;
    const answer = await app.client().get(`/read?sid=${token}`, {
      sid: token,
      'x-sid': token,
      authorization: `Bearer ${token}`,
    });
    expect(answer.json).toMatchObject({ isNew: true, values: {} });
  });

  describe('statements 20 and 21: regenerate()', () => {
    it('gives a new id and keeps the values', async () => {
      const client = app.client();
      await client.get('/set?cart=full');
      const before = (await client.get('/read')).json;
      const planted = client.jar.get('sid')!;
      await client.get('/sign-in');
      const after = (await client.get('/read')).json;
      expect(after.id).not.toBe(before.id);
      expect(after.values).toEqual({ cart: 'full', user: 'peter' });

      // What an attacker knew, or planted, before the sign-in is worth what it was, or nothing.
      client.jar.set('sid', planted);
      const left = isInStore(place) ? {} : { cart: 'full' };
      expect((await client.get('/read')).json.values).toEqual(left);
    });
  });

  describe('destroy()', () => {
    it('empties the session and deletes the cookie, by the attributes that it has', async () => {
      const client = app.client();
      await client.get('/set?a=1');
      const answer = await client.get('/destroy');
      expect(answer.json).toEqual({ values: {}, isNew: true });
      expect(answer.setCookies).toHaveLength(1);
      expect(answer.setCookies[0]).toMatch(/^sid=;/);
      expect(attributes(answer.setCookies[0])).toEqual({
        'max-age': '0',
        expires: 'Thu, 01 Jan 1970 00:00:00 GMT',
        path: '/',
        httponly: true,
        samesite: 'Lax',
      });
      expect(client.jar.size).toBe(0);
    });

    it('says nothing to a client that has no session', async () => {
      expect((await app.client().get('/destroy')).setCookies).toEqual([]);
    });

    it('begins a new session with what comes after', async () => {
      const client = app.client();
      await client.get('/set?a=1');
      const before = (await client.get('/read')).json;
      expect((await client.get('/destroy-then-flash')).setCookies).toHaveLength(1);
      const after = (await client.get('/read')).json;
      expect(after.values).toEqual({ _flash: ['Good bye'] });
      expect(after.id).not.toBe(before.id);
    });

    it.each(['destroy-then-flash', 'destroy-reload-flash'])(
      'is followed by a session in the place of the one that it ended: %s',
      async (path) => {
        const client = app.client();
        await client.get('/own-domain');
        const answer = await client.get(`/${path}`);
        expect(attributes(answer.setCookies[0])).toMatchObject({ domain: 'example.com' });
      },
    );

    it('holds even where the request fails', async () => {
      const client = app.client();
      await client.get('/set?a=1');
      expect((await client.get('/destroy-then-fail')).status).toBe(500);
      expect(client.jar.size).toBe(0);
    });
  });

  describe('reload()', () => {
    it('throws away what was not saved', async () => {
      const client = app.client();
      await client.get('/set?key=first');
      const answer = await client.get('/reload');
      expect(answer.json).toEqual({ values: { key: 'first' } });
      expect(answer.setCookies).toEqual([]);
    });

    it('goes back to what was saved in the same request', async () => {
      const client = app.client();
      await client.get('/set?key=first');
      expect((await client.get('/reload-saved')).json).toEqual({ values: { key: 'saved' } });
      expect((await client.get('/read')).json.values).toEqual({ key: 'saved' });
    });
  });

  it('is empty after clear(), and the same', async () => {
    const client = app.client();
    await client.get('/set?a=1&b=2');
    const { id } = (await client.get('/read')).json;
    expect((await client.get('/clear')).json).toEqual({ values: {} });
    expect((await client.get('/read')).json).toMatchObject({ id, isNew: false, values: {} });
  });

  it('knows which keys it has', async () => {
    const client = app.client();
    await client.get('/set?a=1');
    expect((await client.get('/keys')).json).toEqual({
      before: true,
      deleted: [true, false],
      after: false,
      value: null,
    });
    expect((await client.get('/read')).json.values).toEqual({});
  });

  it('has one set of values, by get and set and by values', async () => {
    const client = app.client();
    await client.get('/set?a=1&b=2');
    expect((await client.get('/live')).json).toEqual({
      same: true,
      bySet: 1,
      byValues: 2,
      hasA: false,
      values: { b: '2', 'by-set': 1, 'by-values': 2 },
    });
    expect((await client.get('/read')).json.values).toEqual({
      b: '2',
      'by-set': 1,
      'by-values': 2,
    });
  });

  it('takes any key for a key', async () => {
    const client = app.client();
    await client.get('/strange');
    expect((await client.get('/strange-read')).json).toEqual({
      values: STRANGE_KEYS.map((key) => (key === 'toString' ? { by: 'values' } : { of: key })),
      polluted: null,
      save: 'function',
    });
  });

  it('refuses what is written to the session itself, and says where to write', async () => {
    takeLogs();
    expect((await app.client().get('/stray')).status).toBe(500);
    expect(takeLogs().errors.join()).toMatch(/'user' was written to the session.*ss\.values\.user/);
  });

  it('shows nothing of itself in a response or a log', async () => {
    const { body } = await app.client().get('/returned');
    expect(body).not.toContain('hidden');
    expect(JSON.parse(body).ss).toEqual({});
  });

  it('refuses a symbol for a key', async () => {
    takeLogs();
    expect((await app.client().get('/symbol')).status).toBe(500);
    expect(takeLogs().errors.join()).toMatch(/values\[Symbol\(mine\)\] has a symbol for a key/);
  });

  describe('statement 45: that is too large', () => {
    it('is a 500, whose log lists the largest values, and the old one stays', async () => {
      const client = app.client();
      await client.get('/set?old=1');
      takeLogs();
      const answer = await client.get('/large?bytes=4000');
      expect(answer.status).toBe(500);
      expect(answer.setCookies).toEqual([]);
      expect(takeLogs().errors.join()).toMatch(
        /'sid' needs \d+ bytes .*4096 fit .*cart \(4002 bytes\), user \(202 bytes\), old \(3 bytes\), small/,
      );
      expect((await client.get('/read')).json.values).toEqual({ old: '1' });
    });

    it('fits to the last byte', async () => {
      const client = app.client();
      const fits = async (bytes: number) =>
        (await client.get(`/large?bytes=${bytes}`)).status === 200;
      let [least, most] = [1000, 4000];
      while (most - least > 1) {
        const middle = Math.floor((least + most) / 2);
        if (await fits(middle)) least = middle;
        else most = middle;
      }
      const fresh = app.client();
      const { setCookies } = await fresh.get(`/large?bytes=${least}`);
      if (!isInStore(place)) {
        const pair = setCookies[0].split(';')[0];
        expect(pair.length - 1).toBeGreaterThan(4093);
        expect(pair.length - 1).toBeLessThanOrEqual(4096);
      }
      expect((await fresh.get('/read')).json.values.cart).toHaveLength(least);
    });
  });
});
