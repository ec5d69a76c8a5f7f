/** The README and the manual as documents: what they show, and the application that it makes up. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A document in Markdown. */
export interface Page {
  /** Where it lies, from the root of the repository: `docs/start.md`. */
  readonly path: string;
  /** Its path without `docs/` and `.md`: `start`. */
  readonly name: string;
  readonly text: string;
}

function pageAt(path: string): Page {
  const name = path.replace(/^docs\//, '').replace(/\.md$/, '');
  return { path, name, text: readFileSync(join(ROOT, path), 'utf8') };
}

/** The manual's pages. Those under `docs/api/` are made when the site is built. */
const manual = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  .map((path) => posix.join('docs', path.replaceAll('\\', '/')))
  .filter((path) => path.endsWith('.md') && !/^docs\/(api|\.vitepress)\//.test(path))
  .toSorted();

/** The README, and each page of the manual. */
export const PAGES: readonly Page[] = ['README.md', ...manual].map(pageAt);

export const README = PAGES[0].text;

/** The text of a page, by its name. */
export function textOf(name: string): string {
  return PAGES.find((page) => page.name === name)!.text;
}

/** A fenced block of code. */
export interface Block {
  readonly language: string;
  readonly code: string;
  /** The number of its first line of code in the document, from 0. */
  readonly line: number;
}

export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  for (let line = 0; line < lines.length; line++) {
    if (!lines[line].startsWith('```')) continue;
    const language = lines[line].slice('```'.length);
    const end = lines.indexOf('```', line + 1);
    blocks.push({ language, code: lines.slice(line + 1, end).join('\n'), line: line + 1 });
    line = end;
  }
  return blocks;
}

/** A document without its fenced blocks. */
export function proseOf(markdown: string): string {
  return markdown.replaceAll(/^```[\s\S]*?^```$/gm, '');
}

/** The rows of the tables in a chapter, or in the whole document, without their heads. */
export function rowsOf(markdown: string, chapter?: string): string[][] {
  const text =
    chapter === undefined ? markdown : markdown.split(`\n## ${chapter}\n`)[1].split('\n## ')[0];
  const isRule = (line: string) => /^\|[\s|:-]+\|$/.test(line);
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  return lines
    .filter((line, i) => !isRule(line) && !isRule(lines[i + 1] ?? ''))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
}

/** What stands between backquotes. */
export function codeOf(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
}

/** Packages that the manual shows and that nothing here installs with types: what it uses of them. */
const PACKAGES: Record<string, Record<string, string>> = {
  '@nestjs/config': {
    'package.json': '{ "type": "module", "main": "index.js", "types": "index.d.ts" }',
    'index.d.ts': `
      export declare class ConfigModule {}
      export declare class ConfigService { getOrThrow<T>(key: string): T; }`,
    'index.js': `
      import { Module } from '@nestjs/common';
      export class ConfigModule {}
      export class ConfigService {
        getOrThrow(key) {
          if (process.env[key] === undefined) throw new Error(key);
          return process.env[key];
        }
      }
      Module({ providers: [ConfigService], exports: [ConfigService] })(ConfigModule);`,
  },
  passport: {
    'package.json': '{ "types": "index.d.ts" }',
    'index.d.ts': `
      import type { RequestHandler } from 'express';
      declare const passport: { initialize(): RequestHandler; session(): RequestHandler };
      export = passport;`,
  },
};

const LIBRARIES = join(ROOT, 'test/integration/node_modules');

const importsOf = (text: string): string[] =>
  ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName);

/** Whether a file imports a package that `test/integration` installs, and that is not there. */
function lacksPackages(text: string): boolean {
  if (existsSync(LIBRARIES)) return false;
  return importsOf(text)
    .filter((name) => !/^(\.|node:|nestjs-typed-session)/.test(name))
    .map((name) => /^(@[^/]+\/)?[^/]+/.exec(name)![0])
    .some((name) => !(name in PACKAGES) && !existsSync(join(ROOT, 'node_modules', name)));
}

/** The page that a file of a project comes from. */
const pageOf = new Map<string, Page>();

/**
 * The TypeScript of documents, each written out as an application. Three rules say which block goes
 * where:
 *
 * 1. A block that begins with a comment such as `// src/app.module.ts` is that file.
 * 2. All other blocks of a page are one file, named after the page.
 * 3. A page that imports a file that it does not show gets it from the page that shows it.
 *
 * Every line keeps its number, so that an error in a file is at the same line of the document.
 */
export class Project {
  private readonly folder = mkdtempSync(join(tmpdir(), 'manual-'));
  /** Names as in the rules, in a folder for each page: `flashes/flashes.ts`. */
  readonly files: string[];
  /** The others: they import packages that `test/integration` installs, and it is not installed. */
  readonly leftOut = new Set<string>();

