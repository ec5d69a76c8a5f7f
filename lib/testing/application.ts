import type { INestApplicationContext } from '@nestjs/common';
import { SESSION_BACKENDS, SessionBackends } from '../request/session-backends.js';
import { SessionError } from '../session.errors.js';

/**
 * The backends of an application. By way of its adapter they are found where the application was built
 * on the other form of this package too.
 *
 * @throws SessionError `SESSION_UNAVAILABLE` where the application has no sessions
 */
export function backendsOf(app: INestApplicationContext, neededBy: string): SessionBackends {
  const ofAdapter = (adapterOf(app) as { [SESSION_BACKENDS]?: SessionBackends })[SESSION_BACKENDS];
  if (ofAdapter !== undefined) return ofAdapter;
  try {
    return app.get(SessionBackends, { strict: false });
  } catch (cause) {
    throw new SessionError(
      'SESSION_UNAVAILABLE',
      `${neededBy} needs an application that imports SessionModule and has booted: await app.init() first.`,
      { cause },
    );
  }
}

/** An application context, or a microservice, has no adapter. */
function adapterOf(app: INestApplicationContext): object {
  const { getHttpAdapter } = app as { getHttpAdapter?: () => object };
  return getHttpAdapter?.call(app) ?? {};
}
