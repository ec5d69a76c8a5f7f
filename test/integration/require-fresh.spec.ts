/** @RequireFresh in resolvers and gateways, with the real drivers and adapters of sockets. */
import { Controller, Get } from '@nestjs/common';
import { MemorySessionRegistry, RequireFresh, Session, SessionModule } from 'nestjs-typed-session';
import { adapters, closeApps, SECRET, startApp, type TestApp } from '../support/app.js';
import { describeWithLibraries, moduleOf } from './libraries.js';

afterAll(closeApps);

const STALE = { statusCode: 401, code: 'SESSION_STALE' };

@Controller()
class SignInController {
  @Get('visit') visit(@Session() ss: Session) {
    ss.set('visited', true);
  }
  @Get('sign-in') async signIn(@Session() ss: Session) {
    await ss.regenerate({ owner: 'u1' });
  }
}

async function cookieOf(app: TestApp, path: string): Promise<string> {
  const client = app.client();
  await client.get(path);
  return `sid=${client.jar.get('sid')}`;
}

describeWithLibraries('@RequireFresh', () => {
  describe.each(adapters)('on %s', (adapter) => {
    it('statement 82: answers a resolver with the code', async () => {
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
      const ask = async (path: string) => {
        const response = await fetch(`${app.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', cookie: await cookieOf(app, path) },
          body: JSON.stringify({ query: '{ order }' }),
        });
        return (await response.json()) as any;
      };
      expect((await ask('/sign-in')).data).toEqual({ order: 'ordered' });
      const { data, errors } = await ask('/visit');
      expect(data).toBeNull();
      expect(errors[0].extensions.originalError).toMatchObject(STALE);
    });

    it('statement 82: answers a gateway with the code', async () => {
      const { SubscribeMessage, WebSocketGateway } = await moduleOf('@nestjs/websockets');
      const { WsAdapter } = await moduleOf('@nestjs/platform-ws');
      const { WebSocket } = await moduleOf('ws');
      @WebSocketGateway()
      class OrderGateway {
        @SubscribeMessage('order') @RequireFresh('5 minutes') order() {
          return { event: 'answer', data: 'ordered' };
        }
      }
      const app = await startApp(adapter, {
        controllers: [SignInController],
        providers: [OrderGateway],
        session: { registry: new MemorySessionRegistry() },
        configure: (nest) => nest.useWebSocketAdapter(new WsAdapter(nest)),
      });
      const ask = async (path: string) => {
        const headers = { cookie: await cookieOf(app, path) };
        const socket = new WebSocket(app.url.replace('http', 'ws'), { headers });
        const answer = await new Promise<any>((resolve, reject) => {
          socket.on('error', reject);
          socket.on('open', () => socket.send(JSON.stringify({ event: 'order' })));
          socket.on('message', (data: Buffer) => resolve(JSON.parse(data.toString())));
        });
        socket.close();
        return answer;
      };
      expect(await ask('/sign-in')).toEqual({ event: 'answer', data: 'ordered' });
      expect(await ask('/visit')).toMatchObject({ event: 'exception', data: STALE });
    });
  });
});
