import { Logger } from '@nestjs/common';
import type { SessionBackendOf } from '../backends/open-session.js';
import { askInTime, resolveSecrets, type ResolvedSecretSource } from '../options/secret.options.js';
import { refuseWeakSecrets } from '../options/secret-strength.js';

/** Asks a function for the secrets of a session again and again, while the application runs. */
export class SecretRefresh {
  private timer: NodeJS.Timeout | undefined;
  private isOver = false;
  // Private to the language, so that no log shows a secret.
  #known: readonly Buffer[];

  constructor(
    private readonly backend: SessionBackendOf,
    private readonly source: ResolvedSecretSource,
  ) {
    this.#known = bytesOf(backend.options.secrets);
    this.askLater();
  }

  stop(): void {
    this.isOver = true;
    clearTimeout(this.timer);
  }

  private askLater(): void {
    if (this.isOver) return;
    this.timer = setTimeout(() => void this.ask(), this.source.refresh).unref();
  }

  /** One that fails keeps the last secrets. */
  private async ask(): Promise<void> {
    const { backend, source } = this;
    try {
      const secrets = resolveSecrets(await askInTime(source.ask, false));
      if (!this.isOver) this.take(secrets);
    } catch (error) {
      if (this.isOver) return;
      backend.publish('secret-failed', undefined, { error });
      new Logger('Session').error(
        `The secrets of session '${backend.options.name}' could not be asked for again; the last ones go on.`,
      );
    }
    this.askLater();
  }

  /** A list that stays the same is neither derived nor warned of again. */
  private take(secrets: readonly (string | Buffer)[]): void {
    const { backend } = this;
    const bytes = bytesOf(secrets);
    if (areSame(bytes, this.#known)) return;
    refuseWeakSecrets([{ name: backend.options.name, secrets }]);
    backend.rotate(secrets);
    this.#known = bytes;
  }
}

/** Copies: whoever gave a buffer may change it. */
function bytesOf(secrets: readonly (string | Buffer)[]): Buffer[] {
  return secrets.map((secret) => Buffer.from(secret as string));
}

function areSame(ones: readonly Buffer[], others: readonly Buffer[]): boolean {
  return ones.length === others.length && ones.every((one, i) => one.equals(others[i]));
}
