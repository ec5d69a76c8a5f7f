import { Recent, Recurring } from './recent.js';

describe('what is remembered', () => {
  const keys = Array.from({ length: 100 }, (_, i) => `key${i}`);
  const known = (recent: Recent<string>) => keys.filter((key) => recent.get(key) !== undefined);

  it('is no more than so much, and the latest half of it at least', () => {
    const recent = new Recent<string>(10);
    for (const key of keys) expect(recent.set(key, `of ${key}`)).toBe(`of ${key}`);
    const remembered = known(recent);
    expect(remembered.length).toBeLessThanOrEqual(10);
    expect(remembered.slice(-5)).toEqual(keys.slice(-5));
  });

  it('is what is asked for again and again', () => {
    const recent = new Recent<string>(10);
    recent.set('asked for', 'value');
    for (const key of keys) {
      recent.set(key, 'other');
      expect(recent.get('asked for')).toBe('value');
    }
  });

  it('is what was said of it last', () => {
    const recent = new Recent<string>(10);
    for (const value of ['first', 'last']) recent.set('key', value);
    for (const key of keys.slice(0, 4)) recent.set(key, 'other');
    expect(recent.get('key')).toBe('last');
  });
});

describe('what recurs', () => {
  it('is remembered from the second time on, and made no sooner', () => {
    const recurring = new Recurring<string>(10);
    const made: string[] = [];
    const see = (key: string) =>
      recurring.see(key, () => {
        made.push(key);
        return `of ${key}`;
      });
    see('a');
    see('b');
    expect([made, recurring.get('a')]).toEqual([[], undefined]);
    see('a');
    expect([made, recurring.get('a'), recurring.get('b')]).toEqual([['a'], 'of a', undefined]);
  });

  it('is not what comes again after many others', () => {
    const recurring = new Recurring<string>(10);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 20; i++) recurring.see(`key${i}`, () => 'value');
    }
    for (let i = 0; i < 20; i++) expect(recurring.get(`key${i}`)).toBeUndefined();
  });
});
