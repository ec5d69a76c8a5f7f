import { plainErrorOf } from './plain-error.js';

describe('the status of a plain error', () => {
  it.each([400, 418, 499, 503, 599])('is that of the error: %i', (statusCode) => {
    expect(plainErrorOf({ statusCode }).statusCode).toBe(statusCode);
  });

  it.each([0, 99, 200, 204, 304, 399, 600, 1000, -1, 400.5, NaN, '404', 'text', null, undefined])(
    'is 500 where the error brings no status of an error: %p',
    (statusCode) => {
      const plain = { statusCode: 500, message: 'Internal server error' };
      expect(plainErrorOf(Object.assign(new Error('failed'), { statusCode }))).toEqual(plain);
    },
  );

  it.each([[null], [undefined], ['text'], [404]])('is 500 where %p was thrown', (thrown) => {
    expect(plainErrorOf(thrown).statusCode).toBe(500);
  });
});
