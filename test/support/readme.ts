import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** A fenced block of code. */
export interface Block {
  readonly language: string;
  readonly code: string;
  /** The heading above it, without its `##`. */
  readonly chapter: string;
  /** The number of its first line of code in the document, from 0. */
  readonly line: number;
}

export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  let chapter = '';
  for (let line = 0; line < lines.length; line++) {
    if (lines[line].startsWith('## ')) chapter = lines[line].slice('## '.length);
    if (!lines[line].startsWith('```')) continue;
    const language = lines[line].slice('```'.length);
    const end = lines.indexOf('```', line + 1);
    blocks.push({ language, code: lines.slice(line + 1, end).join('\n'), chapter, line: line + 1 });
    line = end;
  }
  return blocks;
}

/** The rows of the tables in a chapter, without their heads. */
export function rowsOf(markdown: string, chapter: string): string[][] {
  const text = markdown.split(`\n## ${chapter}\n`)[1].split('\n## ')[0];
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

/** The name of a heading in links. */
export function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}

/** The part of `@nestjs/config` that the README shows, since nothing else here depends on it. */
const NESTJS_CONFIG = {
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
};

/**
 * The TypeScript of a document, written out as an application. Two rules say which block goes
 * where:
 *
 * 1. A block that begins with a comment such as `// src/app.module.ts` is that file.
 * 2. All other blocks of a chapter are one file, named after the chapter.
 *
 * Every line keeps its number, so that an error in a file is at the same line of the document.
 */
export class Project {
  private readonly folder = mkdtempSync(join(tmpdir(), 'readme-'));
  /** Names as in the rules, such as `typed-values.ts`. */
  readonly files: string[];

  constructor(markdown: string) {
    const length = markdown.split('\n').length;
    const texts = new Map<string, string[]>();
    for (const { language, code, chapter, line } of blocksOf(markdown)) {
      if (language !== 'ts') continue;
      const file = /^\/\/ (\S+\.ts)\n/.exec(code)?.[1] ?? `${slugOf(chapter)}.ts`;
      const text = texts.get(file) ?? Array.from<string>({ length }).fill('');
      text.splice(line, code.split('\n').length, ...code.split('\n'));
      texts.set(file, text);
    }
    this.files = [...texts.keys()];
    for (const [file, text] of texts) this.write(file, text.join('\n'));
    this.write('package.json', '{ "type": "module" }');
    for (const [file, text] of Object.entries(NESTJS_CONFIG)) {
      this.write(`node_modules/@nestjs/config/${file}`, text);
    }
    symlinkSync(join(ROOT, 'node_modules'), join(this.folder, 'node_modules'));
  }

  path(file: string): string {
    return join(this.folder, 'app', file);
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
    paths: sourcesOf(options.paths),
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

/** What the compiler says of the README, each with its line. */
export function complaints(program: ts.Program, files: readonly string[]): string[] {
  return files
    .map((file) => program.getSourceFile(file)!)
    .flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ])
    .map(({ file, start, messageText }) => {
      const { line } = ts.getLineAndCharacterOfPosition(file!, start!);
      return `README.md:${line + 1} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
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
