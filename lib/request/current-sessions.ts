import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestSessions } from './request-sessions.js';

type Shared = typeof globalThis & { [CURRENT_SESSIONS]?: AsyncLocalStorage<RequestSessions> };

const CURRENT_SESSIONS = Symbol.for('nestjs-typed-session:current-sessions');

/**
 * The sessions of the message or the resolver that runs now: parameter decorators find them where no
 * HTTP request of the application leads there.
 */
export const currentSessions: AsyncLocalStorage<RequestSessions> = ((globalThis as Shared)[
  CURRENT_SESSIONS
] ??= new AsyncLocalStorage());
