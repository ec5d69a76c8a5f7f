import { readFileSync, rmSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';

// Node takes longer to find and open a file than to compile what is in it: an application starts
// sooner with few files. What is bundled is what the Nest CLI compiled, and it stays readable.
const COMPILED = 'build';
const BUNDLED = 'dist';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const entries = Object.values(manifest.exports)
  .filter((target) => typeof target === 'object')
  .map((target) => target.default.replace(`./${BUNDLED}/`, ''));

/**
 * The packages that this one brings with it are CommonJS. Node imports such a package in several times
 * the time in which it requires it, since it looks for its exports in the text of its files first.
 */
const requiredPackages = {
  name: 'required-packages',
  resolveId(id) {
    return id in manifest.dependencies ? { id: `\0${id}`, syntheticNamedExports: true } : null;
  },
  load(id) {
    return id.startsWith('\0')
      ? `import { createRequire } from 'node:module';
         export default createRequire(import.meta.url)('${id.slice(1)}');`
      : null;
  },
};

/** The declarations stay as they are, file by file: those that an application can come upon. */
const declarations = {
  name: 'declarations',
  generateBundle() {
    const files = new Set(entries.map((file) => file.replace(/js$/, 'd.ts')));
    // A set is gone through to the end, with what is added on the way.
    for (const fileName of files) {
      const source = readFileSync(`${COMPILED}/${fileName}`, 'utf8');
      this.emitFile({ type: 'asset', fileName, source });
      for (const { fileName: imported } of ts.preProcessFile(source).importedFiles) {
        if (!imported.startsWith('.')) continue;
        files.add(posix.join(posix.dirname(fileName), imported.replace(/js$/, 'd.ts')));
      }
    }
  },
};

rmSync(BUNDLED, { recursive: true, force: true });

export default {
  input: Object.fromEntries(
    entries.map((file) => [file.replace(/\.js$/, ''), `${COMPILED}/${file}`]),
  ),
  // Entries that share what the index does not export take it from the index all the same.
  preserveEntrySignatures: 'allow-extension',
  external: [/^node:/, ...Object.keys(manifest.peerDependencies)],
  output: {
    dir: BUNDLED,
    // What several entries need is there once, so that a class is the same to all of them: in the
    // index if that needs it too, since every application loads it.
    manualChunks: { index: [`${COMPILED}/index.js`] },
    chunkFileNames: 'shared/[name].js',
    minifyInternalExports: false,
    hoistTransitiveImports: false,
  },
  plugins: [requiredPackages, declarations],
  onLog(level, log, handle) {
    // What tsc emits for decorators asks for a `this`, and does without.
    if (log.code !== 'THIS_IS_UNDEFINED') handle(level === 'warn' ? 'error' : level, log);
  },
};
