import { Controller, Get, HttpCode, Res } from '@nestjs/common';
import { Flashes, Session, SessionValue } from 'nestjs-typed-session';
import { places, closeApps, startApp, takeLogs, type TestApp } from './support/app.js';

@Controller()
class FlashController {
  @Get('add') add(@Session() ss: Session) {
    ss.addFlash('welcome!');
    ss.addFlash('peter', 'username_flash');
    return ss.values;
  }
  @Get('add-rich') addRich(@Session() ss: Session) {
    ss.addFlash({ text: 'saved', at: new Date(0) });
    ss.addFlash(['a', 'list']);
  }
  @Get('rich') rich(@Session() ss: Session) {
    const [first, second] = ss.flashes();
    return { isDate: (first as { at: Date }).at instanceof Date, second };
  }
  @Get('show') show(@Session() ss: Session) {
    return { flashes: ss.flashes(), user: ss.flashes('username_flash'), none: ss.flashes('none') };
  }
  @Get('decorated') decorated(
    @Flashes() flashes: string[],
    @Flashes('username_flash') user: string[],
    @SessionValue('kept') kept: string | undefined,
  ) {
    return { flashes, user, kept: kept ?? null };
  }
  @Get('peek') peek(@Session() ss: Session) {
    return ss.peekFlashes();
  }
  @Get('keep') keep(@Session() ss: Session) {
    const shown = { flashes: ss.flashes(), user: ss.flashes('username_flash') };
    ss.keepFlashes();
    return shown;
  }
  @Get('keep-one') keepOne(@Session() ss: Session) {
    ss.keepFlashes('username_flash');
    ss.flashes();
    ss.flashes('username_flash');
  }
  @Get('keep-and-add') keepAndAdd(@Session() ss: Session) {
    ss.flashes();
    ss.addFlash('second');
    ss.keepFlashes();
  }
  @Get('not-modified') @HttpCode(304) notModified(@Session() ss: Session) {
    ss.flashes();
  }
  @Get('etag') etag(@Session() ss: Session, @Res({ passthrough: true }) res: any) {
    ss.flashes();
    res.header('etag', '"tag"');
    if (res.code) res.code(304);
    return 'same';
  }
  @Get('show-twice') showTwice(@Session() ss: Session) {
    return [ss.flashes(), ss.flashes()];
  }
  @Get('clash') clash(@Session() ss: Session) {
    ss.set('user', { name: 'peter' });
    ss.addFlash('no', 'user');
  }
  @Get('clear') clear(@Session() ss: Session) {
    ss.flashes();
    ss.clear();
  }
  @Get('delete') delete(@Session() ss: Session) {
    ss.flashes();
    ss.delete('_flash');
  }
  @Get('read-clash') readClash(@Session() ss: Session) {
    ss.set('user', 'no list');
    return ss.flashes('user');
  }
}

