import { Controller, Get, Query } from '@nestjs/common';
import { Session } from 'nestjs-typed-session';
import { closeApps, places, startApp, type TestApp } from './support/app.js';

/** What a key may hold already. */
const HELD: Record<string, unknown> = {
  undefined: undefined,
  zero: 0,
  negativeZero: -0,
  five: 5,
  null: null,
  notANumber: NaN,
  text: '5',
  bigint: 5n,
  list: [5],
};

@Controller()
class CountController {
  @Get('hold') hold(@Session() ss: Session) {
    Object.assign(ss.values, HELD);
  }
  @Get('increment') async increment(@Session() ss: Session, @Query('key') key: string) {
    try {
      return { sum: await ss.increment(key) };
    } catch (error) {
      return { refused: (error as { code: string }).code };
    }
  }
  @Get('live') async live(@Session() ss: Session<Record<'five' | 'new', number>>) {
    const { values } = ss;
    await ss.increment('five');
    await ss.increment('new', 3);
    return { five: values.five, new: values.new };
  }
}

describe.each(places)('increment() on %s', (place) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(place, { controllers: [CountController] });
  });
  afterAll(closeApps);

  it.each([
    ['nothing', 1],
    ['undefined', 1],
    ['zero', 1],
    ['negativeZero', 1],
    ['five', 6],
  ])('takes what a key holds: %s', async (key, sum) => {
    const client = app.client();
    await client.get('/hold');
    expect((await client.get(`/increment?key=${key}`)).json).toEqual({ sum });
  });

  it.each(['null', 'notANumber', 'text', 'bigint', 'list'])('refuses: %s', async (key) => {
    const client = app.client();
    await client.get('/hold');
    const { json } = await client.get(`/increment?key=${key}`);
    expect(json).toEqual({ refused: 'SESSION_UNSERIALIZABLE' });
  });

  it('shows the sum in the live values that the request holds already', async () => {
    const client = app.client();
    await client.get('/hold');
    expect((await client.get('/live')).json).toEqual({ five: 6, new: 3 });
  });
});
