import { readFileSync } from 'node:fs';

const PACKAGE = import.meta.resolve('nestjs-typed-session/package.json');

/** The library as it is installed here. */
export const ours = JSON.parse(readFileSync(new URL(PACKAGE), 'utf8')) as { version: string };

/** Its inner modules, which it does not export: they are measured one by one. */
export function importKeyring() {
  return importInner<typeof import('../node_modules/nestjs-typed-session/dist/seal/keyring.js')>(
    'dist/seal/keyring.js',
  );
}

export function importSerializer() {
  return importInner<
    typeof import('../node_modules/nestjs-typed-session/dist/values/serializer.js')
  >('dist/values/serializer.js');
}

function importInner<T>(path: string): Promise<T> {
  return import(new URL(path, PACKAGE).href) as Promise<T>;
}
