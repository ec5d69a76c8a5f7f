/**
 * A promise that ends no process where nobody awaits it: what fails then meets the commit too.
 *
 * @param tell is called with the error where nobody has awaited it by the time it fails
 */
export function unlessAwaited<T>(
  promise: Promise<T>,
  tell: (error: unknown) => void = () => {},
): Promise<T> {
  const watched = new WatchedPromise<T>((resolve, reject) => void promise.then(resolve, reject));
  const onError = (error: unknown) => {
    if (!watched.isAwaited) tell(error);
  };
  Promise.prototype.then.call(watched, undefined, (error) => void setImmediate(onError, error));
  return watched;
}

/** A promise that knows whether anybody awaits it. `await` calls `then` of a subclass. */
class WatchedPromise<T> extends Promise<T> {
  static override get [Symbol.species]() {
    return Promise;
  }

  isAwaited = false;

  override then<A = T, B = never>(
    onResolved?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.isAwaited = true;
    return super.then(onResolved, onRejected);
  }
}
