import type { INestApplication, Logger as NestLogger, LoggerService } from '@nestjs/common';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CannotRun, UsageError } from './command.js';
import { proxyProbe, type ProxyTrust } from './proxy-trust.js';

/** An application as `doctor` sees it. */
export interface BootedApplication {
  readonly app: INestApplication;
  /** Whether the file made the application itself, with what it sets on its adapter. */
  readonly isOwn: boolean;
  /** Whether the adapter trusts a proxy, as far as the file shows it. */
  readonly trust: ProxyTrust;
  /** What the session module has warned of while it booted. */
  readonly warnings: readonly string[];
}

/** What was logged while an application booted. */
interface Logged {
  readonly warnings: string[];
  lastError?: unknown;
}

class ProcessEnded extends Error {}

type Exported = Record<string, unknown>;
type NestFactory = (typeof import('@nestjs/core'))['NestFactory'];

/** What `@Module` leaves on a class, in every version of Nest. */
const MODULE_KEYS = ['imports', 'controllers', 'providers', 'exports'];

/**
 * Boots what a file exports: a Nest module, or a function that makes the application.
 *
 * @param name of the export. Default: `default`, `createApp`, `AppModule`, or the only module
 * @throws CannotRun, UsageError
 */
export async function boot(file: string, name: string | undefined): Promise<BootedApplication> {
  const path = resolve(file);
  if (!existsSync(path)) throw new CannotRun(`there is no file ${file}`);
  const exit = refuseToExit();
  const logged: Logged = { warnings: [] };
  try {
    await listenToLogger(path, logged);
    const found = exportIn(await exportsOf(path), name, file);
    return isModule(found)
      ? await bootModule(found, path, logged)
      : await bootOwn(found as () => unknown, file, logged);
  } catch (error) {
    if (error instanceof UsageError || error instanceof CannotRun) throw error;
    const cause = error instanceof ProcessEnded ? (logged.lastError ?? error) : error;
    throw new CannotRun(`the application does not boot: ${messageOf(cause)}`, { cause });
  } finally {
    exit.allow();
  }
}

/** Boots the application that a function of the file makes. */
async function bootOwn(
  make: () => unknown,
  file: string,
  logged: Logged,
): Promise<BootedApplication> {
  const app = (await make()) as INestApplication;
  if (typeof app?.getHttpAdapter !== 'function') {
    throw new UsageError(`the function that ${file} exports gave no Nest application`);
  }
  app.useLogger(collecting(logged));
  const probe = proxyProbe(app);
  await app.init();
  return { app, isOwn: true, trust: await probe.ask(), warnings: logged.warnings };
}

async function bootModule(
  module: unknown,
  path: string,
  logged: Logged,
): Promise<BootedApplication> {
  const { NestFactory } = await packageOf<{ NestFactory: NestFactory }>(path, '@nestjs/core');
  const settings = { logger: collecting(logged), abortOnError: false };
  const adapter = await adapterFor(path);
  const app =
    adapter === undefined
      ? await NestFactory.create(module as never, settings)
      : await NestFactory.create(module as never, adapter as never, settings);
  await app.init();
  return { app, isOwn: false, trust: undefined, warnings: logged.warnings };
}

/** Nest ends the process where an application does not boot; `doctor` has an exit code of its own. */
function refuseToExit(): { allow(): void } {
  const exit = process.exit.bind(process);
  const abort = process.abort.bind(process);
  process.exit = process.abort = () => {
    throw new ProcessEnded('it ended its process');
  };
  return { allow: () => Object.assign(process, { exit, abort }) };
}

/** What is logged before the application has a logger of its own. */
async function listenToLogger(path: string, logged: Logged): Promise<void> {
  const { Logger } = await packageOf<{ Logger: typeof NestLogger }>(path, '@nestjs/common');
  Logger.overrideLogger(collecting(logged));
}

async function exportsOf(path: string): Promise<Exported> {
  try {
    const module = (await import(pathToFileURL(path).href)) as Exported;
    // What a CommonJS file exports is the default export to Node.
    const inner = module['default'];
    const isCommonJs = typeof inner === 'object' && inner !== null;
    return isCommonJs ? { ...(inner as Exported) } : module;
  } catch (error) {
    const hint = /\.[cm]?tsx?$/.test(path) ? ' (doctor takes JavaScript, as built)' : '';
    const { message } = error as Error;
    throw new CannotRun(`${path} cannot be loaded: ${message}${hint}`, { cause: error });
  }
}

function exportIn(exported: Exported, name: string | undefined, file: string): unknown {
  const fitting = Object.keys(exported).filter(
    (key) => isModule(exported[key]) || typeof exported[key] === 'function',
  );
  const modules = fitting.filter((key) => isModule(exported[key]));
  const usual = ['default', 'createApp', 'AppModule'].find((key) => fitting.includes(key));
  const chosen = name ?? usual ?? (modules.length === 1 ? modules[0] : undefined);
  if (chosen !== undefined && fitting.includes(chosen)) return exported[chosen];
  throw new UsageError(
    fitting.length === 0
      ? `${file} exports no Nest module, and no function that makes the application`
      : `which export of ${file} is meant: --export ${fitting.join(' or ')}`,
  );
}

function isModule(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return 'module' in value;
  const { getMetadata } = Reflect as { getMetadata?: (key: string, target: object) => unknown };
  return (
    typeof value === 'function' &&
    MODULE_KEYS.some((key) => getMetadata?.(key, value) !== undefined)
  );
}

/** Of the application, which may have other versions than this package. */
async function packageOf<T>(from: string, name: string): Promise<T> {
  try {
    return (await import(pathToFileURL(createRequire(from).resolve(name)).href)) as T;
  } catch (cause) {
    throw new CannotRun(`${name} is not installed for ${from}`, { cause });
  }
}

/** @returns `undefined` for Nest's own default, Express */
async function adapterFor(path: string): Promise<object | undefined> {
  const require = createRequire(path);
  try {
    require.resolve('@nestjs/platform-express');
    return undefined;
  } catch {
    const name = '@nestjs/platform-fastify';
    const { FastifyAdapter } = await packageOf<{ FastifyAdapter: new () => object }>(path, name);
    return new FastifyAdapter();
  }
}

/** Standard output is for the report. */
function collecting(logged: Logged): LoggerService {
  return {
    log: () => {},
    error: (error: unknown) => {
      logged.lastError = error;
    },
    warn: (message: unknown, context?: unknown) => {
      if (context === 'Session') logged.warnings.push(String(message));
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
