import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { StaleSignIn } from './stale-sign-in.js';

interface Socket {
  /** Of a socket of ws, whose `emit` reaches nobody. */
  readonly readyState?: unknown;
  send(text: string): void;
  emit(event: string, payload: unknown): void;
}

/** Where Nest's `@UseFilters` keeps what it says, in every version since 4. */
const FILTERS = '__exceptionFilters__';

/**
 * Tells a socket of the code `SESSION_STALE`, in the event `exception`, as Nest tells of a `WsException`.
 * Of any other error Nest tells a socket that it is an internal one.
 */
@Catch(StaleSignIn)
export class StaleSignInFilter implements ExceptionFilter<StaleSignIn> {
  catch(error: StaleSignIn, host: ArgumentsHost): void {
    const client = host.switchToWs().getClient<Socket>();
    const data = { status: 'error', ...(error.getResponse() as object) };
    if (typeof client.readyState === 'number') {
      client.send(JSON.stringify({ event: 'exception', data }));
    } else {
      client.emit('exception', data);
    }
  }
}

/** Gives a gateway that filter, before which those of the application come. */
export function filterStaleSignIns(gateway: object): void {
  const filters = (Reflect.getOwnMetadata(FILTERS, gateway) ?? []) as unknown[];
  if (filters.some((one) => one instanceof StaleSignInFilter)) return;
  Reflect.defineMetadata(FILTERS, [new StaleSignInFilter(), ...filters], gateway);
}
