import { Encoder } from './encoder.js';
import type { Decoder } from './decoder.js';
import type { Findings, FoundFault } from './faults.js';
import { refusedInvalid } from './refusal.js';
import { SessionError } from '../session.errors.js';
import type { JsonObject } from './tags.js';
import { issueOf, summaryOf, type SessionTypeIssue } from './type-check.js';
import type { OwnForm } from './type-options.js';
import type { RegisteredType } from './type-registry.js';
import { DROPPED, UNKNOWN } from './unknown-types.js';

/** Ends the reading of a whole value: its owner, or whoever wrote its type, has to hear of it. */
export class ReadingStopped extends Error {
  constructor(
    readonly node: object,
    readonly errorAt: (path: string) => SessionError,
  ) {
    super();
  }
}

/** What a registered type has to say when one of its values is read: upgrades, checks, failures. */
export class TypedReader implements Findings {
  readonly faults: FoundFault[] = [];
  readonly continued = new Map<object, object[]>();

  constructor(
    private readonly decoder: Decoder,
    private readonly isReplay: boolean,
  ) {}

  revived(type: RegisteredType, form: OwnForm, stored: unknown, node: JsonObject): unknown {
    try {
      return form.revive(stored);
    } catch (error) {
      return this.failed(type, `@${type.name}`, 'could not be revived', error, node);
    }
  }

  /** A value that an earlier version of its type stored, step by step in the form of today. */
  upgraded(type: RegisteredType, version: number, payload: unknown, node: JsonObject): unknown {
    const { decoder } = this;
    // A copy, since a step may change it in place: what is kept if it then throws must be whole.
    const copy: unknown = JSON.parse(JSON.stringify(payload));
    this.continueIn(node, copy);
    const unknownsBefore = decoder.unknowns;
    const old = decoder.value(copy);
    // A step that saw half of what was stored would make it half for good.
    if (decoder.unknowns !== unknownsBefore) return UNKNOWN;
    if (old === DROPPED) return DROPPED;
    let fields: unknown;
    try {
      const next = type.upgrades.slice(version - 1).reduce((form, step) => step(form), old);
      if (type.form !== undefined) return this.checked(type, type.form.revive(next), node);
      fields = JSON.parse(this.textOf(next));
    } catch (error) {
      if (error instanceof ReadingStopped) throw error;
      return this.failed(type, `@${type.name}`, 'could not be upgraded', error, node);
    }
    this.continueIn(node, fields);
    return decoder.instance(type, fields, node);
  }

  /** As text, so that the plan of the class meets what it would meet had it been stored today. */
  private textOf(upgraded: unknown): string {
    if (typeof upgraded !== 'object' || upgraded === null || !isPlainObject(upgraded)) {
      throw new TypeError('An upgrade must return a plain object of fields.');
    }
    return new Encoder('upgraded', this.decoder.rules).fields(upgraded);
  }

  private continueIn(node: object, next: unknown): void {
    if (typeof next !== 'object' || next === null) return;
    this.continued.set(node, [...(this.continued.get(node) ?? []), next]);
  }

  /** The value, as its type's check leaves it, or what its owner wants in its place. */
  checked(type: RegisteredType, value: unknown, node: JsonObject): unknown {
    if (type.check === undefined) return value;
    let issues: SessionTypeIssue[];
    try {
      const verdict = type.check(value);
      if ('value' in verdict) return verdict.value;
      issues = verdict.issues.map(issueOf);
    } catch (error) {
      // Not the value's fault, and not to be overlooked: the schema cannot be used at all.
      if (error instanceof SessionError && !this.isReplay)
        throw new ReadingStopped(node, () => error);
      return this.failed(type, `@${type.name}`, 'could not be checked', error, node);
    }
    return this.invalid(type, value, issues, node);
  }

  private invalid(
    type: RegisteredType,
    value: unknown,
    issues: readonly SessionTypeIssue[],
    node: JsonObject,
  ): unknown {
    const { onInvalid } = type;
    const fault = { node, type: `@${type.name}`, why: summaryOf(issues) };
    if (this.isReplay) return this.decoder.unknown(fault.type, fault.why, node);
    if (onInvalid === 'throw') {
      throw new ReadingStopped(node, (path) => refusedInvalid(path, fault.type, fault.why));
    }
    let replacement: unknown;
    try {
      replacement = onInvalid === 'drop' ? undefined : onInvalid(value, issues);
    } catch (error) {
      return this.failed(type, fault.type, 'could not be replaced', error, node);
    }
    this.faults.push({ ...fault, outcome: replacement === undefined ? 'dropped' : 'replaced' });
    return replacement === undefined ? DROPPED : replacement;
  }

  /** The class's own code threw: no fault of the value, which another build may well read. */
  failed(
    type: RegisteredType | undefined,
    name: string,
    what: string,
    error: unknown,
    node: JsonObject,
  ): typeof UNKNOWN {
    if (error instanceof ReadingStopped) throw error;
    const why = `${what} (${nameOf(error)})`;
    if (type?.onInvalid === 'throw' && !this.isReplay) {
      throw new ReadingStopped(node, (path) => refusedInvalid(path, name, why, error));
    }
    return this.decoder.unknown(name, why, node);
  }
}

function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype === Object.prototype || prototype === null;
}

/** Not its message: that may quote the value. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
