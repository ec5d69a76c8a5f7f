import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { SessionEvent, SessionEventKind } from 'nestjs-typed-session';

const KINDS: SessionEventKind[] = [
  'created',
  'adopted',
  'renewed',
  'regenerated',
  'destroyed',
  'revoked',
  'rejected',
  'committed',
  'dropped',
  'failed',
  'secret-failed',
  'anomaly',
  'conflict',
  'invalid',
];

export type NamedEvent = SessionEvent & { readonly kind: SessionEventKind };

/** Keeps the events of all sessions while the tests of a file, or of a block, run. */
export function recordEvents() {
  const events: NamedEvent[] = [];
  const listeners = KINDS.map((kind) => ({
    name: `nestjs-typed-session:${kind}`,
    listener: (event: unknown) => void events.push({ kind, ...(event as SessionEvent) }),
  }));
  beforeAll(() => {
    for (const { name, listener } of listeners) subscribe(name, listener);
  });
  afterAll(() => {
    for (const { name, listener } of listeners) unsubscribe(name, listener);
  });
  beforeEach(() => {
    events.length = 0;
  });
  return {
    /** All since the test began, or since the last look. */
    takeAll: (): NamedEvent[] => events.splice(0),
    /** Those of a kind since the test began, or since the last look at them. */
    take: (kind: SessionEventKind): NamedEvent[] => {
      const taken = events.filter((event) => event.kind === kind);
      const others = events.filter((event) => event.kind !== kind);
      events.splice(0, events.length, ...others);
      return taken;
    },
  };
}
