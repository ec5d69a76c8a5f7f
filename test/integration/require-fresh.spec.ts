/** @RequireFresh in resolvers and gateways, with the real drivers and adapters of sockets. */
import { jest } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { MemorySessionRegistry, RequireFresh, Session, SessionModule } from 'nestjs-typed-session';
import {
  adapters,
  closeApps,
  isInStore,
  places,
  SECRET,
  startApp,
  type TestApp,
} from '../support/app.js';
import type { Client } from '../support/client.js';
import { describeWithLibraries, moduleOf } from './libraries.js';
import { openSocket, socketKinds, type TestSocket, useSockets } from './sockets.js';

const MINUTE = 60_000;

afterAll(closeApps);

/** What a client is told. */
const STALE = {
  statusCode: 401,
  code: 'SESSION_STALE',
  message: 'Sign in again: this needs a sign-in that is fresher.',
  error: 'Unauthorized',
};

@Controller()
class SignInController {
  @Get('visit') visit(@Session() ss: Session) {
    ss.set('visited', true);
  }
  @Get('sign-in') async signIn(@Session() ss: Session) {
    await ss.regenerate({ owner: 'u1' });
  }
  @Get('password') async password(@Session() ss: Session) {
    await ss.reauthenticate();
  }
}

const cookieOf = (client: Client) => `sid=${client.jar.get('sid')}`;
const letPass = (milliseconds: number) => {
  const now = Date.now() + milliseconds;
  jest.spyOn(Date, 'now').mockImplementation(() => now);
};

describeWithLibraries('@RequireFresh', () => {
  afterEach(() => jest.restoreAllMocks());

  describe.each(adapters)('on %s', (adapter) => {
    it('statement 82: answers a resolver with the code, until the password was asked for', async () => {
      const { GraphQLModule, Query, Resolver } = await moduleOf('@nestjs/graphql');
      const { ApolloDriver } = await moduleOf('@nestjs/apollo');
      @Resolver()
      class OrderResolver {
        @Query(() => String) @RequireFresh('5 minutes') order() {
          return 'ordered';
        }
      }
      const app = await startApp(adapter, {
        controllers: [SignInController],
        providers: [OrderResolver],
        imports: [
          SessionModule.forRoot({
            secret: SECRET,
            name: 'sid',
            registry: new MemorySessionRegistry(),
          }),
          GraphQLModule.forRoot({ driver: ApolloDriver, autoSchemaFile: true }),
        ],
      });
      const client = app.client();
      const ask = async () => {
        const response = await fetch(`${app.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', cookie: cookieOf(client) },
          body: JSON.stringify({ query: '{ order }' }),
        });
        return (await response.json()) as any;
      };
      const refused = {
        data: null,
        errors: [
          expect.objectContaining({
            extensions: expect.objectContaining({ originalError: STALE }),
          }),
        ],
      };
      await client.get('/visit');
      expect(await ask()).toEqual(refused);
      await client.get('/sign-in');
      expect((await ask()).data).toEqual({ order: 'ordered' });
      letPass(5 * MINUTE + 1000);
      expect(await ask()).toEqual(refused);
      await client.get('/password');
      expect((await ask()).data).toEqual({ order: 'ordered' });
    });
  });

  const cases = places.flatMap((place) => socketKinds.map((kind) => ({ place, kind })));

  describe.each(cases)('statement 82: in a gateway, by $kind on $place', ({ place, kind }) => {
    let app: TestApp;
    const sockets: TestSocket[] = [];

    beforeAll(async () => {
      const { SubscribeMessage, WebSocketGateway } = await moduleOf('@nestjs/websockets');
      const answer = (data: unknown) => ({ event: 'answer', data });

      @WebSocketGateway()
      class OrderGateway {
        @SubscribeMessage('order') @RequireFresh('5 minutes') order() {
          return answer('ordered');
        }
        @SubscribeMessage('password') async password(@Session() ss: Session) {
          try {
            await ss.reauthenticate();
          } catch (error) {
            return answer((error as { code?: string }).code);
          }
          return answer('again');
        }
      }

      app = await startApp(place, {
        controllers: [SignInController],
        providers: [OrderGateway],
        session: { registry: new MemorySessionRegistry() },
        configure: (nest) => useSockets(kind, nest),
      });
    }, 120_000);
    afterEach(() => sockets.splice(0).forEach((socket) => socket.close()));

    async function socketOf(client: Client): Promise<TestSocket> {
      const socket = await openSocket(kind, app.url, cookieOf(client));
      sockets.push(socket);
      return socket;
    }
    async function signedIn() {
      const client = app.client();
      await client.get('/sign-in');
      return { client, socket: await socketOf(client) };
    }
    const ordered = { event: 'answer', data: 'ordered' };
    const refused = { event: 'exception', data: { status: 'error', ...STALE } };

    it('tells a sign-in that is older of it in the event exception', async () => {
      const { socket } = await signedIn();
      expect(await socket.ask('order')).toEqual(ordered);
      letPass(5 * MINUTE + 1000);
      expect(await socket.ask('order')).toEqual(refused);
    });

    it('tells a visitor the same', async () => {
      const client = app.client();
      await client.get('/visit');
      const socket = await socketOf(client);
      expect(await socket.ask('order')).toEqual(refused);
    });

    it('refuses a session that was ended elsewhere, with the next message', async () => {
      const { socket } = await signedIn();
      expect(await socket.ask('order')).toEqual(ordered);
      await app.sessions.endAll('u1');
      expect(await socket.ask('order')).toEqual(refused);
    });

    if (isInStore(place)) {
      it('allows the next message once the password was asked for again', async () => {
        const { client, socket } = await signedIn();
        letPass(5 * MINUTE + 1000);
        expect(await socket.ask('order')).toEqual(refused);
        expect(await socket.ask('password')).toEqual({ event: 'answer', data: 'again' });
        expect(await socket.ask('order')).toEqual(ordered);
        letPass(5 * MINUTE + 1000);
        expect(await socket.ask('order')).toEqual(refused);
        await client.get('/password');
        expect(await socket.ask('order')).toEqual(ordered);
      });
    } else {
      it('allows a new socket once a response has brought the password', async () => {
        const { client, socket } = await signedIn();
        letPass(5 * MINUTE + 1000);
        const headersSent = { event: 'answer', data: 'SESSION_HEADERS_SENT' };
        expect(await socket.ask('password')).toEqual(headersSent);
        await client.get('/password');
        expect(await socket.ask('order')).toEqual(refused);
        expect(await (await socketOf(client)).ask('order')).toEqual(ordered);
      });
    }
  });
});
