import { readFileSync, rmSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
import commonjs from '@rollup/plugin-commonjs';
import ts from 'typescript';

// Node takes longer to find and open a file than to compile what is in it: an application starts
// sooner with few files. What is bundled is what the Nest CLI compiled, and it stays readable.
const COMPILED = 'build';
const BUNDLED = 'dist';
/** CommonJS for both forms of the package, which both load as it is. */
const LAZY = ['values/packages.cjs', 'testing/tough-cookie.cjs'];

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const peers = Object.keys(manifest.peerDependencies);
const entries = Object.values(manifest.exports)
  .filter((target) => typeof target === 'object')
  .map((target) => target.import.default.replace(`./${BUNDLED}/`, ''));

/** Bundles the small packages that the library uses, and gives their licences beside the bundle. */
const smallPackages = {
  name: 'small-packages',
  resolveId(id) {
    const lazy = LAZY.find((file) => id === `./${posix.basename(file)}`);
    if (lazy !== undefined) {
      return { id: join(process.cwd(), COMPILED, lazy), external: 'relative' };
    }
    if (peers.includes(id) || !(id in manifest.devDependencies)) return null;
    return createRequire(import.meta.url).resolve(id);
  },
  generateBundle() {
    const names = new Set();
    for (const id of this.getModuleIds()) {
      const name = /.*node_modules\/((?:@[^/]+\/)?[^/\0?]+)/.exec(id)?.[1];
      if (name !== undefined && !this.getModuleInfo(id).isExternal) names.add(name);
    }
    const licences = [...names].sort().map((name) => {
      const folder = join('node_modules', name);
      const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = ts.sys.readDirectory(
        folder,
        undefined,
        undefined,
        ['LICENSE*', 'license*'],
        1,
      )[0];
      return `${name} ${version}\n\n${readFileSync(file, 'utf8').trim()}\n`;
    });
    const source = `dist/ contains the following packages.\n\n${licences.join(`\n${'-'.repeat(80)}\n\n`)}`;
    this.emitFile({ type: 'asset', fileName: 'THIRD-PARTY-LICENSES.txt', source });
  },
};

/**
 * The declarations stay as they are, file by file: those that an application can come upon. Those of
 * CommonJS differ in their names only.
 */
const declarations = {
  name: 'declarations',
  generateBundle({ format }) {
    const extension = format === 'cjs' ? 'cts' : 'ts';
    const files = new Set(entries.map((file) => file.replace(/js$/, 'd.ts')));
    // A set is gone through to the end, with what is added on the way.
    for (const file of files) {
      let source = readFileSync(`${COMPILED}/${file}`, 'utf8');
      const { importedFiles } = ts.preProcessFile(source);
      // From the last to the first, so that the places of the others stay.
      for (const { fileName, end } of importedFiles.toReversed()) {
        if (!fileName.startsWith('.')) continue;
        files.add(posix.join(posix.dirname(file), fileName.replace(/js$/, 'd.ts')));
        if (format === 'cjs') {
          const at = source.lastIndexOf('.js', end + 3);
          source = `${source.slice(0, at)}.cjs${source.slice(at + 3)}`;
        }
      }
      const fileName = file.replace(/ts$/, extension);
      this.emitFile({ type: 'asset', fileName, source });
    }
  },
};

/** What both forms of the package share. */
const shared = {
  name: 'shared',
  generateBundle() {
    for (const fileName of LAZY) {
      const source = readFileSync(join(COMPILED, fileName), 'utf8');
      this.emitFile({ type: 'asset', fileName, source });
    }
  },
};

rmSync(BUNDLED, { recursive: true, force: true });

const output = {
  dir: BUNDLED,
  // What several entries need is there once, so that a class is the same to all of them. What the index
  // needs is one file, since every application loads it; the index itself exports what is public.
  manualChunks: { core: [`${COMPILED}/index.js`] },
  minifyInternalExports: false,
  hoistTransitiveImports: false,
};

const library = {
  input: Object.fromEntries(
    entries.map((file) => [file.replace(/\.js$/, ''), `${COMPILED}/${file}`]),
  ),
  // An entry exports its public names, whatever other entries need of its modules.
  preserveEntrySignatures: 'strict',
  external: (id) => isBuiltin(id) || peers.includes(id),
  output: [
    {
      ...output,
      format: 'es',
      plugins: [shared],
      entryFileNames: '[name].js',
      chunkFileNames: 'shared/[name].js',
    },
    {
      ...output,
      format: 'cjs',
      exports: 'named',
      entryFileNames: '[name].cjs',
      chunkFileNames: 'shared/[name].cjs',
    },
  ],
  plugins: [smallPackages, commonjs({ include: /node_modules/ }), declarations],
  onLog(level, log, handle) {
    // What tsc emits for decorators asks for a `this`, and does without.
    if (log.code !== 'THIS_IS_UNDEFINED') handle(level === 'warn' ? 'error' : level, log);
  },
};

/** The command line: ES modules of its own, which need neither Nest nor the rest of the package. */
const commandLine = {
  input: { main: `${COMPILED}/cli/main.js` },
  external: (id) => isBuiltin(id) || peers.includes(id),
  output: {
    dir: `${BUNDLED}/cli`,
    format: 'es',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    minifyInternalExports: false,
    hoistTransitiveImports: false,
  },
  onLog: library.onLog,
};

export default [library, commandLine];
