import { GobWriter } from './gob-writer.js';
import { BASIC, FIRST_USER_ID, WIRE_KINDS } from './gob-types.js';
import type { GoType } from './go-type.js';

/** The fields of each struct, with their types. */
export type GoStructs = ReadonlyMap<string, ReadonlyMap<string, GoType>>;

const BASIC_IDS = {
  bool: BASIC.bool,
  int: BASIC.int,
  uint: BASIC.uint,
  float: BASIC.float,
  bytes: BASIC.bytes,
  string: BASIC.string,
  interface: BASIC.interface,
} as const;

/** The types that one gob defines: each is given an id when it is first met. */
export class GobDefinitions {
  private readonly ids = new Map<string, number>();
  private readonly messages: Buffer[] = [];

  constructor(private readonly structs: GoStructs) {}

  /** The messages that define them, which stand before that of the value. */
  get written(): readonly Buffer[] {
    return this.messages;
  }

  idOf(type: GoType): number {
    if (type.kind in BASIC_IDS) return BASIC_IDS[type.kind as keyof typeof BASIC_IDS];
    const key = JSON.stringify(type);
    let id = this.ids.get(key);
    if (id === undefined) {
      id = FIRST_USER_ID + 1 + this.ids.size;
      // Before its fields: a struct may lie in itself.
      this.ids.set(key, id);
      this.define(id, type);
    }
    return id;
  }

  private define(id: number, type: GoType): void {
    const writer = new GobWriter().signed(-id);
    const begin = (kind: (typeof WIRE_KINDS)[number], name = ''): GobWriter => {
      // A `wireType` of which one field is set, and in it `CommonType`: the name, and the id.
      writer.unsigned(WIRE_KINDS.indexOf(kind) + 1).unsigned(1);
      if (name !== '') writer.unsigned(1).text(name);
      return writer
        .unsigned(name === '' ? 2 : 1)
        .signed(id)
        .unsigned(0);
    };
    if (type.kind === 'slice') {
      begin('slice').unsigned(1).signed(this.idOf(type.element));
    } else if (type.kind === 'array') {
      begin('array').unsigned(1).signed(this.idOf(type.element)).unsigned(1).signed(type.length);
    } else if (type.kind === 'map') {
      begin('map').unsigned(1).signed(this.idOf(type.key));
      writer.unsigned(1).signed(this.idOf(type.element));
    } else if (type.kind === 'struct') {
      this.defineFields(begin('struct', type.name.replace(/^.*\./s, '')), type.name);
    } else {
      begin('gob', 'Time');
    }
    this.messages.push(message(writer.unsigned(0).unsigned(0).end()));
  }

  private defineFields(writer: GobWriter, struct: string): void {
    const fields = this.structs.get(struct)!;
    if (fields.size === 0) return;
    writer.unsigned(1).unsigned(fields.size);
    for (const [name, type] of fields) {
      writer.unsigned(1).text(name).unsigned(1).signed(this.idOf(type)).unsigned(0);
    }
  }
}

/** What is sent behind its length. */
export function message(content: Uint8Array): Buffer {
  return new GobWriter().bytes(content).end();
}
