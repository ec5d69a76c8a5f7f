import { setTimeout as wait } from 'node:timers/promises';
import { SessionError } from '../session.errors.js';
import type { SessionRecord } from '../session/session-record.js';
import type { StoreBackend } from './store-backend.js';
import type { StoreBudget } from './store-budget.js';
import type { StoredRecord } from './stored-record.js';
import { currentTime } from '../session.clock.js';

/** How often a change is tried again that met a newer version. */
const MAX_TRIES = 100;
/** From the third try on: at random, so that those who met do not meet again. Milliseconds. */
const MAX_PAUSE = 5;

/** What a request makes of a session. It may be asked again, of what another made of it meanwhile. */
type Change = (record: SessionRecord) => SessionRecord;

/** The entry of one session in its store. It never makes one that is gone. */
export class StoreEntry {
  /** As the store has it, as far as is known here. */
  private stored: StoredRecord | undefined;

  constructor(
    private readonly backend: StoreBackend,
    private readonly budget: StoreBudget,
  ) {}

  /** `undefined` where there is none, or none any more. */
  get record(): SessionRecord | undefined {
    return this.stored?.record;
  }

  /** Takes over what was read. */
  set(stored: StoredRecord): void {
    this.stored = stored;
  }

  forget(): void {
    this.stored = undefined;
  }

  /** Whether it should be written again, or be made to live longer. */
  get isRenewalDue(): boolean {
    const { stored } = this;
    if (stored === undefined || this.backend.isOver(stored.record)) return false;
    return stored.isOutdated || this.backend.isDue(stored.record, currentTime());
  }

  /** Whether an older key sealed it. */
  get isOutdated(): boolean {
    return this.stored?.isOutdated === true;
  }

  /** Makes the entry of a new session. */
  async begin(record: SessionRecord): Promise<void> {
    this.stored = await this.create(record);
  }

  /** Nobody else knows the id: what lies there already is this request's, of a try that failed. */
  private async create(record: SessionRecord, earlier?: StoredRecord): Promise<StoredRecord> {
    const written = await this.backend.write(record, earlier?.version);
    if (written !== undefined) return written;
    const there = await this.backend.read(record.id);
    const again =
      typeof there === 'object' ? await this.backend.write(record, there.version) : undefined;
    return again ?? this.fail('a new session was neither written nor found');
  }

  /**
   * Changes what the store has now, again and again until nobody else was faster.
   *
   * @returns whether there was something to change
   */
  async change(apply: Change): Promise<boolean> {
    const { stored, backend } = this;
    if (stored === undefined) return false;
    await backend.queue.run(stored.record.id, async (latest) => {
      if (latest !== undefined) this.stored = latest;
      await this.tryToChange(apply);
      return this.stored;
    });
    return this.stored !== undefined;
  }

  private async tryToChange(apply: Change): Promise<void> {
    for (let tries = 0; await this.prepareTry(tries); tries++) {
      const { record, version } = this.stored!;
      const written = await this.backend.write(apply(record), version);
      if (written !== undefined) {
        this.stored = written;
        return;
      }
      await this.read(record);
    }
  }

  /**
   * Gives the session a new id. The new entry is written before the old one is taken away, so that
   * nothing is lost where the store fails in between; and whoever finds the old one gone has met a
   * sign-out, or another move, and takes the new one away again.
   *
   * @returns whether there was something to move
   */
  async move(id: string, apply: Change): Promise<boolean> {
    let moved: StoredRecord | undefined;
    // It does not queue: what others write meanwhile must find the old entry, and comes along.
    for (let tries = 0; await this.prepareTry(tries); tries++) {
      const { record, version } = this.stored!;
      moved = await this.create({ ...apply(record), id }, moved);
      if (await this.backend.remove(record.id, version)) {
        this.stored = moved;
        this.backend.moved(record.id);
        return true;
      }
      await this.read(record);
    }
    if (moved !== undefined) await this.backend.remove(id);
    return false;
  }

  /**
   * Lets it live longer.
   *
   * @returns whether it is there
   */
  async touch(expiresAt: number): Promise<boolean> {
    const { record } = this.stored!;
    if (await this.backend.touch(record.id, expiresAt)) {
      this.stored = { ...this.stored!, record: { ...record, expiresAt, sentAt: currentTime() } };
    } else {
      this.forget();
    }
    return this.stored !== undefined;
  }

  /** @param known what was last known of the session */
  async read(known: Pick<SessionRecord, 'id' | 'signIn'>): Promise<void> {
    const stored = await this.backend.read(known.id, this.backend.placeOf(known));
    this.stored = typeof stored === 'object' ? stored : undefined;
  }

  /**
   * @returns whether there is something to try on
   * @throws SessionError `SESSION_STORE` where it was tried too often or too long
   */
  private async prepareTry(tries: number): Promise<boolean> {
    this.budget.assertLeft();
    const { stored } = this;
    // Another request may have renewed it since.
    if (stored !== undefined && this.backend.isOver(stored.record)) {
      await this.read(stored.record);
    }
    if (this.stored === undefined) return false;
    if (tries === MAX_TRIES) this.fail(`${MAX_TRIES} tries met a newer version`);
    if (tries > 2) await wait(Math.random() * MAX_PAUSE);
    return true;
  }

  private fail(reason: string): never {
    throw new SessionError(
      'SESSION_STORE',
      `Session '${this.backend.options.name}' could not be kept: ${reason}.`,
    );
  }
}
