/** What an error says of a class that is not registered, for the cases in which its name says little. */
import { runInThisContext } from 'node:vm';
import { serialize } from './serializer.js';
import { registerSessionTypes } from './type-registry.js';

function messageOf(value: object): string {
  try {
    return serialize({ held: value }, 'values.x');
  } catch (error) {
    expect(error).toMatchObject({ code: 'SESSION_TYPE_UNREGISTERED' });
    return (error as Error).message;
  }
}

const evaluated = (source: string): new () => object => runInThisContext(`(${source})`);

describe('the message about an instance of a class that is not registered', () => {
  it('says toObject() of a document of Mongoose', () => {
    // As Mongoose makes one for each model: the state in `$__`, the fields beside it.
    class model {
      $__ = { activePaths: {} };
      kept = { name: 'ann' };
      toObject(): object {
        return { ...this.kept };
      }
    }
    const document = new model();
    expect(messageOf(document)).toMatch(/^values\.x\.held is .*Mongoose: .*document\.toObject\(\)/);
    expect(serialize(document.toObject(), 'values.x')).toBe('{"name":"ann"}');
  });

  it('says so where a decorator above @SessionType() has replaced the class', () => {
    const Wrapped = evaluated('class Wrapped { n = 1 }');
    registerSessionTypes(Wrapped);
    // Decorators that add to a class return one that extends it, under its name or none.
    const named = class extends Wrapped {};
    Object.defineProperty(named, 'name', { value: 'Wrapped' });
    const nameless = class extends Wrapped {};
    Object.defineProperty(nameless, 'name', { value: '' });
    for (const Replacement of [named, nameless]) {
      expect(messageOf(new Replacement())).toMatch(
        /extends Wrapped, which is registered: a decorator above @SessionType\(\) has replaced.*Put @SessionType\(\) above/,
      );
    }
  });

  it('says of a subclass under another name that it is another class, or such a replacement', () => {
    const Plain = evaluated('class Plain { n = 1 }');
    registerSessionTypes(Plain);
    const message = messageOf(
      new (class Mixed extends Plain {
        m = 2;
      })(),
    );
    expect(message).toMatch(/an instance of Mixed.*extends Plain.*registerSessionTypes\(Mixed\)/);
    expect(message).toMatch(/If a decorator above @SessionType\(\) has made it/);
  });

  it('says more than the name of a class that was minified, and registerSessionType alone', () => {
    const M = evaluated('class M { $y = 2026; $M = 10; format() {} }');
    const message = messageOf(new M());
    expect(message).toContain('a class with the minified name M (with $y, $M, format)');
    expect(message).toMatch(
      /registerSessionType\(TheClass, \{ name, serialize, revive \}\)\. See /,
    );
    expect(message).not.toMatch(/@SessionType\(\)|@Type|registerSessionTypes/);
  });
});
