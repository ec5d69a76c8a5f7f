/** A promise that ends no process where nobody awaits it: what fails then meets the commit too. */
export function unlessAwaited<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
