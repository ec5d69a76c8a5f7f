/** A workspace in which two packages have copies of class-transformer of their own. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { assertBuilt } from './support/built-library.js';
import { ROOT } from './support/readme.js';

const LINKED = ['@nestjs/common', '@nestjs/core', 'rxjs', 'cookie', 'ms'];

describe('FORMAT.md: One copy of class-transformer knows it.', () => {
  const folder = mkdtempSync(join(tmpdir(), 'two-copies-'));
  const installed = join(folder, 'node_modules');
  const copied = (to: string): void =>
    cpSync(
      join(ROOT, 'node_modules/class-transformer'),
      join(to, 'node_modules/class-transformer'),
      { recursive: true },
    );

  beforeAll(() => {
    assertBuilt();
    for (const name of LINKED) {
      mkdirSync(dirname(join(installed, name)), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', name), join(installed, name));
    }
    const library = join(installed, 'nestjs-typed-session');
    // Not yet bundled, so that what is stored can be seen.
    cpSync(join(ROOT, 'build'), join(library, 'dist'), { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(library, 'package.json'));
    copied(folder);
    copied(join(folder, 'workspace'));
    writeFileSync(
      join(folder, 'workspace/account.mjs'),
      `import { Exclude } from 'class-transformer';
       export class Account { name = 'ann'; passwordHash = 'initial'; }
       Exclude()(Account.prototype, 'passwordHash');`,
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What is stored of an account whose password has a hash, or why nothing is. */
  const stored = (more: string): string => {
    writeFileSync(
      join(folder, 'main.mjs'),
      `import { Exclude, Expose } from 'class-transformer';
       import { registerSessionType } from 'nestjs-typed-session';
       import { serialize } from './node_modules/nestjs-typed-session/dist/values/serializer.js';
       import { Account } from './workspace/account.mjs';
       registerSessionType(Account, { name: 'account' });
       class Member extends Account { role = 'staff'; }
       registerSessionType(Member, { name: 'member' });
       ${more}
       try {
         console.log(serialize(value, 'values.x'));
       } catch (error) {
         console.log(error.code, error.message);
       }`,
    );
    return execFileSync(process.execPath, ['main.mjs'], { cwd: folder, encoding: 'utf8' }).trim();
  };

  it('is stored by the rules of that copy', () => {
    expect(stored(`const value = [new Account(), new Member()];`)).toBe(
      '[{"@account":{"name":"ann"}},{"@member":{"name":"ann","role":"staff"}}]',
    );
  });

  it('is refused where both copies know a part of it', () => {
    expect(stored(`Expose()(Member.prototype, 'role'); const value = new Member();`)).toMatch(
      /^SESSION_CONFIG The class Member has decorators of 2 copies of class-transformer.*npm dedupe/,
    );
  });

  it('reads as undefined where both copies know a part of it, stays, and is logged once', () => {
    const told = stored(`
      import { revive } from './node_modules/nestjs-typed-session/dist/values/serializer.js';
      Expose()(Member.prototype, 'role');
      const text = '{"@member":{"name":"ann","role":"staff"}}';
      for (let n = 0; n < 3; n++) console.log(String(revive(text)));
      const value = {};`);
    expect(told.match(/Symbol\(unknown session value\)/g)).toHaveLength(3);
    expect(told.match(/has decorators of 2 copies of class-transformer/g)).toHaveLength(1);
  });
});
