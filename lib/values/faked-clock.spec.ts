import { jest } from '@jest/globals';
import { Type } from 'class-transformer';
import { isDeepStrictEqual } from 'node:util';
import { revive, serialize } from './serializer.js';
import { registerSessionTypes } from './type-registry.js';

const roundTrip = (value: unknown): any => revive(serialize(value, 'values.x'));

describe('a date under a faked clock', () => {
  const PlatformDate = Date;
  beforeEach(() => {
    jest.useFakeTimers({ now: 1000 });
  });
  afterEach(() => {
    jest.useRealTimers();
    globalThis.Date = PlatformDate;
  });

  it('is stored, and comes back as what the application makes there', () => {
    expect(Date).not.toBe(PlatformDate);
    expect(serialize(new Date(), 'values.x')).toBe('{"$date":1000}');
    const back = roundTrip(new Date(5));
    expect(back).toBeInstanceOf(Date);
    expect(back).toBeInstanceOf(PlatformDate);
    expect(back).toStrictEqual(new Date(5));
    expect(isDeepStrictEqual(back, new Date(5))).toBe(true);
    expect(roundTrip(new Date(NaN)).getTime()).toBeNaN();
  });

  it('is stored again after it was read', () => {
    const text = '[{"$date":5},{"$date":null}]';
    expect(serialize(revive(text), 'values.x')).toBe(text);
  });

  it('is stored on either side of the change of clocks', () => {
    const faked = new Date();
    expect(serialize(new PlatformDate(5), 'values.x')).toBe('{"$date":5}');
    expect(serialize(structuredClone(new PlatformDate(5)), 'values.x')).toBe('{"$date":5}');
    jest.useRealTimers();
    expect(serialize(faked, 'values.x')).toBe('{"$date":1000}');
  });

  it('is converted for a field that says so', () => {
    class Event {
      @Type(() => Date) at: unknown = '1970-01-01T00:00:00.005Z';
    }
    registerSessionTypes(Event);
    expect(serialize(new Event(), 'values.x')).toBe('{"@Event":{"at":{"$date":5}}}');
  });

  it('keeps its time where a mock of Date knows but one', () => {
    globalThis.Date = class extends PlatformDate {
      constructor() {
        super(7);
      }
    } as DateConstructor;
    expect(revive('{"$date":5}')).toEqual(new PlatformDate(5));
    globalThis.Date = (() => 7) as unknown as DateConstructor;
    expect(revive('{"$date":5}')).toEqual(new PlatformDate(5));
  });

  it('is refused all the same where it is of a class', () => {
    class Deadline extends Date {}
    class Birthday extends PlatformDate {}
    for (const date of [new Deadline(5), new Birthday(5)]) {
      expect(() => serialize(date, 'values.x')).toThrow(/which is not registered/);
    }
  });
});
