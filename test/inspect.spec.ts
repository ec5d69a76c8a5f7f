import { Controller, Get, Req, Res } from '@nestjs/common';
import { inspect } from 'node:util';
import { Session, SessionModule, SessionService } from 'nestjs-typed-session';
import { closeApps, places, startApp, type TestApp } from './support/app.js';
import { storeOf } from './support/stores.js';

const OLD = 'an old secret for tests of more than thirty-two bytes';
const NEW = 'the new secret for tests of more than thirty-two bytes';
const VALUE = 'what nobody but the visitor may know';

/** Every text that `util.inspect` could show of something without a limit of depth, each object once. */
function textsIn(root: unknown): string {
  const texts: string[] = [];
  const seen = new Set<unknown>();
  const queue = [root];
  for (let value = queue.pop(); queue.length > 0 || value !== undefined; value = queue.pop()) {
    if (typeof value === 'string') texts.push(value);
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) continue;
    if (seen.has(value)) continue;
    seen.add(value);
    if (ArrayBuffer.isView(value)) {
      texts.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1'));
      continue;
    }
    if (value instanceof Map) queue.push(...value.keys(), ...value.values());
    if (value instanceof Set) queue.push(...value);
    for (const key of Reflect.ownKeys(value)) {
      const { enumerable, value: property } = Object.getOwnPropertyDescriptor(value, key)!;
      if (enumerable === true)
        queue.push(typeof key === 'string' ? key : key.description, property);
    }
  }
  return texts.join('\n');
}

/** Not on the controller, which the application leads to. */
const observed = { shown: '', printed: '', id: '' };

@Controller()
class InspectController {
  constructor(private readonly sessions: SessionService) {}

  @Get('set') set(@Session() ss: Session) {
    ss.set('key', VALUE);
  }
  @Get('inspect') inspect(
    @Session() ss: Session,
    @Req() request: object,
    @Res() response: { send(body: string): void },
  ) {
    ss.get('key');
    observed.id = ss.id;
    observed.shown = [request, response, ss, this.sessions].map(textsIn).join('\n');
    observed.printed =
      inspect(ss, { depth: Infinity }) + inspect(this.sessions, { depth: Infinity });
    response.send('inspected');
  }
}

describe.each(places)('statement 2: util.inspect without a limit, on %s', (place) => {
  let app: TestApp;

  beforeAll(async () => {
    const store = await storeOf(place);
    const options = { secret: [NEW, OLD], name: 'sid', ...(store === undefined ? {} : { store }) };
    app = await startApp(place, {
      controllers: [InspectController],
      imports: [SessionModule.forRoot(options)],
    });
  });
  afterAll(closeApps);

  it('shows no secret, no id and no value of a request, a response, a session, a service', async () => {
    const client = app.client();
    await client.get('/set');
    for (let time = 0; time < 3; time++) await client.get('/inspect');
    const { shown, printed, id } = observed;
    for (const hidden of [NEW, OLD, VALUE, id, client.jar.get('sid')!]) {
      expect(printed).not.toContain(hidden);
    }
    expect(shown.length).toBeGreaterThan(10_000);
    expect([NEW, OLD, VALUE, id].filter((hidden) => shown.includes(hidden))).toEqual([]);
  });

  it('shows no secret, no id and no value of the application', async () => {
    const client = app.client();
    await client.get('/set');
    await client.get('/inspect');
    const shown = textsIn(app.app);
    expect(shown.length).toBeGreaterThan(10_000);
    expect(shown).toContain('InspectController');
    const { id } = observed;
    expect([NEW, OLD, VALUE, id].filter((hidden) => shown.includes(hidden))).toEqual([]);
  });
});
