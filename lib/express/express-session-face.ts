import { unlessAwaited } from '../session/awaited.js';
import { RequestSession } from '../session/request-session.js';
import { SessionError } from '../session.errors.js';
import { ExpressCookie } from './express-cookie.js';

type Callback = (error?: unknown) => void;

/** What becomes of `req.session`. */
export interface FaceEvents {
  /** The session is a new one: `req.session` is another object from now on. */
  renew(): void;
  /** The session has ended. */
  end(): void;
  /** A callback has thrown. */
  failed(error: unknown): void;
}

/**
 * express-session's interface over a session: values are properties. `get` and `set` are
 * @fastify/session's, which has the rest in common with express-session.
 */
export class ExpressSessionFace {
  /** What the application holds. */
  readonly proxy: object;
  private readonly cookie: ExpressCookie;
  /** The values that it had when another took its place: whoever still holds it reads them. */
  private former: Record<string, unknown> | undefined;

  constructor(
    private readonly request: object,
    private readonly session: RequestSession,
    private readonly events: FaceEvents,
  ) {
    this.cookie = new ExpressCookie(() => session.cookie);
    this.proxy = new Proxy({}, this.handlerOf(this.interface()));
  }

  /** What is no value, whatever the session holds: its names are taken. */
  private interface(): Record<string, unknown> {
    const { cookie, request, session } = this;
    return {
      __proto__: null,
      cookie,
      req: request,
      get id() {
        return session.id;
      },
      get: (key: string) => this.read(key),
      set: (key: string, value: unknown) => this.write(key, value),
      // The session renews its idle time by itself.
      touch: () => this.proxy,
      resetMaxAge: () => this.proxy,
      save: (callback?: Callback) => this.run(() => session.save(), callback),
      reload: (callback?: Callback) => this.run(() => session.reload(), callback),
      destroy: (callback?: Callback) => this.run(() => this.destroy(), callback),
      regenerate: (first?: Callback | string[], second?: Callback) =>
        typeof first === 'function'
          ? this.run(() => this.regenerate([]), first)
          : this.run(() => this.regenerate(first ?? []), second),
    };
  }

  private handlerOf(own: Record<string, unknown>): ProxyHandler<object> {
    return {
      get: (target, key) => {
        if (typeof key === 'symbol') return Reflect.get(target, key) as unknown;
        if (key in own) return own[key];
        return this.has(key) ? this.read(key) : (Reflect.get(target, key) as unknown);
      },
      has: (target, key) =>
        typeof key === 'symbol' ? key in target : key in own || this.has(key) || key in target,
      set: (_target, key, value) => {
        if (typeof key === 'symbol') return false;
        if (key === 'cookie') Object.assign(this.cookie, cookieOf(value));
        else if (key in own) refuseName(key);
        else this.write(key, value);
        return true;
      },
      defineProperty: (_target, key, { value }) => {
        if (typeof key === 'symbol' || key in own) return false;
        this.write(key, value);
        return true;
      },
      deleteProperty: (_target, key) => {
        if (typeof key === 'string' && !(key in own) && this.has(key)) this.remove(key);
        return true;
      },
      ownKeys: () => Object.keys(this.values),
      getOwnPropertyDescriptor: (_target, key) =>
        typeof key === 'symbol' || key in own || !this.has(key)
          ? undefined
          : { value: this.read(key), writable: true, enumerable: true, configurable: true },
    };
  }

  private get values(): Record<string, unknown> {
    return this.former ?? this.session.values;
  }

  private has(key: string): boolean {
    return this.former === undefined ? this.session.has(key) : Object.hasOwn(this.former, key);
  }

  private read(key: string): unknown {
    return this.former === undefined ? this.session.get(key) : this.former[key];
  }

  private write(key: string, value: unknown): void {
    if (this.former !== undefined) this.former[key] = value;
    // express-session writes JSON, which leaves out what is undefined.
    else if (value === undefined) this.session.delete(key);
    else this.session.set(key, value);
  }

  private remove(key: string): void {
    if (this.former === undefined) this.session.delete(key);
    else delete this.former[key];
  }

  /** The values that this object goes on to show, of a session that is another now. */
  private leave(): Record<string, unknown> {
    const { values } = this.session;
    return (this.former = Object.assign(Object.create(null) as Record<string, unknown>, values));
  }

  private async destroy(): Promise<void> {
    this.leave();
    this.events.end();
    await this.session.destroy();
  }

  /** As in express-session, nothing is left of the values; as in @fastify/session, but for some. */
  private async regenerate(kept: readonly string[]): Promise<void> {
    const former = this.leave();
    RequestSession.liveOf(this.session)?.forgetSignIn();
    const renewing = this.session.regenerate();
    this.session.clear();
    for (const key of kept) if (Object.hasOwn(former, key)) this.session.set(key, former[key]);
    this.events.renew();
    await renewing;
  }

  /** Calls back, or gives a promise that ends no process where nobody awaits it. */
  private run(method: () => Promise<void>, callback: Callback | undefined): unknown {
    const done = unlessAwaited(method());
    if (callback === undefined) return done;
    const callBack = (...error: unknown[]) => {
      try {
        callback(...error);
      } catch (thrown) {
        this.events.failed(thrown);
      }
    };
    done.then(() => callBack(), callBack);
    return this.proxy;
  }
}

/** What of a former `req.session.cookie`, or of its JSON, an application may write back. */
function cookieOf(value: unknown): object {
  if (typeof value !== 'object' || value === null || value instanceof ExpressCookie) return {};
  return value;
}

function refuseName(key: string): never {
  throw new SessionError(
    'SESSION_CONFIG',
    `req.session.${key} belongs to the interface of express-session, so it cannot be a value there. Write it by @Session(): session.set('${key}', value).`,
  );
}
