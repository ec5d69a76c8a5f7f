/** Sessions in gateways, with the real adapters of sockets. */
import { jest } from '@jest/globals';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Inject,
  Injectable,
  Post,
  Session as NestSession,
  UseGuards,
} from '@nestjs/common';
import { Session, SessionService, SessionValue } from 'nestjs-typed-session';
import { closeApps, isInStore, places, startApp, type TestApp } from '../support/app.js';
import { type Client } from '../support/client.js';
import { describeWithLibraries, moduleOf } from './libraries.js';
import { openSocket, socketKinds, type TestSocket, useSockets } from './sockets.js';

const HOUR = 3_600_000;

afterAll(closeApps);

@Injectable()
class SignedInGuard implements CanActivate {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  async canActivate(context: ExecutionContext) {
    return (await this.sessions.get(context)).has('user');
  }
}

@Controller()
class AccountController {
  @Post('sign-in') signIn(@Session() ss: Session) {
    ss.set('user', 'peter');
    return {};
  }
  @Post('sign-out') async signOut(@Session() ss: Session) {
    await ss.destroy();
    return {};
  }
  @Get('values') values(@Session() ss: Session) {
    return ss.values;
  }
}

/** Sends a message and waits for what is answered. */
type Ask = (event: string) => Promise<unknown>;

describeWithLibraries('gateways', () => {
  const cases = places.flatMap((place) => socketKinds.map((kind) => ({ place, kind })));

  describe.each(cases)('$kind on $place', ({ place, kind }) => {
    let started: TestApp;
    const sockets: TestSocket[] = [];
    afterEach(() => {
      jest.restoreAllMocks();
      sockets.splice(0).forEach((socket) => socket.close());
    });

    beforeAll(async () => {
      const { SubscribeMessage, WebSocketGateway } = await moduleOf('@nestjs/websockets');
      const answer = (data: unknown) => ({ event: 'answer', data });

      @WebSocketGateway()
      class ChatGateway {
        @SubscribeMessage('user') user(@SessionValue('user') user: unknown) {
          return answer(user ?? null);
        }
        @SubscribeMessage('by-nest') byNest(@NestSession() ss: Session) {
          return answer(ss.get('user') ?? null);
        }
        @SubscribeMessage('guarded') @UseGuards(SignedInGuard) guarded() {
          return answer('guarded');
        }
        @SubscribeMessage('count') count(@Session() ss: Session) {
          try {
            ss.set('count', ((ss.get('count') as number | undefined) ?? 0) + 1);
          } catch (error) {
            return answer((error as { code?: string }).code);
          }
          return answer(ss.get('count'));
        }
      }

      started = await startApp(place, {
        controllers: [AccountController],
        providers: [ChatGateway, SignedInGuard],
        session: { idleTimeout: '1h' },
        configure: (app) => useSockets(kind, app),
      });
    }, 120_000);

    async function signedIn(): Promise<{ client: Client; ask: Ask }> {
      const client = started.client();
      await client.post('/sign-in');
      return { client, ask: await connect(`sid=${client.jar.get('sid')}`) };
    }

    async function connect(cookie: string): Promise<Ask> {
      const socket = await openSocket(kind, started.url, cookie);
      sockets.push(socket);
      return async (event) => (await socket.ask(event)).data;
    }

    it('hands the session to a handler, by either decorator, and to its guard', async () => {
      const { ask } = await signedIn();
      expect(await ask('user')).toBe('peter');
      expect(await ask('by-nest')).toBe('peter');
      expect(await ask('guarded')).toBe('guarded');
    });

    if (isInStore(place)) {
      it('commits what a handler has changed', async () => {
        const { client, ask } = await signedIn();
        expect(await ask('count')).toBe(1);
        expect(await ask('count')).toBe(2);
        expect((await client.get('/values')).json).toEqual({ user: 'peter', count: 2 });
      });

      it('finds nothing of a session that was ended elsewhere, and tells of its change', async () => {
        const { client, ask } = await signedIn();
        expect(await ask('user')).toBe('peter');
        await client.post('/sign-out');
        expect(await ask('user')).toBeNull();
        expect(await ask('guarded')).not.toBe('guarded');
        expect(await ask('count')).toBe('SESSION_HEADERS_SENT');
      });
    } else {
      it('refuses a change, which no cookie could carry', async () => {
        expect(await (await signedIn()).ask('count')).toBe('SESSION_HEADERS_SENT');
      });
    }

    it('reads nothing after the idle time', async () => {
      const { ask } = await signedIn();
      const later = Date.now() + HOUR + 1;
      jest.spyOn(Date, 'now').mockImplementation(() => later);
      expect(await ask('user')).toBeNull();
      expect(await ask('guarded')).not.toBe('guarded');
    });
  });
});
