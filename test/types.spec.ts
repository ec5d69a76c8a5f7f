import { expectTypeOf } from 'expect-type';
import { type as arkType } from 'arktype';
import type express from 'express';
import type session from 'express-session';
import type { FastifyRequest } from 'fastify';
import {
  Flashes,
  registerSessionType,
  type RequestWithSession,
  Session,
  SessionService,
  SessionType,
  type SessionTypeIssue,
  SessionValue,
  type StandardSchema,
} from 'nestjs-typed-session';
import * as v from 'valibot';
import { z } from 'zod';
import { compile, complaints, Project } from './support/readme.js';

class User {
  name!: string;
}

interface Shape {
  user: User;
  notices: string[];
}

/** Express's request as `@types/express-session` declares it, and Fastify's, which has no session. */
type ExpressRequest = express.Request & { readonly session: session.Session };

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
  expectTypeOf(typed.peekFlashes('notices')).toEqualTypeOf<string[]>();
  typed.addFlash('text', 'notices');
  typed.addFlash({ any: 'thing' });
  typed.addFlash(5, 'another key');
  plain.addFlash(5, 'notices');
  // @ts-expect-error -- a number is no text
  typed.addFlash(5, 'notices');
  // @ts-expect-error -- a user is no list of flashes
  typed.addFlash('text', 'user');
  expectTypeOf(typed.flashes<string>('else')).toEqualTypeOf<string[]>();
  expectTypeOf(typed.save()).toEqualTypeOf<Promise<void>>();
  expectTypeOf(typed.createdAt).toEqualTypeOf<Date>();

  expectTypeOf(sessions.get({}, {})).resolves.toEqualTypeOf<Session>();
  expectTypeOf(sessions.get<Shape>({}, {})).resolves.toEqualTypeOf<Session<Shape>>();
  expectTypeOf(sessions.unseal('')).toEqualTypeOf<Record<string, unknown> | undefined>();

  expectTypeOf<RequestWithSession<ExpressRequest, Shape>['session']>().toEqualTypeOf<
    Session<Shape>
  >();
  expectTypeOf<RequestWithSession<FastifyRequest>['session']>().toEqualTypeOf<Session>();
  expectTypeOf<RequestWithSession<ExpressRequest>>().toHaveProperty('originalUrl');
  expectTypeOf<RequestWithSession<FastifyRequest>>().toHaveProperty('routeOptions');

  expectTypeOf(Session('admin')).toEqualTypeOf<ParameterDecorator>();
  expectTypeOf(Flashes('key')).toEqualTypeOf<ParameterDecorator>();
  expectTypeOf(SessionValue('key')).toEqualTypeOf<ParameterDecorator>();
  SessionType('user')(User);
  SessionType({
    version: 2,
    upgrade: { 1: (old: { called: string }) => ({ name: old.called }) },
    schema: z.object({ name: z.string() }),
    onInvalid: (user: User, issues) => {
      expectTypeOf(issues).toEqualTypeOf<readonly SessionTypeIssue[]>();
      return user;
    },
  })(User);
  registerSessionType(User, {
    upgrade: { 1: (old) => ({ name: old.called }) },
    onInvalid: (user) => {
      expectTypeOf(user).toEqualTypeOf<User>();
      return undefined;
    },
  });
  // @ts-expect-error -- text is no user
  registerSessionType(User, { onInvalid: () => 'text' });
  // @ts-expect-error -- what revive gives is no user
  registerSessionType(User, { serialize: (user) => user.name, revive: (name: string) => name });
  for (const schema of [z.string(), v.object({ name: v.string() }), arkType({ name: 'string' })]) {
    expectTypeOf(schema).toExtend<StandardSchema>();
  }
  SessionType<User, string>({ serialize: (user) => user.name, revive: () => new User() })(User);
}

describe('the types', () => {
  it('say what the session holds', () => {
    expect(statements).toBeInstanceOf(Function);
  });
});

/** `SessionData` holds for a whole program, so these statements are one of their own. */
const DECLARED = `
## Declared
\`\`\`ts
import { Controller, Get, ParseIntPipe } from '@nestjs/common';
import { Flashes, Session, SessionService, SessionValue } from 'nestjs-typed-session';

export class User {
  name = '';
}
declare module 'nestjs-typed-session' {
  interface SessionData {
    user: User;
    visits?: number;
    notices: string[];
  }
}
@Controller()
export class DeclaredController {
  constructor(private readonly sessions: SessionService) {}

  @Get()
  get(
    @Session() ss: Session,
    @SessionValue('visits', ParseIntPipe) visits: number,
    @Flashes('notices') notices: string[],
  ) {
    const name: string | undefined = ss.get('user')?.name;
    const flash: string[] = ss.flashes('notices');
    ss.set('user', new User());
    ss.values.visits = visits + 1;
    ss.addFlash('text', 'notices');
    ss.addFlash({ of: 'any kind' });
    return [name, flash, notices];
  }

  async wrong(@Session() ss: Session, @Session() own: Session<{ cart: string[] }>) {
    const name: string = ss.get('user').name; // 1
    ss.set('user', 5); // 2
    ss.get('usr'); // 3
    ss.values.visits = 'five'; // 4
    ss.addFlash(5, 'notices'); // 5
    own.get('user'); // 6
    const { visits }: { visits: string } = (await this.sessions.get({})).values; // 7
    return [name, visits];
  }
}
\`\`\`
`;

describe('the types, where an application declares its session', () => {
  it('hold for all of it, and find what is wrong', () => {
    const project = new Project([{ path: 'declared.md', name: 'declared', text: DECLARED }]);
    try {
      const files = project.files.map((file) => project.path(file));
      const found = complaints(compile(files), files).map((text) =>
        Number(/^declared\.md:(\d+)/.exec(text)![1]),
      );
      const lines = DECLARED.split('\n');
      const wrong = lines.flatMap((line, i) => (/; \/\/ \d$/.test(line) ? [i + 1] : []));
      expect([...new Set(found)].toSorted((one, other) => one - other)).toEqual(wrong);
      expect(wrong).toHaveLength(7);
    } finally {
      project.remove();
    }
  });
});
