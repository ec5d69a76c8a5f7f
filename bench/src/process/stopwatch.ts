/** Something to time. May be asynchronous: iron-session is. */
export type Operation = () => unknown;

/** Long enough for the clock, short enough that the machine is the same for all in a round. */
const BATCH_MS = 4;
const WARM_UP_MS = 150;

/** What the operations gave, so that no compiler may leave them out. */
export let lastResult: unknown;

/**
 * Times operations against each other: in each round a batch of every one, in turn, with the
 * order swapped from round to round. A benchmark runner such as mitata times one operation to its
 * end and then the next; where the machine drifts meanwhile, so does their ratio.
 *
 * @returns the time of one run of each operation, a figure per round
 */
export async function timeTogether<K extends string>(
  operations: Readonly<Record<K, Operation>>,
  rounds: number,
): Promise<Record<K, number[]>> {
  const batches: Batch[] = [];
  for (const [name, operation] of Object.entries<Operation>(operations)) {
    batches.push(await prepare(name, operation));
  }
  for (let round = 0; round < rounds; round++) {
    for (const batch of round % 2 === 0 ? batches : batches.toReversed()) {
      batch.times.push((await time(batch, batch.runs)) / batch.runs);
    }
  }
  return Object.fromEntries(batches.map(({ name, times }) => [name, times])) as Record<K, number[]>;
}

interface Batch {
  readonly name: string;
  readonly operation: Operation;
  readonly isAsync: boolean;
  readonly runs: number;
  readonly times: number[];
}

/** Warms an operation up, and finds how many of its runs fill a batch. */
async function prepare(name: string, operation: Operation): Promise<Batch> {
  const isAsync = operation() instanceof Promise;
  const end = performance.now() + WARM_UP_MS;
  let runs = 1;
  for (let took = 0; performance.now() < end || took < BATCH_MS / 2;) {
    took = await time({ operation, isAsync }, runs);
    runs = Math.max(1, Math.round((runs * BATCH_MS) / Math.max(took, BATCH_MS / 10)));
  }
  return { name, operation, isAsync, runs, times: [] };
}

async function time(
  { operation, isAsync }: Pick<Batch, 'operation' | 'isAsync'>,
  runs: number,
): Promise<number> {
  const start = performance.now();
  if (isAsync) for (let i = 0; i < runs; i++) lastResult = await operation();
  else for (let i = 0; i < runs; i++) lastResult = operation();
  return performance.now() - start;
}
