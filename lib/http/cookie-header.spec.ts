import { jest } from '@jest/globals';
import fc from 'fast-check';
import { cookieValues } from './cookie-header.js';

/** How many characters a text is searched through while something runs. */
function charactersSearched(run: () => unknown): number {
  let searched = 0;
  const { indexOf } = String.prototype;
  const counting = function (this: string, ...args: [string, number?]) {
    const found = indexOf.apply(this, args);
    searched += (found === -1 ? this.length : found + args[0].length) - (args[1] ?? 0);
    return found;
  };
  const searching = jest.spyOn(String.prototype, 'indexOf').mockImplementation(counting);
  try {
    run();
  } finally {
    searching.mockRestore();
  }
  return searched;
}

describe('the values of a cookie', () => {
  it('are found in their order, and only where a pair begins', () => {
    const header = 'a=1; sid=first;sid= second ; xsid=no; b=sid=no;\tsid=third=x; sid=';
    expect(cookieValues(header, 'sid')).toEqual(['first', 'second', 'third=x', '']);
  });

  it('are those that a split of the header finds', () => {
    const pieces = fc.constantFrom('sid', '=', ';', ' ', '\t', 'x', 'sid=v');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (list) => {
        const header = list.join('');
        const expected = header
          .split(';')
          .map((pair) => pair.trim())
          .filter((pair) => pair.startsWith('sid='))
          .map((pair) => pair.slice('sid='.length).trim());
        expect(cookieValues(header, 'sid')).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it.each<[string, string]>([
    ['its name over and over', 'sid='],
    ['its name behind others', 'xsid='],
    ['many of its name', 'sid=;'],
    ['many of its name, behind white space', 'sid=v;          '],
    ['half of its name', 'si'],
  ])('are searched for once through the header that repeats %s', (_what, piece) => {
    const header = piece.repeat(Math.ceil(1_000_000 / piece.length));
    const searched = charactersSearched(() => cookieValues(header, 'sid'));
    expect(searched).toBeGreaterThanOrEqual(header.length - 'sid='.length);
    expect(searched).toBeLessThanOrEqual(2 * header.length);
  });
});
