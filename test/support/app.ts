import {
  type DynamicModule,
  type INestApplication,
  type Provider,
  type LoggerService,
  type Type,
} from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { AddressInfo } from 'node:net';
import {
  SessionModule,
  SessionService,
  type SessionModuleOptions,
  type SessionOptions,
  type SessionStore,
} from 'nestjs-typed-session';
import { Client } from './client.js';
import { hasRedis } from './redis-server.js';
import { storeOf } from './stores.js';

export type AdapterName = 'Express' | 'Fastify';

/** The table that drives every behaviour test: no test is written twice. */
export const adapters: AdapterName[] = ['Express', 'Fastify'];

/** An adapter, and where the sessions are kept if not in their cookie. */
export type Place = AdapterName | `${AdapterName}, in ${'memory' | 'Redis'}`;

/** The adapters times the places where sessions are kept. */
export const places: Place[] = [
  ...adapters,
  ...adapters.map((adapter) => `${adapter}, in memory` as const),
  ...(hasRedis ? adapters.map((adapter) => `${adapter}, in Redis` as const) : []),
];

/** Whether a store keeps the sessions. */
export const isInStore = (place: Place): boolean => place.includes(' in ');

export const SECRET = 'a secret for tests of more than thirty-two bytes';

/** For tests of something else than this deadline, which a machine may keep waiting. */
export const AMPLE_TIMEOUT = '60s';

export interface AppOptions {
  controllers?: Type<unknown>[];
  providers?: Provider[];
  /** Options of the default session; `SECRET`, the name `sid` and an ample `storeTimeout` filled in. */
  session?: Partial<SessionOptions> | Partial<SessionOptions>[];
  /** In place of `SessionModule.forRoot`. */
  imports?: (DynamicModule | Type<unknown>)[];
  trustProxy?: boolean;
  /** Called before `init`. */
  configure?: (app: INestApplication) => unknown;
}

export interface TestApp {
  app: INestApplication;
  sessions: SessionService;
  url: string;
  /** A client with an empty jar. */
  client(): Client;
}

const running: INestApplication[] = [];

/** Starts an application on a port of its own. `closeApps` ends it. */
export async function startApp(place: Place, options: AppOptions = {}): Promise<TestApp> {
  const [adapter] = place.split(',') as [AdapterName];
  const store = options.imports === undefined ? await storeOf(place) : undefined;
  const testing = await Test.createTestingModule({
    imports: options.imports ?? [SessionModule.forRoot(withDefaults(options.session ?? {}, store))],
    controllers: options.controllers ?? [],
    providers: options.providers ?? [],
  })
    .setLogger(testLogger)
    .compile();
  const app = testing.createNestApplication(adapterOf(adapter, options.trustProxy ?? false));
  running.push(app);
  // A client that waits for long between two requests must not send the second as the server hangs up.
  app.getHttpServer().keepAliveTimeout = 30_000;
  await options.configure?.(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    app,
    sessions: app.get(SessionService, { strict: false }),
    url,
    client: () => new Client(url),
  };
}

function withDefaults(
  session: Partial<SessionOptions> | Partial<SessionOptions>[],
  store: SessionStore | undefined,
) {
  const defaults = { secret: SECRET, name: 'sid', ...(store === undefined ? {} : { store }) };
  const filled = [session]
    .flat()
    .map((one) => ({ ...defaults, ...one }))
    // It says something of a store, and is refused without.
    .map((one) => (one.store === undefined ? one : { storeTimeout: AMPLE_TIMEOUT, ...one }));
  return (Array.isArray(session) ? filled : filled[0]) as SessionModuleOptions;
}

export function adapterOf(adapter: AdapterName, trustProxy: boolean): AbstractHttpAdapter {
  if (adapter === 'Fastify') return new FastifyAdapter({ trustProxy });
  const express = new ExpressAdapter();
  if (trustProxy) express.set('trust proxy', true);
  return express;
}

export async function closeApps(): Promise<void> {
  await Promise.all(running.splice(0).map((app) => app.close()));
}

export interface Logs {
  errors: string[];
  warnings: string[];
}

const logged: Logs = { errors: [], warnings: [] };

const textOf = (message: unknown) => (message instanceof Error ? message.message : String(message));

/** Keeps errors and warnings for `logs`, in place of the console. */
export const testLogger: LoggerService = {
  log: () => {},
  error: (message: unknown) => void logged.errors.push(textOf(message)),
  warn: (message: unknown) => void logged.warnings.push(textOf(message)),
};

/** What Nest has logged since the last call. */
export function takeLogs(): Logs {
  return { errors: logged.errors.splice(0), warnings: logged.warnings.splice(0) };
}
