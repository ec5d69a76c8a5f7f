import { Logger } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { SessionBackends } from '../request/session-backends.js';

const REMEDY =
  'Give SessionModule the option requestSession: false, and take its session by @Session() of nestjs-typed-session';

/** The name of the middleware that express-session makes. It does nothing where `req.session` is there. */
const EXPRESS_SESSION = 'session';

interface Routing {
  readonly stack?: readonly { readonly name?: string }[];
}

/** Says that express-session stands in the same application, where it finds `req.session` taken. */
export function warnOfOtherLibrary(adapter: AbstractHttpAdapter, backends: SessionBackends): void {
  if (adapter.getType() !== 'express' || !backends.default.options.requestSession) return;
  const { router } = adapter.getInstance<{ router?: Routing }>();
  if (router?.stack?.some(({ name }) => name === EXPRESS_SESSION) !== true) return;
  new Logger('Session').warn(
    `express-session stands in this application too, and does nothing where request.session is there. ${REMEDY}.`,
  );
}

/** Says that a plugin of Fastify, such as @fastify/session, has taken `request.session`. */
export function warnOfOtherPlugin(): void {
  new Logger('Session').warn(
    `Another library, such as @fastify/session, defines request.session, and has it from now on. ${REMEDY}.`,
  );
}