  constructor(pages: readonly Page[]) {
    const shown = pages.map((page) => ({ page, texts: textsOf(page) }));
    const inOrder = [...shown].sort((one) => (one.page.name === 'start' ? -1 : 0));
    const found = (file: string) =>
      inOrder.find(({ texts }) => texts.has(file))?.texts.get(file) ?? '';
    this.files = [];
    for (const { page, texts } of shown) {
      for (const [file, text] of texts) {
        const name = `${page.name}/${file}`;
        if (lacksPackages(text)) {
          this.leftOut.add(name);
          continue;
        }
        this.files.push(name);
        this.write(name, text);
        pageOf.set(this.path(name), page);
      }
      const missing = [...texts].flatMap(([file, text]) => {
        const paths = importsOf(text).filter((path) => path.startsWith('.'));
        return paths
          .map((path) => posix.join(posix.dirname(file), path).replace(/js$/, 'ts'))
          .filter((path) => !texts.has(path));
      });
      for (const file of missing) {
        this.write(`${page.name}/${file}`, found(file));
        for (const path of importsOf(found(file)).filter((one) => one.startsWith('.'))) {
          const next = posix.join(posix.dirname(file), path).replace(/js$/, 'ts');
          if (!texts.has(next)) this.write(`${page.name}/${next}`, found(next));
        }
      }
    }
    this.write('package.json', '{ "type": "module" }');
    for (const [name, files] of Object.entries(PACKAGES)) {
      for (const [file, text] of Object.entries(files)) {
        this.write(`node_modules/${name}/${file}`, text);
      }
    }
    symlinkSync(join(ROOT, 'node_modules'), join(this.folder, 'packages/node_modules'));
    symlinkSync(LIBRARIES, join(this.folder, 'node_modules'));
  }

  path(file: string): string {
    return join(this.folder, 'packages/app', file);
  }

  text(file: string): string {
    return readFileSync(this.path(file), 'utf8');
  }

  import<T>(file: string): Promise<T> {
    return import(this.path(file)) as Promise<T>;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  private write(file: string, text: string): void {
    mkdirSync(dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), text);
  }
}

/** The files that a page shows, by their names. */
function textsOf({ name, text }: Page): Map<string, string> {
  const length = text.split('\n').length;
  const lines = new Map<string, string[]>();
  for (const { language, code, line } of blocksOf(text)) {
    if (language !== 'ts') continue;
    const file = /^\/\/ (\S+\.ts)\n/.exec(code)?.[1] ?? `${posix.basename(name)}.ts`;
    const before = lines.get(file) ?? Array.from<string>({ length }).fill('');
    before.splice(line, code.split('\n').length, ...code.split('\n'));
    lines.set(file, before);
  }
  return new Map([...lines].map(([file, all]) => [file, all.join('\n')]));
}

/** Compiles files against the sources of the library, as strictly as the library itself. */
export function compile(files: readonly string[]): ts.Program {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) =>
    readFileSync(path, 'utf8'),
  );
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, ROOT);
  const compilerOptions: ts.CompilerOptions = {
    ...options,
    noEmit: true,
    rootDir: undefined,
    typeRoots: [join(ROOT, 'node_modules/@types')],
    paths: {
      ...sourcesOf(options.paths),
      // One copy, whichever folder a library lies in.
      express: [join(ROOT, 'node_modules/@types/express/index.d.ts')],
    },
  };
  const host = ts.createCompilerHost(compilerOptions);
  const getSourceFile = host.getSourceFile.bind(host);
  // Several programs are made, and what they have in common is parsed once.
  host.getSourceFile = (path, ...others) => {
    if (!parsed.has(path)) parsed.set(path, getSourceFile(path, ...others));
    return parsed.get(path);
  };
  return ts.createProgram({ rootNames: [...files], options: compilerOptions, host });
}

/** The library's own entry points, by their names. */
function sourcesOf(paths: ts.MapLike<string[]> = {}): ts.MapLike<string[]> {
  const inRoot = (path: string) => join(ROOT, path);
  return Object.fromEntries(Object.entries(paths).map(([name, to]) => [name, to.map(inRoot)]));
}

const parsed = new Map<string, ts.SourceFile | undefined>();

/** What the compiler says of documents, each with its page and line. */
export function complaints(program: ts.Program, files: readonly string[]): string[] {
  return files
    .map((file) => program.getSourceFile(file)!)
    .flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ])
    .map(({ file, start, messageText }) => {
      const { line } = ts.getLineAndCharacterOfPosition(file!, start!);
      return `${pageOf.get(file!.fileName)?.path}:${line + 1} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
}

/** Answers from the types of the library. */
export class Library {
  private readonly checker: ts.TypeChecker;

  constructor(private readonly program: ts.Program) {
    this.checker = program.getTypeChecker();
  }

  /** The names that a file of `lib` exports. */
  exportsOf(file: string): string[] {
    return this.symbolsOf(file).map(({ name }) => name);
  }

  /** The public members of an interface or a class. */
  membersOf(file: string, name: string): string[] {
    return this.checker
      .getPropertiesOfType(this.typeOf(file, name))
      .filter(
        ({ declarations }) =>
          !(ts.getCombinedModifierFlags(declarations![0]) & ts.ModifierFlags.Private) &&
          !ts.getJSDocTags(declarations![0]).some(({ tagName }) => tagName.text === 'internal'),
      )
      .map((symbol) => symbol.name);
  }

  /** The members of a union of texts. */
  literalsOf(file: string, name: string): string[] {
    const type = this.typeOf(file, name);
    return (type.isUnion() ? type.types : [type]).map((one) => (one as ts.StringLiteralType).value);
  }

  private typeOf(file: string, name: string): ts.Type {
    const found = this.symbolsOf(file).find((symbol) => symbol.name === name)!;
    return this.checker.getDeclaredTypeOfSymbol(found);
  }

  private symbolsOf(file: string): ts.Symbol[] {
    const source = this.program.getSourceFile(join(ROOT, 'lib', file))!;
    return this.checker.getExportsOfModule(this.checker.getSymbolAtLocation(source)!);
  }
}
