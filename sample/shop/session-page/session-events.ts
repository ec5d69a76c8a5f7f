import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { SessionEvent, SessionEventKind } from 'nestjs-typed-session';

const KINDS: readonly SessionEventKind[] = [
  'created',
  'renewed',
  'regenerated',
  'destroyed',
  'rejected',
  'committed',
  'dropped',
  'failed',
];

/** Tells which events of its session a request has caused. */
@Injectable()
export class SessionEvents implements OnModuleInit, OnModuleDestroy {
  private readonly current = new AsyncLocalStorage<string[]>();
  private readonly listeners = KINDS.map((kind) => ({
    channel: `nestjs-typed-session:${kind}`,
    listen: (event: unknown) => {
      const { reason } = event as SessionEvent;
      this.current.getStore()?.push(reason === undefined ? kind : `${kind}: ${reason}`);
    },
  }));

  onModuleInit(): void {
    for (const { channel, listen } of this.listeners) subscribe(channel, listen);
  }

  onModuleDestroy(): void {
    for (const { channel, listen } of this.listeners) unsubscribe(channel, listen);
  }

  /** Does some work, and returns its result with the events that it has caused. */
  async during<T>(work: () => Promise<T>): Promise<{ result: T; events: string[] }> {
    const events: string[] = [];
    return { result: await this.current.run(events, work), events };
  }
}
