/**
 * Whatever lies behind a valid seal (an older build, a newer one, a damaged disk, another program that
 * holds the secret) is read without an exception that is not ours, and without running code that no
 * registered class asked for.
 */
import { Transform, Type } from 'class-transformer';
import fc from 'fast-check';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import {
  registerSessionType,
  registerSessionTypes,
  SessionError,
  type SessionService,
} from 'nestjs-typed-session';
import { z } from 'zod';
import { Keyring } from '../lib/seal/keyring.js';
import { closeApps, SECRET, startApp, takeLogs } from './support/app.js';

/** Code that ran and should not have. */
const ran: string[] = [];

class Plain {
  a: unknown = 1;
  @Type(() => Plain) inner?: Plain;
  @Type(() => Date) at?: Date;
  method(): void {
    ran.push('a method');
  }
  get computed(): number {
    ran.push('a getter');
    return 1;
  }
  set computed(value: number) {
    ran.push(`a setter, with ${value}`);
  }
  toJSON(): unknown {
    ran.push('toJSON');
    return {};
  }
  static create(): void {
    ran.push('a static method');
  }
}
class Transformed {
  @Transform(({ value, obj }) => (obj === null ? null : (value as unknown))) a: unknown = 1;
  b: unknown = 2;
}
class Formed {
  constructor(readonly content: unknown) {}
}
class Versioned {
  n: unknown = 1;
}
class Checked {
  n: unknown = 1;
}
class Thrown {
  n: unknown = 1;
}
registerSessionTypes(Plain);
registerSessionType(Transformed, { name: 'transformed' });
registerSessionType(Formed, {
  name: 'formed',
  serialize: ({ content }) => content,
  revive: (content) => new Formed(content),
});
registerSessionType(Versioned, {
  name: 'versioned',
  version: 3,
  from: ['was'],
  upgrade: { 1: (old) => ({ m: old.n.deep ?? old }), 2: ({ m }) => ({ n: m }) },
});
const schema = z.object({ n: z.number().positive() });
registerSessionType(Checked, { name: 'checked', schema });
registerSessionType(Thrown, { name: 'thrown', schema, onInvalid: 'throw' });

/** No type of a session: nothing may make one. */
class Unregistered {
  a = 1;

  constructor() {
    ran.push('a constructor of an unregistered class');
  }
}
void Unregistered;

const words = (text: string): string[] => text.split(' ');

const NAMES = words(
  '__proto__ constructor prototype toString valueOf toJSON then length ' +
    'hasOwnProperty computed method create inner at a n 0 -1',
).concat('');
const PLATFORM = words(
  '$ $date $map $set $bigint $buffer $bytes $url $undefined $number $null $later ' +
    '$__proto__ $constructor',
);
const CLASSES = words(
  '@Plain @transformed @formed @versioned @versioned@2 @versioned@3 @checked ' +
    '@versioned@4 @versioned@1 @versioned@99999999999999999999 @was @was@2 @thrown ' +
    '@Unregistered @Object @Function @__proto__ @constructor @ @@2',
);
const key = fc.oneof(fc.constantFrom(...NAMES, ...PLATFORM, ...CLASSES), fc.string());

/** Numbers as JSON may spell them, and no program here would. */
const numberText = fc.constantFrom(
  ...words('0 -0 1e999 -1e999 1E-999 0.1e1 123456789012345678901234567890 8.64e15 1.5 -1'),
  ...words('8640000000000001 4294967295 4294967296 9007199254740993'),
);
const stringText = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(...NAMES, ...words('AA== AQID Uint8Array BigInt64Array NaN -0 a:b')),
    fc.constant('9'.repeat(400)),
  )
  .map((text) => JSON.stringify(text));

const listText = (items: string[]): string => `[${items.join(',')}]`;
const fieldText = ([name, value]: [string, string]): string => `${JSON.stringify(name)}:${value}`;
const objectText = (fields: [string, string][]): string => `{${fields.map(fieldText).join(',')}}`;

/** JSON in whatever spelling, tags everywhere: equal keys, white space, lists where objects belong. */
const { node } = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5 },
    numberText,
    stringText,
    fc.constantFrom('true', 'false', 'null', '{}', '[]', '{"$undefined":0}', '{"$date":5}'),
    fc.array(tie('node'), { maxLength: 4 }).map(listText),
    fc.tuple(tie('node'), tie('node')).map((pair) => listText([listText(pair)])),
    fc.array(fc.tuple(key, tie('node')), { maxLength: 4 }).map(objectText),
    fc
      .tuple(fc.constantFrom(...PLATFORM, ...CLASSES), tie('node'))
      .map((field) => objectText([field])),
    tie('node').map((text) => ` ${text} `),
    fc
      .tuple(fc.constantFrom('[', '{"a":', '{"$set":[', '{"@formed":'), fc.integer({ max: 2000 }))
      .map(([opener, count]) => opener.repeat(Math.max(count, 0))),
  ),
}));

