import type { INestApplicationContext } from '@nestjs/common';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  publisherOf,
  SESSION_EVENT_KINDS,
  type SessionEvent,
  type SessionEventKind,
} from '../session.events.js';
import { backendsOf } from './application.js';

/** An event, and what it tells of. */
export interface SeenEvent extends SessionEvent {
  readonly kind: SessionEventKind;
}

/** What happened to the sessions of an application. */
export interface SeenEvents {
  /** All events since the call of `seenEvents`, or since the last `take()`. The first comes first. */
  readonly all: readonly SeenEvent[];
  /** Their kinds alone. */
  readonly kinds: readonly SessionEventKind[];
  /** Gives what `all` has, and forgets it. */
  take(): SeenEvent[];
  /** Listens no more. */
  stop(): void;
}

/**
 * Collects what happens to the sessions of one application from now on, in order. Sessions of another
 * application in the same process are left out.
 *
 * @throws SessionError `SESSION_UNAVAILABLE` where the application has no sessions, or has not booted
 *
 * @example
 * ```ts
 * const seen = seenEvents(app);
 * await agent.post('/sign-in');
 * expect(seen.kinds).toEqual(['created', 'committed']);
 * seen.stop();
 * ```
 */
export function seenEvents(app: INestApplicationContext): SeenEvents {
  const backends = new Set<object>(backendsOf(app, 'seenEvents').all);
  const all: SeenEvent[] = [];
  const listeners = SESSION_EVENT_KINDS.map((kind) => ({
    channel: `nestjs-typed-session:${kind}`,
    listen: (message: unknown): void => {
      const event = message as SessionEvent;
      const publisher = publisherOf(event);
      if (publisher !== undefined && backends.has(publisher)) all.push({ kind, ...event });
    },
  }));
  for (const { channel, listen } of listeners) subscribe(channel, listen);
  return {
    all,
    get kinds() {
      return all.map(({ kind }) => kind);
    },
    take: () => all.splice(0),
    stop: () => {
      for (const { channel, listen } of listeners) unsubscribe(channel, listen);
    },
  };
}
