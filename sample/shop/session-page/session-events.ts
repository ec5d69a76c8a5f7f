import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { SessionEvent, SessionEventKind, SessionRejectReason } from 'nestjs-typed-session';
import { EVENT_TEXTS } from './event-texts.js';

export interface SeenEvent {
  readonly kind: SessionEventKind;
  readonly reason?: SessionRejectReason;
}

/** Tells which events of its session a request has caused. */
@Injectable()
export class SessionEvents implements OnModuleInit, OnModuleDestroy {
  private readonly current = new AsyncLocalStorage<SeenEvent[]>();
  private readonly listeners = (Object.keys(EVENT_TEXTS) as SessionEventKind[]).map((kind) => ({
    channel: `nestjs-typed-session:${kind}`,
    listen: (event: unknown) => {
      const { reason } = event as SessionEvent;
      this.current.getStore()?.push({ kind, reason });
    },
  }));

  onModuleInit(): void {
    for (const { channel, listen } of this.listeners) subscribe(channel, listen);
  }

  onModuleDestroy(): void {
    for (const { channel, listen } of this.listeners) unsubscribe(channel, listen);
  }

  /** Does some work, and collects the events that it causes, also those that come later. */
  record<T>(work: (events: readonly SeenEvent[]) => T): T {
    const events: SeenEvent[] = [];
    return this.current.run(events, work, events);
  }

  /** What the request has caused so far that asks. */
  get soFar(): readonly SeenEvent[] {
    return this.current.getStore() ?? [];
  }
}
