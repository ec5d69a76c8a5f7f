import type { AdoptedTexts } from '../session/session-backing.js';
import type { Adoption, OldSession } from './adoption.js';

/**
 * What becomes of the session of another library that a request brings:
 *
 * - `left`: nothing; the next request may bring it again
 * - `replaced`: a session of ours is kept in its place
 * - `ended`: it must not come back, also where `keepOld` keeps it otherwise
 */
export type OldSessionOutcome = 'left' | 'replaced' | 'ended';

/** The session of another library in one request. */
export class RequestAdoption {
  /** The session that was adopted, where no session of ours was there. */
  adopted: OldSession | undefined;
  /** Whether it is one that was ended here before. */
  private wasEnded = false;
  private isSettled = false;

  constructor(
    private readonly adoption: Adoption,
    private readonly header: string | undefined,
  ) {}

  /**
   * Adopts the session that the request brings.
   *
   * @param assertLeft throws where no other call of a store may begin
   * @throws SessionError `SESSION_STORE`
   */
  async open(assertLeft?: () => void): Promise<AdoptedTexts | undefined> {
    const opened = await this.adoption.open(this.header, assertLeft);
    this.wasEnded = opened === 'ended';
    this.adopted = typeof opened === 'object' ? opened : undefined;
    return this.adopted && { adopted: this.adopted.texts };
  }

  /** What becomes of it where the session itself is neither kept nor ended. */
  get outcomeAlone(): OldSessionOutcome {
    return this.wasEnded ? 'ended' : 'left';
  }

  /** Ends it as the session here ends, in its store and for good. @throws SessionError `SESSION_STORE` */
  async end(): Promise<void> {
    this.isSettled = true;
    const opened = this.adopted ?? (await this.adoption.open(this.header));
    if (opened === undefined || opened === 'ended') return;
    await this.adoption.forget(opened);
    await this.adoption.remove(opened);
  }

  /** The lines that the response has for the old cookies. */
  deletions(outcome: OldSessionOutcome, hasOwn: boolean): string[] {
    if (outcome === 'left') return [];
    return this.adoption.deletions(this.header, hasOwn, outcome === 'ended');
  }

  /** Removes it from its old store, once the response that replaces it is on its way. */
  settle(outcome: OldSessionOutcome): void {
    if (this.isSettled || this.wasEnded || outcome === 'left') return;
    this.isSettled = true;
    const settling = outcome === 'ended' ? this.end() : this.removeReplaced();
    settling.catch((error: unknown) => this.adoption.reportLeft(error));
  }

  private async removeReplaced(): Promise<void> {
    const { adopted } = this;
    if (adopted !== undefined && !adopted.adopter.keepOld) await this.adoption.remove(adopted);
  }

  warnOfSize(): void {
    this.adoption.warnOnce(
      'size',
      `A session of ${this.adopted!.adopter.library} does not fit into a cookie, so it stays where it is and is read from there. Store less in it by map, or keep sessions in a store (the option store).`,
    );
  }
}
