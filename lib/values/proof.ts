import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ClassPlan } from './class-plan.js';
import { Decoder } from './decoder.js';
import { Encoder } from './encoder.js';
import type { Mark, MarkTaker } from './encoder-options.js';
import { refusedNotReadBack } from './refusal.js';
import type { JsonObject } from './tags.js';
import type { Trail } from './trail.js';
import type { ValueRules } from './value-rules.js';

/** A field that came back as another: of the instance that was noted with this number. */
interface Fault {
  readonly number: number;
  readonly mark: Mark;
}

// JSON has no control character in it, so none of these is a part of a value.
// oxlint-disable-next-line no-control-regex -- it is what stands in the text
const NUMBER = /(\{)?\0(\d+)\0(,)?/g;

/** A key that no value has. */
const NUMBER_KEY = `number ${randomUUID()}`;

/**
 * Reads back what was written of a value, once and as a whole, and refuses a field of an instance
 * that came out as another.
 */
export class Proof implements MarkTaker {
  private readonly noted: { readonly instance: object; readonly marks: readonly Mark[] }[] = [];

  /** @param fault what is refused when the instance is written again, where its path is known */
  constructor(private readonly fault?: Fault) {}

  note(instance: object, marks: readonly Mark[], trail: Trail): string {
    const number = this.noted.push({ instance, marks }) - 1;
    if (number === this.fault?.number) {
      const { key, remedy } = this.fault.mark;
      trail.at(key);
      throw refusedNotReadBack(trail.path(), remedy);
    }
    return `\0${number}\0`;
  }

  /**
   * The text without the numbers in it.
   *
   * @throws SessionError `SESSION_UNSERIALIZABLE`
   */
  proved(text: string, value: unknown, path: string, rules: ValueRules): string {
    if (this.noted.length === 0) return text;
    const fault = this.faultIn(text, rules);
    if (fault !== undefined) {
      new Encoder(path, rules, { marks: new Proof(fault) }).value(value, undefined);
      throw refusedNotReadBack(path, fault.mark.remedy);
    }
    return text.replace(NUMBER, (_, brace = '', __, comma = '') => brace || comma);
  }

  private faultIn(text: string, rules: ValueRules): Fault | undefined {
    const numbered = text.replace(
      NUMBER,
      (_, brace: string | undefined, number, comma = '') =>
        `${brace ?? ','}"${NUMBER_KEY}":${number}${comma}`,
    );
    const node: unknown = JSON.parse(numbered);
    const numbers = new Map<object, number>();
    takeNumbers(node, numbers);
    const compared = new Map<object, number>();
    let fault: Fault | undefined;
    const compare = (number: number, back: object): void => {
      const { instance, marks } = this.noted[number];
      const mark = marks.find(({ key }) => {
        const one = (instance as Record<string, unknown>)[key];
        const other = (back as Record<string, unknown>)[key];
        return one !== undefined && !areSame(one, other, rules, compared);
      });
      if (mark !== undefined) fault ??= { number, mark };
      compared.set(instance, number).set(back, number);
    };
    try {
      new ProvingDecoder(rules, numbers, compare).value(node);
    } catch {
      // What throws when it is read is kept as it is stored.
    }
    return fault;
  }
}

/** Tells of each numbered instance, innermost first, as it was read. */
class ProvingDecoder extends Decoder {
  constructor(
    rules: ValueRules,
    private readonly numbers: ReadonlyMap<object, number>,
    private readonly compare: (number: number, back: object) => void,
  ) {
    super(rules, true);
  }

  protected override built(plan: ClassPlan, stored: JsonObject, node: JsonObject): unknown {
    const unknownsBefore = this.unknowns;
    const back = super.built(plan, stored, node);
    // Without its name of the class, what is stored is a copy of the node.
    const number = this.numbers.get(stored) ?? this.numbers.get(node);
    const isWhole = this.unknowns === unknownsBefore && typeof back === 'object' && back !== null;
    if (number !== undefined && isWhole) this.compare(number, back);
    return back;
  }
}

/** Removes the numbers from what was parsed, and tells which object had which. */
function takeNumbers(node: unknown, numbers: Map<object, number>): void {
  if (typeof node !== 'object' || node === null) return;
  if (Object.hasOwn(node, NUMBER_KEY)) {
    const object = node as Record<string, unknown>;
    numbers.set(node, object[NUMBER_KEY] as number);
    delete object[NUMBER_KEY];
  }
  for (const child of Object.values(node)) takeNumbers(child, numbers);
}

/** By what is stored of them; by their fields where one cannot be stored as it is. */
function areSame(
  one: unknown,
  other: unknown,
  rules: ValueRules,
  compared: ReadonlyMap<object, number>,
): boolean {
  if (typeof one !== 'object' || one === null) return Object.is(one, other);
  const textOf = (value: unknown, known?: ReadonlyMap<object, number>): string =>
    new Encoder('value', rules, { isBare: true, compared: known }).value(value, undefined);
  try {
    // A form of its own may hold a copy of what was compared.
    return textOf(one, compared) === textOf(other, compared) || textOf(one) === textOf(other);
  } catch {
    return isDeepStrictEqual(one, other);
  }
}
