import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';

export type Callback = (error?: Error) => void;

/** The callback among the arguments of `write` or `end`. */
export function callbackOf(args: readonly unknown[]): Callback | undefined {
  return args.find((arg): arg is Callback => typeof arg === 'function');
}

/** Refuses a write as Node does where the response is closed, and wakes who waits to write more. */
export function refuseAsClosed(response: ServerResponse, callback: Callback | undefined): false {
  if (callback !== undefined) {
    const error = errorOf('ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed');
    process.nextTick(callback, error);
  }
  setImmediate(() => response.emit('drain'));
  return false;
}

/** Refuses a write as Node does after the end. An `error` that nobody listens to is not emitted. */
export function refuseAfterEnd(response: ServerResponse, callback: Callback | undefined): false {
  const error = errorOf('ERR_STREAM_WRITE_AFTER_END', 'write after end');
  process.nextTick(() => {
    callback?.(error);
    if (!response.destroyed && response.listenerCount('error') > 0) response.emit('error', error);
  });
  return false;
}

/** Ends the streams that are piped into a response which takes no more of them. */
export function endSources(response: ServerResponse): void {
  response.on('pipe', (source: Readable) => source.unpipe(response));
  response.on('unpipe', (source: Readable) => {
    // The pipe stops reading after this event.
    process.nextTick(() => {
      const isRead = source.listenerCount('data') > 0 || source.listenerCount('readable') > 0;
      // The request shares its socket with the response.
      if (!isRead && source !== response.req) source.destroy();
    });
  });
}

export function errorOf(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