/** A record: lines that are sound, and lines that are not. */
const recordText = fc
  .array(
    fc.oneof(
      { weight: 9, arbitrary: fc.tuple(key, node).map(fieldText) },
      {
        weight: 1,
        arbitrary: fc.oneof(fc.string(), fc.constantFrom('"', '":', '"a', '"a"1', '\\')),
      },
    ),
    { maxLength: 5 },
  )
  .map((lines) => lines.join('\n'));

const PLATFORM_CLASSES = [Object, Array, Map, Set, Date, Function, String, Number, Buffer, URL];
const OWN_CLASSES = [Plain, Transformed, Formed, Versioned, Checked, Thrown, Unregistered];
/** All that hangs on classes and prototypes, to be the very same afterwards. */
const surroundings = (): unknown[] =>
  [...PLATFORM_CLASSES, ...OWN_CLASSES]
    .flatMap((cls) => [cls, cls.prototype as object])
    .flatMap((owner) => [
      Object.getPrototypeOf(owner) as unknown,
      ...Reflect.ownKeys(owner).flatMap((name) => {
        const { value, get, set } = Object.getOwnPropertyDescriptor(owner, name)!;
        return [name, value as unknown, get, set];
      }),
    ]);

describe('whatever lies behind a valid seal', () => {
  const keyring = new Keyring([SECRET], 'session\0sid');
  const now = Date.now();
  const head = `["${'x'.repeat(24)}",${now},${now},${now + 3_600_000}]`;
  let sessions: SessionService;
  beforeAll(async () => {
    ({ sessions } = await startApp('Express', { session: { maxCookieBytes: 1_000_000 } }));
  });
  afterEach(() => {
    takeLogs();
    ran.length = 0;
  });
  afterAll(closeApps);

  /** What throws must be ours. */
  async function attempt<T>(action: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      expect(error).toBeInstanceOf(SessionError);
      return undefined;
    }
  }

  async function openedWith(text: string) {
    const request = new IncomingMessage(new Socket());
    request.headers.cookie = `sid=${keyring.seal(text)}`;
    return sessions.get<Record<string, unknown>>(request, new ServerResponse(request));
  }

  it('opens, is read and is written again, with no exception but ours', async () => {
    const before = surroundings();
    await fc.assert(
      fc.asyncProperty(recordText, async (lines) => {
        const text = `${head}\n${lines}`;
        await attempt(() => sessions.unseal(keyring.seal(text)));
        const ss = await openedWith(text);
        await attempt(() => Object.keys(ss.values));
        for (const name of NAMES) {
          await attempt(() => ss.get(name));
          await attempt(() => ss.has(name));
          await attempt(() => ss.flashes(name));
        }
        ss.set('changed', true);
        await attempt(() => ss.save());
        await attempt(() => ss.delete('a'));
        ss.clear();
        await ss.save();
        expect(ran).toEqual([]);
        expect(Object.keys({})).toEqual([]);
      }),
      { numRuns: 600 },
    );
    const after = surroundings();
    expect(after).toHaveLength(before.length);
    expect(after.findIndex((one, i) => !Object.is(one, before[i]))).toBe(-1);
  });

  it('stays as it is, byte for byte, where nothing of it is looked at', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(key, node), { maxLength: 4 }), async (fields) => {
        const unique = [...new Map(fields)].filter(([name]) => name !== 'changed');
        const lines = unique.map(fieldText);
        const request = new IncomingMessage(new Socket());
        request.headers.cookie = `sid=${keyring.seal([head, ...lines].join('\n'))}`;
        const response = new ServerResponse(request);
        const ss = await sessions.get<Record<string, unknown>>(request, response);
        ss.set('changed', true);
        response.writeHead(200);
        const cookie = String(response.getHeader('set-cookie'));
        const opened = keyring.open(/sid=([^;]+)/.exec(cookie)![1]) as { text: string };
        expect(opened.text.split('\n').slice(1)).toEqual([...lines, '"changed":true']);
      }),
      { numRuns: 200 },
    );
  });

  it('is a new session where the first line is none of ours', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(node, fc.string()), async (first) => {
        const ss = await openedWith(`${first}\n"a":1`);
        expect(ss.isNew).toBe(true);
        expect(ss.get('a')).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });
});
