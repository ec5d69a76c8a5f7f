import { knowAll, refuse } from './option-checks.js';
import { DEFAULT_LIMITS, MAX_DEPTH, type ValueLimits } from '../values/limits.js';
import { ValueRules } from '../values/value-rules.js';

/**
 * How much one value of a session may hold, that is all under one key. Storing more is a
 * `SESSION_UNSERIALIZABLE` error. A stored value that is more reads as `undefined`, and is reported.
 */
export interface SessionLimits {
  /** How many objects and lists may lie in each other. Default `100`, at most 500. */
  depth?: number;
  /** How many values it may hold: fields, elements, entries. Default `100000`. */
  nodes?: number;
  /** How many bytes its text may have. Default 32 MiB; a buffer may have 16 MiB at most. */
  bytes?: number;
}

/** Options of class-transformer, by the same names. */
export interface SessionTransformOptions {
  /** The groups whose fields and transforms count, beside those without a group. Default none. */
  groups?: readonly string[];
  /** The version that `since` and `until` are compared with. Default none: they do not count. */
  version?: number;
}

const LIMIT_NAMES = new Set(['depth', 'nodes', 'bytes']);
const TRANSFORM_OPTION_NAMES = new Set(['groups', 'version']);

/** @throws SessionError `SESSION_CONFIG` naming the option, its value and what is allowed */
export function resolveValueRules(
  limits?: SessionLimits,
  classTransformer?: SessionTransformOptions,
): ValueRules {
  return new ValueRules(resolveLimits(limits), resolveTransform(classTransformer));
}

function resolveLimits(limits: SessionLimits = {}): ValueLimits {
  if (typeof limits !== 'object' || limits === null) refuse('limits', limits, 'an object');
  knowAll('limits.', limits, LIMIT_NAMES);
  const limit = (name: keyof ValueLimits, most: number): number => {
    const value = limits[name] ?? DEFAULT_LIMITS[name];
    if (!Number.isInteger(value) || value < 1 || value > most) {
      refuse(`limits.${name}`, value, `a whole number from 1 to ${most}`);
    }
    return value;
  };
  const most = Number.MAX_SAFE_INTEGER;
  return {
    depth: limit('depth', MAX_DEPTH),
    nodes: limit('nodes', most),
    bytes: limit('bytes', most),
  };
}

function resolveTransform(options: SessionTransformOptions = {}): SessionTransformOptions {
  if (typeof options !== 'object' || options === null) {
    refuse('classTransformer', options, 'an object such as { groups, version }');
  }
  knowAll('classTransformer.', options, TRANSFORM_OPTION_NAMES);
  const { groups, version } = options;
  const areNames = Array.isArray(groups) && groups.every((group) => typeof group === 'string');
  if (groups !== undefined && !areNames) {
    refuse('classTransformer.groups', groups, 'a list of names');
  }
  if (version !== undefined && (typeof version !== 'number' || !Number.isFinite(version))) {
    refuse('classTransformer.version', version, 'a number');
  }
  return options;
}
