import { expectTypeOf } from 'expect-type';
import { Flashes, Session, SessionService, SessionType, SessionValue } from 'nestjs-typed-session';

class User {
  name!: string;
}

interface Shape {
  user: User;
  notices: string[];
}

/** Never called: these are statements to the compiler, which `npm run lint` asks. */
function statements(plain: Session, typed: Session<Shape>, sessions: SessionService): void {
  expectTypeOf(plain.get('anything')).toEqualTypeOf<unknown>();
  plain.set('anything', 5);
  plain.values.anything = () => 1;

  expectTypeOf(typed.get('user')).toEqualTypeOf<User | undefined>();
  expectTypeOf(typed.values.user).toEqualTypeOf<User | undefined>();
  typed.set('user', new User());
  // @ts-expect-error -- a number is no user
  typed.set('user', 5);
  // @ts-expect-error -- no such key
  typed.get('usr');
  // @ts-expect-error -- the live values are not to be replaced
  typed.values = {};

  expectTypeOf(typed.flashes('notices')).toEqualTypeOf<string[]>();
  expectTypeOf(typed.flashes()).toEqualTypeOf<unknown[]>();
  expectTypeOf(typed.flashes<string>('else')).toEqualTypeOf<string[]>();
  expectTypeOf(typed.save()).toEqualTypeOf<Promise<void>>();
  expectTypeOf(typed.createdAt).toEqualTypeOf<Date>();

  expectTypeOf(sessions.get({}, {})).resolves.toEqualTypeOf<Session>();
  expectTypeOf(sessions.get<Shape>({}, {})).resolves.toEqualTypeOf<Session<Shape>>();
  expectTypeOf(sessions.unseal('')).toEqualTypeOf<Record<string, unknown> | undefined>();

  expectTypeOf(Session('admin')).toEqualTypeOf<ParameterDecorator>();
  expectTypeOf(Flashes('key')).toEqualTypeOf<ParameterDecorator>();
  expectTypeOf(SessionValue('key')).toEqualTypeOf<ParameterDecorator>();
  SessionType('user')(User);
  SessionType<User, string>({ serialize: (user) => user.name, revive: () => new User() })(User);
}

describe('the types', () => {
  it('say what the session holds', () => {
    expect(statements).toBeInstanceOf(Function);
  });
});
