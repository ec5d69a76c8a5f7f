/** What a test of an application does to its modules: they are evaluated again, in one realm. */
import { jest } from '@jest/globals';
import { Session, SessionType } from 'nestjs-typed-session';
import { Controller, Get } from '@nestjs/common';
import { adapters, closeApps, startApp } from './support/app.js';

const load = () => import('./support/evaluated-again.js');

describe('a module of session types that is evaluated again', () => {
  afterEach(closeApps);

  it.each([
    ['jest.resetModules()', async () => (jest.resetModules(), load())],
    [
      'jest.isolateModulesAsync()',
      async () => {
        let loaded!: Awaited<ReturnType<typeof load>>;
        await jest.isolateModulesAsync(async () => void (loaded = await load()));
        return loaded;
      },
    ],
  ])('is no second class under its names, after %s', async (_, loadAgain) => {
    const first = await load();
    const second = await loadAgain();
    expect(second.Decorated).not.toBe(first.Decorated);
  });

  it.each(adapters)('gives instances of the newest class, on %s', async (adapter) => {
    const older = await load();
    jest.resetModules();
    const newer = await load();

    @Controller()
    class AgainController {
      @Get('set') set(@Session() ss: Session) {
        ss.set('all', [new older.Decorated(), new newer.Registered(), new older.ListedToo()]);
        return {};
      }
      @Get() read(@Session() ss: Session) {
        const [decorated, registered, listed] = ss.get('all') as unknown[];
        return [
          decorated instanceof newer.Decorated,
          registered instanceof newer.Registered,
          listed instanceof newer.ListedToo,
        ];
      }
    }
    const client = (await startApp(adapter, { controllers: [AgainController] })).client();
    expect((await client.get('/set')).status).toBe(200);
    expect((await client.get('/')).json).toEqual([true, true, true]);
  });

  it('does not let a function make two classes under one name', () => {
    function addressWith(extra: string): unknown {
      @SessionType('again/address')
      class Address {
        [extra] = 1;
      }
      return Address;
    }
    addressWith('street');
    expect(() => addressWith('iban')).toThrow(/Two classes are registered.*definedIn/);
  });
});
