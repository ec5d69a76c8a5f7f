import type { INestApplication } from '@nestjs/common';
import { randomUUID } from 'node:crypto';

/**
 * Whether the adapter trusts a proxy. `unclear`: it trusts some, and none at a usual address.
 * `undefined`: it could not be seen.
 */
export type ProxyTrust = 'trusted' | 'none' | 'unclear' | undefined;

/** Where a proxy usually is: on the same machine, or in a private network (RFC 1918, RFC 4193). */
export const USUAL_ADDRESSES = [
  '127.0.0.1',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.0.1',
  '::1',
  'fd00::1',
];

const PROBE = 'x-nestjs-typed-session-doctor';
/** An application of which a hook never answers must not keep the doctor waiting. */
const PROBE_MILLISECONDS = 5000;

/** What is used of Fastify. */
interface Fastify {
  addHook(
    name: 'onRequest',
    hook: (request: Request, reply: Reply, done: () => void) => void,
  ): unknown;
  inject(request: object): Promise<unknown>;
}

interface Request {
  readonly headers: Record<string, unknown>;
  readonly protocol: string;
  /** `undefined` where no proxy is trusted. */
  readonly ips?: readonly string[];
}

interface Reply {
  send(body: string): unknown;
}

/** Asks the adapter of an application whether it trusts a proxy. */
export interface ProxyProbe {
  /** To be called once the application has booted. */
  ask(): Promise<ProxyTrust>;
}

/** Prepares the question. It is best called before the application boots. */
export function proxyProbe(app: INestApplication): ProxyProbe {
  const adapter = app.getHttpAdapter();
  const instance: unknown = adapter.getInstance();
  return adapter.getType() === 'fastify'
    ? fastifyProbe(instance as Fastify)
    : { ask: async () => trustOfExpress(instance as { get(setting: string): unknown }) };
}

function trustOfExpress(express: { get(setting: string): unknown }): ProxyTrust {
  return express.get('trust proxy') ? 'trusted' : 'none';
}

/** Fastify shows the setting to its requests alone: some are made that never leave the process. */
function fastifyProbe(fastify: Fastify): ProxyProbe {
  const mark = randomUUID();
  const seen: Pick<Request, 'protocol' | 'ips'>[] = [];
  try {
    fastify.addHook('onRequest', (request, reply, done) => {
      if (request.headers[PROBE] !== mark) {
        done();
        return;
      }
      seen.push({ protocol: request.protocol, ips: request.ips });
      reply.send('');
    });
  } catch {
    // It listens already.
    return { ask: async () => undefined };
  }
  const askFrom = async (remoteAddress: string): Promise<ProxyTrust> => {
    const headers = { [PROBE]: mark, 'x-forwarded-proto': 'https' };
    const signal = AbortSignal.timeout(PROBE_MILLISECONDS);
    await fastify.inject({ method: 'GET', url: '/', headers, remoteAddress, signal });
    const request = seen.pop();
    if (request === undefined) return undefined;
    if (request.ips === undefined) return 'none';
    return request.protocol === 'https' ? 'trusted' : 'unclear';
  };
  return {
    ask: async () => {
      let trust: ProxyTrust;
      try {
        for (const address of USUAL_ADDRESSES) {
          trust = await askFrom(address);
          if (trust !== 'unclear') return trust;
        }
      } catch {
        return undefined;
      }
      return trust;
    },
  };
}
