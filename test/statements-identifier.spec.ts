import { Body, Controller, Get, Post, Redirect, Res } from '@nestjs/common';
import { request } from 'node:http';
import { inflateRawSync, gunzipSync, inflateSync } from 'node:zlib';
import { Session } from 'nestjs-typed-session';
import { closeApps, isInStore, places, startApp, takeLogs, type TestApp } from './support/app.js';

const VALUE = 'what nobody but the visitor may know';

@Controller()
class IdentifierController {
  @Get('set') set(@Session() ss: Session) {
    ss.set('key', VALUE);
    return 'set';
  }
  @Get('id') id(@Session() ss: Session) {
    return { id: ss.id, key: ss.get('key') ?? null };
  }
  @Post('form') form(@Session() ss: Session, @Body() body: Record<string, string>) {
    return { key: ss.get('key') ?? null, isNew: ss.isNew, fields: Object.keys(body) };
  }
  @Get('away') @Redirect('/elsewhere') away(@Session() ss: Session) {
    ss.set('away', 'yes');
  }
  @Get('fail') fail(@Session() ss: Session) {
    ss.set('key', VALUE);
    throw new Error('This one is meant.');
  }
  @Get('bad') bad(@Session() ss: Session) {
    ss.set('bad', () => VALUE);
  }
  @Get('write') write(@Session() ss: Session) {
    ss.set('written', 'yes');
    return { id: ss.id };
  }
  @Get('own') own(@Session() ss: Session, @Res() res: { send(body: string): void }) {
    ss.set('own', 'yes');
    res.send('own');
  }
}

/** Sends a form, or whatever else has a body. */
function send(url: string, headers: Record<string, string>, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(text));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe.each(places)('on %s', (place) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(place, { controllers: [IdentifierController] });
  });
  afterAll(closeApps);

  describe('statement 2: the id, the seal and the values', () => {
    it('are in no body, no Location, no log and no error page', async () => {
      const client = app.client();
      await client.get('/set');
      const { id } = (await client.get('/id')).json as { id: string };
      takeLogs();
      for (const path of ['/set', '/away', '/fail', '/bad', '/own', '/nowhere', '/%00', '/id/x']) {
        const { body, headers } = await client.get(path);
        const shown = [body, headers.location ?? ''].join();
        for (const hidden of [id, client.jar.get('sid')!, VALUE])
          expect(shown).not.toContain(hidden);
      }
      const { errors, warnings } = takeLogs();
      expect(errors.length).toBeGreaterThan(0);
      const logged = [...errors, ...warnings].join();
      for (const hidden of [id, client.jar.get('sid')!, VALUE])
        expect(logged).not.toContain(hidden);
    });
  });

  describe('statement 3: a session id in a form field', () => {
    it('is ignored, and so it is in JSON and in the query', async () => {
      const token = await app.sessions.begin({ key: VALUE });
      const json = await send(
        `${app.url}/form?sid=${token}`,
        { 'content-type': 'application/json' },
        JSON.stringify({ sid: token }),
      );
      expect(JSON.parse(json)).toEqual({ key: null, isNew: true, fields: ['sid'] });
      if (!place.startsWith('Express')) return;
      const type = 'application/x-www-form-urlencoded';
      const form = await send(`${app.url}/form`, { 'content-type': type }, `sid=${token}`);
      expect(JSON.parse(form)).toEqual({ key: null, isNew: true, fields: ['sid'] });
    });
  });

  describe('statement 4: an id that the server did not issue', () => {
    it('is not the id of the next write', async () => {
      const planted = Buffer.alloc(isInStore(place) ? 32 : 18, 'planted').toString('base64url');
      const client = app.client();
      const answer = await client.get('/write', { cookie: `sid=${planted}` });
      expect(answer.status).toBe(200);
      const { id } = answer.json as { id: string };
      expect(id).toHaveLength(planted.length);
      expect(id).not.toBe(planted);
      expect(client.jar.get('sid')).not.toContain(planted);
    });
  });

  describe('statement 7: a cookie of nonsense', () => {
    it.each<[string, (token: string) => string]>([
      ['is cut', (t) => t.slice(0, t.length / 2)],
      ['is doubled', (t) => t + t],
      ['is damaged at its end', (t) => `${t.slice(0, -4)}AAAA`],
      ['is of another version', (t) => `2${t.slice(1)}`],
      ['is 100 kB long', (t) => t + 'A'.repeat(100_000)],
      ['is 100 kB of nonsense', () => '%'.repeat(100_000)],
    ])(
      'is an empty session and no 5xx, also where it comes a hundred times: it %s',
      async (_, bad) => {
        const token = await app.sessions.begin({ key: VALUE });
        for (const times of [1, 100]) {
          const cookie = Array.from({ length: times }, () => `sid=${bad(token)}`).join('; ');
          // Node refuses headers of more than 16 KB before they come here.
          const ss = await app.sessions.get({ headers: { cookie } });
          expect([ss.isNew, ss.get('key')]).toEqual([true, undefined]);
        }
      },
    );
  });

  describe('statement 8: the value of the cookie', () => {
    it('holds no stored value, however it is decoded and unpacked', async () => {
      const token = await app.sessions.begin({ key: VALUE, more: VALUE.repeat(10) });
      const decoded = (['latin1', 'base64', 'base64url', 'hex'] as const).map((encoding) =>
        Buffer.from(token.slice(4), encoding),
      );
      for (const bytes of decoded) {
        expect(bytes.includes(VALUE)).toBe(false);
        for (const unpack of [gunzipSync, inflateSync, inflateRawSync]) {
          for (let from = 0; from < Math.min(64, bytes.length); from++) {
            expect(textOrNothing(() => unpack(bytes.subarray(from)))).not.toContain(VALUE);
          }
        }
      }
    });
  });
});

function textOrNothing(unpack: () => Buffer): string {
  try {
    return unpack().toString('latin1');
  } catch {
    return '';
  }
}
