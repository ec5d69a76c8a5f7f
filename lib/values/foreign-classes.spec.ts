import { Decimal } from 'decimal.js';
import { DateTime } from 'luxon';
import { randomUUID } from 'node:crypto';
import { revive, serialize, UNKNOWN } from './serializer.js';
import { registerSessionType } from './type-registry.js';

/** A class that needs its constructor, and has no field that one could see. */
class Uuid {
  readonly #text: string;

  constructor(text: string) {
    if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(text)) throw new TypeError('No UUID');
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

registerSessionType(Decimal, {
  name: 'decimal',
  serialize: (value) => value.toString(),
  revive: (text: string) => new Decimal(text),
});
registerSessionType(DateTime, {
  name: 'luxon',
  serialize: (value) => [value.toMillis(), value.zoneName, value.locale] as const,
  revive: ([millis, zone, locale]) =>
    DateTime.fromMillis(millis, { zone: zone ?? 'utc', locale: locale ?? 'en' }),
});
registerSessionType(Uuid, {
  name: 'uuid',
  serialize: (value) => value.toString(),
  revive: (text: string) => new Uuid(text),
});

const roundTrip = (value: unknown): any => revive(serialize(value, 'values.x'));

describe('a class of another library', () => {
  it.each(['0', '0.1', '-1e-400', '123456789012345678901234567890.5', 'Infinity', 'NaN', '-0'])(
    'comes back by the form that one gives it: the decimal %s',
    (text) => {
      const value = new Decimal(text);
      const [back] = roundTrip([value]) as [Decimal];
      expect(back).toBeInstanceOf(Decimal);
      expect(back.toString()).toBe(value.toString());
      expect(back.plus(1).toString()).toBe(value.plus(1).toString());
    },
  );

  it.each(['Europe/Berlin', 'UTC', 'UTC+3', 'America/St_Johns'])(
    'comes back by the form that one gives it: a time in %s',
    (zone) => {
      const value = DateTime.fromISO('2026-03-29T01:30:00.123', { zone, locale: 'de' });
      const { at } = roundTrip({ at: value }) as { at: DateTime };
      expect(at).toBeInstanceOf(DateTime);
      expect(at.equals(value)).toBe(true);
      expect(at.plus({ hours: 1 }).toISO()).toBe(value.plus({ hours: 1 }).toISO());
    },
  );

  it('comes back by the form that one gives it: a UUID', () => {
    const value = new Uuid(randomUUID());
    const back = roundTrip(new Map([[value, 1]])) as Map<Uuid, number>;
    expect([...back.keys()][0]).toBeInstanceOf(Uuid);
    expect(String([...back.keys()][0])).toBe(String(value));
    expect(serialize(value, 'values.x')).toBe(`{"@uuid":"${value.toString()}"}`);
  });

  it('keeps what its constructor no longer takes', () => {
    expect(revive('{"@uuid":"none"}')).toBe(UNKNOWN);
    expect(serialize(revive('[{"@uuid":"none"}]'), 'values.x')).toBe('[{"@uuid":"none"}]');
  });

  it('cannot be stored before somebody says how', () => {
    class Hidden {
      #n = 1;
      get n(): number {
        return this.#n;
      }
    }
    expect(() => serialize({ hidden: new Hidden() }, 'values.x')).toThrow(
      /^values\.x\.hidden is an instance of Hidden.*registerSessionType\(Hidden, \{ serialize, revive \}\)/,
    );
  });
});
