import type { ClassFunction } from './class-source.js';

/** Where the statement stands that registers a class: it tells whether a module is evaluated again. */

/**
 * The place that calls `called`, as file, line and column; `undefined` where the call is not one of a
 * module as it is evaluated: a function may make another class each time.
 */
export function callerOf(called: (...args: never[]) => unknown): string | undefined {
  const frame = frameAbove(called);
  const name = frame?.getFunctionName() ?? 'eval';
  const file = frame?.getFileName() ?? frame?.getEvalOrigin();
  if (frame === undefined || !file || !MODULE.test(name)) return undefined;
  return `${withoutQuery(file)}:${frame.getLineNumber()}:${frame.getColumnNumber()}`;
}

/** How the engine and bundlers call the function that a module is. */
const MODULE = /^eval$|\//;

/** A module that is imported again has another query in its URL. */
const withoutQuery = (file: string): string => file.replace(/[?#].*$/s, '');

/** By the engine itself: tools that map sources write other names into the text of a stack. */
function frameAbove(called: (...args: never[]) => unknown): NodeJS.CallSite | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 1;
    Error.prepareStackTrace = (_, frames) => frames;
    const traced: { readonly stack?: readonly NodeJS.CallSite[] } = {};
    Error.captureStackTrace(traced, called);
    return traced.stack?.[0];
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  }
}

/** Where a class comes from. */
export interface Origin {
  readonly cls: ClassFunction;
  /** The option of its type. */
  readonly definedIn: string | undefined;
  /** Where it was registered. */
  readonly registeredAt: string | undefined;
}

/**
 * Whether two classes under one name are one, whose module was evaluated again: both say that they are
 * defined in one place, or one statement has registered both and they have the same text.
 */
export function isEvaluatedAgain(one: Origin, other: Origin): boolean {
  if (one.cls.name !== other.cls.name) return false;
  if (one.definedIn !== undefined || other.definedIn !== undefined) {
    return one.definedIn !== undefined && fileOf(one) === fileOf(other);
  }
  return (
    one.registeredAt !== undefined &&
    one.registeredAt === other.registeredAt &&
    String(one.cls) === String(other.cls)
  );
}

const fileOf = ({ definedIn }: Origin): string | undefined => definedIn && withoutQuery(definedIn);
