import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Seen from the compiled file, `<sample>/dist/shop/files.js`. */
const SHOP = new URL('../../../shop/', import.meta.url);

/** The folder of the templates. */
export const VIEWS = fileURLToPath(new URL('views', SHOP));

export function readPublic(file: string): string {
  return readFileSync(new URL(`public/${file}`, SHOP), 'utf8');
}
