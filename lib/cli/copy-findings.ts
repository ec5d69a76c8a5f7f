import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { Finding } from './finding.js';

const LIBRARY = 'nestjs-typed-session';
/** Each keeps a registry of its own: what is registered with one copy, another does not know. */
const PEERS = ['@nestjs/common', '@nestjs/core', 'class-transformer', 'reflect-metadata', LIBRARY];

/** Several copies of a package of which the application and this library need the same. */
export function copyFindings(file: string): Finding[] {
  return PEERS.flatMap((name): Finding[] => {
    const copies = copiesOf(name, resolve(file));
    if (copies.length < 2) return [];
    const list = copies.map((folder) => `${folder} (${versionIn(folder)})`).join(', ');
    const message = `${name} is there ${copies.length} times: ${list}. What is registered with one copy, another does not know. npm ls ${name} shows who asks for them; npm dedupe, or "overrides", makes them one`;
    return [{ id: 'copies', message }];
  });
}

/** The folders of a package: as the application finds it, as the library does, and those inside of others. */
function copiesOf(name: string, file: string): string[] {
  const roots = nodeModulesAbove(file);
  const found = [
    ...roots
      .map((root) => join(root, name))
      .filter((folder) => existsSync(folder))
      .slice(0, 1),
    ...libraryCopies(name, file),
    ...roots.flatMap((root) =>
      packagesIn(root).map((one) => join(root, one, 'node_modules', name)),
    ),
  ];
  return [...new Set(found.filter(isPackage).map((folder) => realpathSync(folder)))];
}

function libraryCopies(name: string, file: string): string[] {
  try {
    const own = createRequire(file).resolve(`${LIBRARY}/package.json`);
    return nodeModulesAbove(realpathSync(own))
      .map((root) => join(root, name))
      .filter(isPackage)
      .slice(0, 1);
  } catch {
    return [];
  }
}

function isPackage(folder: string): boolean {
  return existsSync(join(folder, 'package.json'));
}

function nodeModulesAbove(file: string): string[] {
  const folders: string[] = [];
  for (let at = dirname(file); ; at = dirname(at)) {
    const folder = join(at, 'node_modules');
    if (existsSync(folder)) folders.push(folder);
    if (at === dirname(at)) return folders;
  }
}

function packagesIn(root: string): string[] {
  return readdirSync(root).flatMap((name) => {
    if (name.startsWith('.')) return [];
    if (!name.startsWith('@')) return [name];
    return readdirSync(join(root, name)).map((one) => `${name}/${one}`);
  });
}

function versionIn(folder: string): string {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}
