/**
 * Waits for several things.
 *
 * @returns `undefined` where nothing has to be waited for
 */
export function allOf(
  several: readonly (Promise<unknown> | undefined)[],
): Promise<void> | undefined {
  let waiting: Promise<unknown>[] | undefined;
  for (const one of several) if (one !== undefined) (waiting ??= []).push(one);
  return waiting === undefined ? undefined : Promise.all(waiting).then(ignore);
}

function ignore(): void {}

/** What fails at once, as what fails later. */
export async function failedLater(act: () => void): Promise<void> {
  act();
}
