import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * The first of these programs that is there.
 *
 * @param folders where to look besides the PATH
 */
export function findProgram(
  names: readonly string[],
  folders: readonly string[] = [],
): string | undefined {
  const all = [...(process.env.PATH ?? '').split(delimiter), ...folders];
  return names.flatMap((name) => all.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Describes what needs a server that this machine may lack. Where it does, one line of the output
 * names what was left out; under `REQUIRE_SERVERS=1` that is a failure.
 */
export function describeWhere(
  programs: Readonly<Record<string, string | undefined>>,
  title: string,
  tests: () => void,
): void {
  const absent = Object.keys(programs).filter((name) => programs[name] === undefined);
  if (absent.length === 0) {
    describe(title, tests);
    return;
  }
  it(`${title}: runs wherever there is ${absent.join(' and ')}`, () => {
    const missing = `No ${absent.join(' and no ')}: the tests of ${title} were left out.`;
    if (process.env.REQUIRE_SERVERS) throw new Error(missing);
    process.stderr.write(`${missing}\n`);
    expect(absent).not.toEqual([]);
  });
}
