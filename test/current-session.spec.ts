/** How `SessionService.list` finds the session of the handler that asks. */
import {
  Controller,
  Get,
  Inject,
  Injectable,
  Optional,
  forwardRef,
  type Provider,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { MemorySessionRegistry, Session, SessionService } from 'nestjs-typed-session';
import { currentSessions } from '../lib/request/current-sessions.js';
import { adapters, closeApps, startApp } from './support/app.js';

type Lists = { list(owner: string): Promise<{ isCurrent: boolean }[]> };

/** What a controller under test is given. */
const LISTS = 'lists';

@Controller()
class ListController {
  constructor(@Optional() @Inject(LISTS) private readonly lists?: Lists) {}

  @Get('sign-in') async signIn(@Session() ss: Session) {
    await ss.regenerate({ owner: 'u1' });
  }
  @Get('list') async list(@Session() ss: Session) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return (await this.lists!.list(ss.owner!)).map(({ isCurrent }) => isCurrent);
  }
  @Get('tracked') tracked(@Session() ss: Session) {
    return { isTracked: currentSessions.getStore() !== undefined, owner: ss.owner };
  }
}

@Injectable()
class ByConstructor implements Lists {
  constructor(private readonly sessions: SessionService) {}
  list(owner: string) {
    return this.sessions.list(owner);
  }
}

@Injectable()
class ByToken implements Lists {
  constructor(@Inject(forwardRef(() => SessionService)) private readonly sessions: Lists) {}
  list(owner: string) {
    return this.sessions.list(owner);
  }
}

@Injectable()
class ByProperty implements Lists {
  @Inject(SessionService) private readonly sessions!: SessionService;
  list(owner: string) {
    return this.sessions.list(owner);
  }
}

@Injectable()
class ByModuleRef implements Lists {
  constructor(private readonly module: ModuleRef) {}
  list(owner: string) {
    return this.module.get(SessionService, { strict: false }).list(owner);
  }
}

const ways: [string, Provider][] = [
  ['a constructor', { provide: LISTS, useClass: ByConstructor }],
  ['a forward reference', { provide: LISTS, useClass: ByToken }],
  ['a property', { provide: LISTS, useClass: ByProperty }],
  ['a ModuleRef', { provide: LISTS, useClass: ByModuleRef }],
  ['another name', { provide: LISTS, useExisting: SessionService }],
  [
    'an optional token of a factory',
    {
      provide: LISTS,
      useFactory: (sessions: SessionService) => sessions,
      inject: [{ token: SessionService, optional: true }],
    },
  ],
];

afterEach(closeApps);

describe.each(adapters)('on %s', (adapter) => {
  const start = (providers: Provider[]) =>
    startApp(adapter, {
      controllers: [ListController],
      providers,
      session: { registry: new MemorySessionRegistry() },
    });

  it.each(ways)(
    'list marks the session of the handler: SessionService by %s',
    async (_, provider) => {
      const app = await start([provider]);
      const [client, other] = [app.client(), app.client()];
      await client.get('/sign-in');
      await other.get('/sign-in');
      expect((await client.get('/list')).json.toSorted()).toEqual([false, true]);
      expect((await client.get('/tracked')).json).toEqual({ isTracked: true, owner: 'u1' });
    },
  );

  it('no handler is followed where nobody can ask', async () => {
    const app = await start([]);
    const client = app.client();
    await client.get('/sign-in');
    expect((await client.get('/tracked')).json).toEqual({ isTracked: false, owner: 'u1' });
    expect(await app.sessions.list('u1')).toMatchObject([{ isCurrent: false }]);
  });
});
