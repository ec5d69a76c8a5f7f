/**
 * Sessions as released versions have stored them, kept as data. Each is read for ever after, and what
 * is only read is written back byte for byte. A file is never changed once its version is out: a new
 * release adds its own.
 */
import { Type } from 'class-transformer';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import {
  MemorySessionStore,
  registerSessionType,
  registerSessionTypes,
  type StoredSession,
} from 'nestjs-typed-session';
import { Keyring } from '../lib/seal/keyring.js';
import { formatRecord, parseRecord } from '../lib/session/session-record.js';
import { SessionValues } from '../lib/session/session-values.js';
import type { ValueFault } from '../lib/values/faults.js';
import { DEFAULT_RULES } from '../lib/values/value-rules.js';
import { closeApps, startApp } from './support/app.js';

interface StoredForm {
  secret: string;
  name: string;
  /** The value of the cookie. It expires in the year 2100. */
  cookie: string;
  /** What is inside, by lines. */
  record: string[];
  /** The same in a store, where a cookie leads to it. */
  inStore: { cookie: string; key: string; entry: StoredSession };
}

class StoredAddress {
  city = '';
}
class StoredUser {
  name = '';
  born?: Date;
  @Type(() => StoredAddress) address?: StoredAddress;
  @Type(() => StoredAddress) former: StoredAddress[] = [];
}
class StoredMoney {
  readonly #cents: bigint;
  constructor(cents: bigint) {
    this.#cents = cents;
  }
  get cents(): bigint {
    return this.#cents;
  }
}
class StoredCart {
  lines: string[] = [];
}
registerSessionTypes(StoredUser);
registerSessionType(StoredMoney, {
  name: 'stored money',
  serialize: ({ cents }) => cents,
  revive: (cents: bigint) => new StoredMoney(cents),
});
registerSessionType(StoredCart, {
  name: 'stored cart',
  version: 2,
  upgrade: { 1: ({ items }) => ({ lines: items }) },
});

const address = (city: string) => Object.assign(new StoredAddress(), { city });

/** What the sessions of each release hold. */
const EXPECTED: Record<string, () => Record<string, unknown>> = {
  '0.1.0': () => ({
    text: 'ä€😀 "quoted"\n',
    numbers: [0, -0, 1.5, 1e300, NaN, Infinity, -Infinity],
    others: [true, null, undefined, 5n],
    times: [new Date(1767225600000), new Date(NaN)],
    map: new Map<unknown, unknown>([[{ a: 1 }, new Set([1, 'a'])]]),
    url: new URL('https://example.com/a?b=c#d'),
    bytes: [Buffer.from('hi'), new Uint8Array([1, 2]), new Float64Array([Math.PI])],
    bare: Object.assign(Object.create(null), { a: 1 }),
    tags: [{ $date: 5 }, { '@StoredUser': {} }, { $: { $: 1 } }, { $a: 1, b: 2 }],
    user: Object.assign(new StoredUser(), {
      name: 'Ann',
      born: new Date(0),
      address: address('Paris'),
      former: [address('Rome'), address('Ulm')],
    }),
    price: [new StoredMoney(1250n)],
    cart: Object.assign(new StoredCart(), { lines: ['pen'] }),
    oldCart: Object.assign(new StoredCart(), { lines: ['ink'] }),
    later: [1, undefined, 3],
    'a key: "with" __proto__': 1,
    _flash: ['welcome!'],
  }),
};

const read = (release: string): StoredForm =>
  JSON.parse(readFileSync(new URL(`stored-forms/${release}.json`, import.meta.url), 'utf8'));

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string };

describe('a stored session of every release', () => {
  it('is kept', () => {
    const files = readdirSync(new URL('stored-forms', import.meta.url));
    expect(files.map((file) => file.replace('.json', '')).toSorted()).toEqual(
      Object.keys(EXPECTED).toSorted(),
    );
    expect(existsSync(new URL(`stored-forms/${version}.json`, import.meta.url))).toBe(true);
  });
});

describe.each(Object.keys(EXPECTED))('a session that %s stored', (release) => {
  afterEach(closeApps);
  const stored = read(release);
  const expected = EXPECTED[release]();

  const { secret, name, inStore } = stored;

  const inCookie = async () => {
    const { sessions } = await startApp('Express', { session: { secret, name } });
    return sessions.unseal(stored.cookie);
  };
  const fromStore = async () => {
    const store = new MemorySessionStore();
    await store.write(inStore.key, inStore.entry, undefined);
    const { sessions } = await startApp('Express', { session: { secret, name, store } });
    return sessions.read(inStore.cookie);
  };

  it.each([
    ['its cookie', inCookie],
    ['a store', fromStore],
  ])('opens, with the values that it had: from %s', async (_, open) => {
    const values = (await open())!;
    expect(Object.keys(values)).toEqual(Object.keys(expected));
    for (const [key, value] of Object.entries(values)) {
      expect([key, inspect(value, { depth: null })]).toEqual([
        key,
        inspect(expected[key], { depth: null }),
      ]);
    }
    expect((values.price as StoredMoney[])[0].cents).toBe(1250n);
  });

  it('has the record that it says', () => {
    const keyring = new Keyring([stored.secret], `session\0${stored.name}`);
    const text = stored.record.join('\n');
    expect(keyring.open(stored.cookie)).toMatchObject({ text });
    expect(formatRecord(parseRecord(text)!)).toBe(text);
  });

  it('has the same record in a store, with the key in the place of the id', () => {
    const keyring = new Keyring([secret], `session record\0${name}`);
    const [head, ...lines] = stored.record;
    const text = [head.replace(/"[^"]*"/, `"${inStore.key}"`), ...lines].join('\n');
    expect(keyring.open(inStore.entry.text)).toMatchObject({ text });
  });

  it('is written back byte for byte where it is only read', () => {
    const { texts } = parseRecord(stored.record.join('\n'))!;
    const faults: ValueFault[] = [];
    const values = new SessionValues(texts, DEFAULT_RULES, (fault) => faults.push(fault));
    expect(Object.keys(values.all())).toEqual(Object.keys(expected));
    expect([...values.textsNow(false)]).toEqual([...texts]);
    expect(faults).toMatchObject([{ path: 'values.later[1]', outcome: 'kept' }]);
  });
});
