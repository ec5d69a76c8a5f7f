import { Logger } from '@nestjs/common';
import { MIN_SECRET_BYTES, weaknessOf } from '../seal/secret.js';
import { SessionError } from '../session.errors.js';

interface Named {
  readonly name: string;
  readonly secrets: readonly (string | Buffer)[];
}

/** @throws SessionError `SESSION_CONFIG` for a weak secret in production; elsewhere warns, once */
export function refuseWeakSecrets(sessions: readonly Named[]): void {
  const weak = sessions.flatMap(({ name, secrets }) =>
    secrets
      .map((secret, i) => ({
        name,
        fault: weaknessOf(secret),
        at: secrets.length > 1 ? `[${i}]` : '',
      }))
      .filter(({ fault }) => fault !== undefined),
  );
  if (weak.length === 0) return;
  const faults = weak.map(({ name, fault, at }) => `secret${at} of session '${name}' is ${fault}`);
  const message = `SessionModule: ${faults.join('; ')}; allowed: random secrets of ${MIN_SECRET_BYTES} bytes or more. This makes one: node -p "require('node:crypto').randomBytes(32).toString('base64url')"`;
  if (process.env.NODE_ENV === 'production') throw new SessionError('SESSION_CONFIG', message);
  new Logger('Session').warn(`${message} (With NODE_ENV=production this is an error.)`);
}