describe.each(places)('flashes on %s', (place) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(place, { controllers: [FlashController] });
  });
  afterAll(closeApps);

  const added = async () => {
    const client = app.client();
    await client.get('/add');
    return client;
  };
  const SHOWN = { flashes: ['welcome!'], user: ['peter'], none: [] };
  const GONE = { flashes: [], user: [], none: [] };

  it('lie among the values under their key, as in Leapkit', async () => {
    expect((await app.client().get('/add')).json).toEqual({
      _flash: ['welcome!'],
      username_flash: ['peter'],
    });
  });

  it('are shown once', async () => {
    const client = await added();
    expect((await client.get('/show')).json).toEqual(SHOWN);
    expect((await client.get('/show')).json).toEqual(GONE);
    expect(await app.sessions.read(client.jar.get('sid')!)).toEqual({});
  });

  it('are shown once within a request', async () => {
    expect((await (await added()).get('/show-twice')).json).toEqual([['welcome!'], []]);
  });

  it('come in by the decorator too, and are gone then', async () => {
    const client = await added();
    const answer = await client.get('/decorated');
    expect(answer.json).toEqual({ flashes: ['welcome!'], user: ['peter'], kept: null });
    expect((await client.get('/show')).json).toEqual(GONE);
  });

  it('add up until they are shown', async () => {
    const client = await added();
    await client.get('/add');
    expect((await client.get('/show')).json.flashes).toEqual(['welcome!', 'welcome!']);
  });

  it('may be of any storable type', async () => {
    const client = app.client();
    await client.get('/add-rich');
    expect((await client.get('/rich')).json).toEqual({ isDate: true, second: ['a', 'list'] });
  });

  it('stay where they were only peeked at', async () => {
    const client = await added();
    const answer = await client.get('/peek');
    expect(answer.json).toEqual(['welcome!']);
    expect(answer.setCookies).toEqual([]);
    expect((await client.get('/show')).json).toEqual(SHOWN);
  });

  it('stay for one more request where they are kept', async () => {
    const client = await added();
    const kept = await client.get('/keep');
    expect(kept.json).toEqual({ flashes: ['welcome!'], user: ['peter'] });
    expect(kept.setCookies).toEqual([]);
    expect((await client.get('/show')).json).toEqual(SHOWN);
    expect((await client.get('/show')).json).toEqual(GONE);
  });

  it('stay by key', async () => {
    const client = await added();
    await client.get('/keep-one');
    expect((await client.get('/show')).json).toEqual({ ...SHOWN, flashes: [] });
  });

  it('come back before those that were added since', async () => {
    const client = await added();
    await client.get('/keep-and-add');
    expect((await client.get('/show')).json.flashes).toEqual(['welcome!', 'second']);
  });

  it.each([
    ['a HEAD', 'HEAD', '/show', {}],
    ['a 304', 'GET', '/not-modified', {}],
    ['a 304 that the adapter finds', 'GET', '/etag', { 'if-none-match': '"tag"' }],
    ['a prefetch', 'GET', '/show', { 'sec-purpose': 'prefetch' }],
    ['a prerendering', 'GET', '/show', { 'sec-purpose': 'prefetch;prerender' }],
    ['a prefetch of Safari', 'GET', '/show', { purpose: 'prefetch' }],
  ])('statement 56: are not eaten by %s', async (_, method, path, headers) => {
    const client = await added();
    const answer = await client.send(method, path, headers);
    expect(answer.setCookies).toEqual([]);
    if (path !== '/show') expect(answer.status).toBe(304);
    expect((await client.get('/show')).json).toEqual(SHOWN);
  });

  it.each(['HEAD', 'GET'])('keep what this build cannot read, on %s', async (method) => {
    const client = app.client();
    const carrier = (app.sessions as any).backends.default;
    // As another build stored it: an object of one key that begins with @ is a class.
    const text = '["first",{"@nope":{"a":1}}]';
    client.jar.set('sid', await carrier.begin(new Map([['_flash', text]])));
    const path = method === 'HEAD' ? '/show' : '/keep-and-add';
    const answer = await client.send(method, path);
    if (method === 'HEAD') expect(answer.setCookies).toEqual([]);
    const after = (await carrier.openKnown(client.jar.get('sid'))).texts.get('_flash');
    expect(after).toBe(method === 'HEAD' ? text : text.replace(']', ',"second"]'));
  });

  it('stay away where the application cleared the session or the key', async () => {
    for (const path of ['/clear', '/delete']) {
      const client = await added();
      await client.send('HEAD', path);
      expect(await app.sessions.read(client.jar.get('sid')!)).not.toHaveProperty('_flash');
    }
  });

  it('refuse a key that holds something else, clearly', async () => {
    takeLogs();
    expect((await app.client().get('/clash')).status).toBe(500);
    expect(takeLogs().errors.join()).toMatch(
      /values\.user holds something that is no list of flashes/,
    );
  });

  it('are none where the key holds something else', async () => {
    expect((await app.client().get('/read-clash')).json).toEqual([]);
  });
});
