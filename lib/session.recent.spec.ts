import { Recent } from './session.recent.js';

describe('what is remembered', () => {
  it('is so much and no more, the oldest gone first', () => {
    const recent = new Recent<number>(3);
    for (const key of ['a', 'b', 'c', 'd']) expect(recent.set(key, key.length)).toBe(1);
    expect(['a', 'b', 'c', 'd'].map((key) => recent.get(key))).toEqual([undefined, 1, 1, 1]);
  });
});
