/** What a test or a watcher does to the modules of an application: they are evaluated again, in one realm. */
import { execFileSync } from 'node:child_process';
import { jest } from '@jest/globals';
import { Session, SessionType } from 'nestjs-typed-session';
import { Controller, Get } from '@nestjs/common';
import { adapters, closeApps, startApp } from './support/app.js';
import { assertBuilt } from './support/built-library.js';
import { ROOT } from './support/readme.js';

const load = () => import('./support/evaluated-again.js');

describe('FORMAT.md: It is evaluated again where both name the same file in `definedIn`, or, where neither names one, where the library was evaluated again too and both have the same text.', () => {
  type Module = Awaited<ReturnType<typeof load>>;
  let older: Module;
  let isolated: Module;
  let newer: Module;

  beforeAll(async () => {
    older = await load();
    await jest.isolateModulesAsync(async () => void (isolated = await load()));
    jest.resetModules();
    newer = await load();
  });
  afterEach(closeApps);

  it.each([
    ['jest.isolateModulesAsync()', () => isolated],
    ['jest.resetModules()', () => newer],
  ])('is no second class under its names, after %s', (_, again) => {
    expect(again().Decorated).not.toBe(older.Decorated);
  });

  it.each(adapters)('gives instances of the newest class, on %s', async (adapter) => {
    @Controller()
    class AgainController {
      @Get('set') set(@Session() ss: Session) {
        ss.set('all', [
          new older.Decorated(),
          new isolated.Registered(),
          new newer.Registered(),
          new older.ListedToo(),
        ]);
        return {};
      }
      @Get() read(@Session() ss: Session) {
        const [decorated, registered, registeredLater, listed] = ss.get('all') as unknown[];
        return [
          decorated instanceof newer.Decorated,
          registered instanceof newer.Registered,
          registeredLater instanceof newer.Registered,
          listed instanceof newer.ListedToo,
        ];
      }
    }
    const client = (await startApp(adapter, { controllers: [AgainController] })).client();
    expect((await client.get('/set')).status).toBe(200);
    expect((await client.get('/')).json).toEqual([true, true, true, true]);
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

  it('says where it is defined, where Node evaluates it again and the library not', () => {
    assertBuilt();
    const moduleOf = (options: string) =>
      `import { registerSessionType } from 'nestjs-typed-session';
       class Address { street = 1 }
       registerSessionType(Address, ${options});`;
    const program = `
      import { createRequire } from 'node:module';
      import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
      import { pathToFileURL } from 'node:url';
      const cjs = createRequire(import.meta.url)('./dist/index.cjs');
      const folder = mkdtempSync('build/again-');
      const outcome = async (act) => {
        try { await act(); return 'taken'; } catch ({ message }) { return message; }
      };
      const twice = async (name, source) => {
        writeFileSync(folder + '/' + name, source);
        const url = pathToFileURL(folder + '/' + name);
        await import(url + '?1');
        return outcome(() => import(url + '?2'));
      };
      try {
        console.log(JSON.stringify([
          await twice('silent.mjs', ${JSON.stringify(moduleOf('{}'))}),
          await outcome(() => cjs.registerSessionType(class Address { street = 1 })),
          await twice('placed.mjs', ${JSON.stringify(moduleOf("{ name: 'placed', definedIn: import.meta.url }"))}),
        ]));
      } finally {
        rmSync(folder, { recursive: true });
      }`;
    const args = ['--input-type=module', '--eval', program];
    const [silent, otherForm, placed] = JSON.parse(
      execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' }),
    ) as string[];
    expect(silent).toMatch(/Two classes are registered.*definedIn: __filename/);
    expect(otherForm).toMatch(/Two classes are registered/);
    expect(placed).toBe('taken');
  });
});
