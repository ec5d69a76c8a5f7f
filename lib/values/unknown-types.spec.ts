import { Logger } from '@nestjs/common';
import { revive, serialize, UNKNOWN } from './serializer.js';
import { registerSessionTypes } from './type-registry.js';

const GONE = '{"@Gone":{"at":{"$date":5},"in":[{"@AlsoGone":1}]}}';

describe('a stored type that this build does not know', () => {
  let messages: unknown[] = [];
  beforeEach(() => {
    messages = [];
    const ignore = (): void => undefined;
    Logger.overrideLogger({
      log: ignore,
      error: ignore,
      warn: (message) => messages.push(message),
    });
  });
  afterAll(() => {
    Logger.overrideLogger(['error', 'warn', 'log']);
  });

  it.each([
    GONE,
    '{"$later":5}',
    '{"$date":"x"}',
    '{"$date":8640000000000001}',
    '{"$date":1.5}',
    '{"$map":5}',
    '{"$map":[[1]]}',
    '{"$map":[1]}',
    '{"$set":{}}',
    '{"$bigint":"x"}',
    '{"$bigint":""}',
    '{"$bigint":5}',
    '{"$url":"not a url"}',
    '{"$url":5}',
    '{"$buffer":5}',
    '{"$buffer":"a"}',
    '{"$buffer":"!!!!"}',
    '{"$bytes":5}',
    '{"$bytes":["Uint8Array"]}',
    '{"$bytes":["Object","AA=="]}',
    '{"$bytes":["Uint16Array","AA=="]}',
    '{"$number":"7"}',
    '{"$number":7}',
    '{"$undefined":1}',
    '{"$null":5}',
    '{"$null":[]}',
    '{"$":5}',
    '{"$":null}',
    '{"@":{}}',
  ])('reads as undefined, and is written back as it was: %s', (text) => {
    expect(revive(text)).toBe(UNKNOWN);
    for (const around of [
      `{"x":${text},"y":1}`,
      `[1,${text},2]`,
      `{"$map":[["k",${text}]]}`,
      `{"$null":{"x":${text}}}`,
      `{"$":{"$x":${text}}}`,
      `[{"deep":[{"$map":[[{"$date":1},{"x":${text}}]]}]}]`,
    ]) {
      const value = revive(around);
      expect(JSON.stringify(value)).not.toContain('@Gone');
      expect(serialize(value, 'values.x')).toBe(around);
    }
    expect((revive(`{"x":${text},"y":1}`) as any).x).toBeUndefined();
    expect(revive(`[1,${text},2]`)).toEqual([1, undefined, 2]);
  });

  it.each([
    `{"$set":[1,${GONE}]}`,
    `{"$map":[[${GONE},1]]}`,
    `{"$map":[[{"$set":[${GONE}]},{"at":{"$date":1}}]]}`,
  ])('takes the whole with it where it has no slot: %s', (text) => {
    expect(revive(text)).toBe(UNKNOWN);
    expect(serialize(revive(`{"x":[${text}]}`), 'values.x')).toBe(`{"x":[${text}]}`);
  });

  it('stays where it was through changes around it', () => {
    const value = revive(
      `{"list":[${GONE},1,{"@Other":2}],"map":{"$map":[["k",${GONE}]]},"x":${GONE},"y":${GONE}}`,
    ) as any;
    value.list.unshift(0);
    value.list.push(undefined);
    value.map.set('l', undefined);
    value.x = 'replaced';
    delete value.y;
    value.z = undefined;
    expect(serialize(value, 'values.x')).toBe(
      `{"list":[0,${GONE},1,{"@Other":2},{"$undefined":0}],"map":{"$map":[["k",${GONE}],["l",{"$undefined":0}]]},"x":"replaced","z":{"$undefined":0}}`,
    );
  });

  it('stays in a field of an instance, under the name that is stored', () => {
    class Keeper {
      a?: unknown = 'initial';
      b = 1;
    }
    registerSessionTypes(Keeper);
    const text = `{"@Keeper":{"a":${GONE},"b":2}}`;
    const keeper = revive(text) as Keeper;
    expect(keeper).toBeInstanceOf(Keeper);
    expect(keeper.a).toBeUndefined();
    expect(serialize(keeper, 'values.x')).toBe(text);
    keeper.a = 5;
    expect(serialize(keeper, 'values.x')).toBe('{"@Keeper":{"a":5,"b":2}}');
  });

  it('is reported once, by its name and never by its value', () => {
    revive('{"a":{"@ReportedOnce":{"secret":"s3cret"}},"b":{"@ReportedOnce":1}}');
    revive('{"@ReportedOnce":2}');
    revive('{"$set":[{"@ReportedOnce":2}]}');
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatch(/"@ReportedOnce" is not known to this build/);
    expect(messages[0]).not.toContain('s3cret');
  });

  it('is what a text that is no JSON is', () => {
    for (const text of ['', '{', '{"a":', 'undefined', '{"$date":'])
      expect(revive(text)).toBe(UNKNOWN);
  });

  it('is what nests deeper than anything that is written', () => {
    const nest = (depth: number): string => `${'{"$set":['.repeat(depth)}1${']}'.repeat(depth)}`;
    expect(revive(nest(99))).toBeInstanceOf(Set);
    expect(revive(nest(100_000))).toBe(UNKNOWN);
    expect(revive(`${'['.repeat(100_000)}{"$date":1}${']'.repeat(100_000)}`)).toBe(UNKNOWN);
  });

  it('is known again to the next build, with all that it held', () => {
    const later = serialize(revive(`{"kept":[${GONE}]}`), 'values.x');
    class Gone {
      at?: Date;
      in: unknown[] = [];
    }
    registerSessionTypes(Gone);
    const [gone] = (revive(later) as { kept: Gone[] }).kept;
    expect(gone).toBeInstanceOf(Gone);
    expect(gone.at).toEqual(new Date(5));
    expect(serialize(gone, 'values.x')).toBe(GONE);
  });
});
