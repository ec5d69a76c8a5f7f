import { Logger } from '@nestjs/common';
import type { SessionBackendOf } from '../backends/open-session.js';
import { resolveSecrets, type ResolvedSecretSource } from '../options/secret.options.js';
import { refuseWeakSecrets } from '../options/secret-strength.js';

/** Asks a function for the secrets of a session again and again, while the application runs. */
export class SecretRefresh {
  private timer: NodeJS.Timeout | undefined;
  private isOver = false;

  constructor(
    private readonly backend: SessionBackendOf,
    private readonly source: ResolvedSecretSource,
  ) {
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
      const secrets = resolveSecrets(await source.ask());
      refuseWeakSecrets([{ name: backend.options.name, secrets }]);
      if (!this.isOver) backend.rotate(secrets);
    } catch (error) {
      backend.publish('secret-failed', undefined, { error });
      new Logger('Session').error(
        `The secrets of session '${backend.options.name}' could not be asked for again; the last ones go on.`,
      );
    }
    this.askLater();
  }
}
