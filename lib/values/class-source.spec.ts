import { runInThisContext } from 'node:vm';
import { hiddenState, takesNoArguments, type ClassFunction } from './class-source.js';

const evaluated = (source: string): ClassFunction => runInThisContext(`(${source})`);

const privateMembers = (source: string): string | undefined =>
  /#private \w+/.exec(hiddenState(evaluated(source)) ?? '')?.[0];

describe('private fields', () => {
  it.each([
    'class A { #x }',
    'class A { #x = 1; }',
    'class A { a = 1\n #x = 2 }',
    'class A { static a = 1\n #x = 2 }',
    'class A { a = {} ; #x = () => {} }',
    'class A { #y() {} #x }',
    'class A { get #y() { return 1 } #x = this.#y }',
    'class A { "#y" = `}`; /* } */ #x }',
    'class A { a = /[/"]}/; #x }',
    'class A { a = 6 / 2; b = `${`}` + "}"}`; #größe }',
    'class A extends class { #x } {}',
    'class A extends (class B { b = "}"; #x }) { y = 1 }',
  ])('are seen in %s', (source) => {
    expect(privateMembers(source)).toBe('#private fields');
  });

  it.each([
    'class A {}',
    'class A { a = "#x"; b = \'#x\'; c = `#x`; d = /#x/; }',
    'class A { // #x\n /* #x */ a = 1 }',
    'class A { "#x" = 1; ["#y"] = 2 }',
    'class A { static #count = 0; static async #next() {} static get #x() { return 1 } }',
    'class A { make() { return class { #x = 1 } } }',
    'class A { a = class { #x = 1 } }',
    'class A { a = `${"#"}x #y ${`#z`}` }',
    'function A() { this.a = "#x" }',
    'class A extends Date {}',
  ])('are not seen in %s', (source) => {
    expect(privateMembers(source)).toBeUndefined();
  });

  it.each([
    // TypeScript
    'class A { constructor() { _A_x.set(this, void 0); } }',
    'class A { constructor() { _A_instances.add(this); _A_x.set(this, void 0); } }',
    'class A { get x() { return __classPrivateFieldGet(this, _A_x, "f"); } }',
    'class A { get x() { return tslib_1.__classPrivateFieldGet(this, _A_x, "f"); } }',
    // SWC
    'class A { constructor() { _class_private_field_init(this, _x, { writable: true, value: 1 }); } }',
    // Babel
    'class A { constructor() { _classPrivateFieldInitSpec(this, _x, 1); } }',
    // esbuild, which spells a method like a field
    'class A { constructor() { __privateAdd(this, _x, 1); } }',
    'function A() { __privateAdd(this, _x, 1); }',
  ])('are seen where a compiler lowered them: %s', (source) => {
    expect(privateMembers(source)).toBe('#private fields');
  });
});

describe('private methods', () => {
  const classes = [
    'class A { #x() {} }',
    'class A { get #x() { return 1 } set #x(v) {} }',
    'class A { async *#x () {} static #y = 1 }',
    'class A { a = this.#x(); #x() { return 1 } }',
    'class A extends class { #x() {} } {}',
    // TypeScript
    'class A { constructor() { _A_instances.add(this); } m() { __classPrivateFieldGet(this, _A_instances, "m", _A_x).call(this); } }',
    // SWC
    'class A { constructor() { (0, _class_private_method_init._)(this, _x); } }',
    // Babel
    'class A { constructor() { (0, _classPrivateMethodInitSpec2.default)(this, _x); } }',
  ];

  it.each(classes)('hide nothing where the constructor installs them again: %s', (source) => {
    expect(hiddenState(evaluated(source))).toBeUndefined();
  });

  it.each(classes)('are missed where no constructor runs: %s', (source) => {
    const cls = evaluated(`class B extends (${source}) { constructor(b) { super() } }`);
    expect(hiddenState(cls)).toMatch(/#private methods/);
  });
});

describe('a constructor', () => {
  it.each([
    'class A {}',
    'class A { constructor() {} }',
    'class A { constructor(a = 1, ...rest) {} }',
    'class A extends (class B {}) {}',
    'class A extends (class B { constructor(b) {} }) { constructor() { super(1) } }',
    'class A extends (class B {}) { constructor() { super(...arguments); this.x = 1 } }',
    'function A() {}',
  ])('takes no arguments in %s', (source) => {
    expect(takesNoArguments(evaluated(source))).toBe(true);
  });

  it.each([
    'class A { constructor(a) {} }',
    'class A extends (class B { constructor(b) {} }) {}',
    'class A extends (class B { constructor(b) {} }) { x = "constructor()" /* constructor() */ }',
    'class A extends (class B { constructor(b) {} }) { constructor() { super(...arguments); this.x = 1 } }',
    'class A extends (class B extends (class C { constructor(c) {} }) {}) {}',
    'function A(a) {}',
  ])('takes arguments in %s', (source) => {
    expect(takesNoArguments(evaluated(source))).toBe(false);
  });
});
