/** Sessions in resolvers, with the real drivers. */
import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  Session as NestSession,
  UseGuards,
} from '@nestjs/common';
import { RequireFresh, Session, SessionModule, SessionService } from 'nestjs-typed-session';
import { closeApps, type Place, places, SECRET, startApp, type TestApp } from '../support/app.js';
import { type Client } from '../support/client.js';
import { storeOf } from '../support/stores.js';
import { describeWithLibraries, moduleOf } from './libraries.js';

afterAll(closeApps);

type Driver = 'Apollo' | 'Mercurius';

@Injectable()
class SignedInGuard implements CanActivate {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  async canActivate(context: ExecutionContext) {
    return (await this.sessions.get(context)).has('user');
  }
}

describeWithLibraries('GraphQL', () => {
  const driversOn = (place: Place): Driver[] =>
    place.startsWith('Fastify') ? ['Apollo', 'Mercurius'] : ['Apollo'];
  const cases = places.flatMap((place) => driversOn(place).map((driver) => ({ place, driver })));

  describe.each(cases)('$driver on $place', ({ place, driver }) => {
    let started: TestApp;

    beforeAll(async () => {
      const { Args, GraphQLModule, Mutation, Query, Resolver, Subscription } =
        await moduleOf('@nestjs/graphql');
      const { PubSub } = await moduleOf('graphql-subscriptions');
      const drivers = await moduleOf(driver === 'Apollo' ? '@nestjs/apollo' : '@nestjs/mercurius');
      const topics = new PubSub();

      @Resolver()
      class AccountResolver {
        @Query(() => String, { nullable: true }) user(@Session() ss: Session) {
          return ss.get('user');
        }
        @Query(() => String, { nullable: true }) userByNest(@NestSession() ss: Session) {
          return ss.get('user');
        }
        @Query(() => String) @UseGuards(SignedInGuard) secret() {
          return 'secret';
        }
        @Query(() => String) @RequireFresh('5 minutes') order() {
          return 'ordered';
        }
        @Mutation(() => Boolean) signIn(@Session() ss: Session, @Args('user') user: string) {
          ss.set('user', user);
          return true;
        }
        @Mutation(() => Boolean) fail(@Session() ss: Session) {
          ss.set('user', 'nobody');
          throw new Error('failed');
        }
        @Mutation(() => Boolean) storeFunction(@Session() ss: Session) {
          ss.set('user', () => {});
          return true;
        }
        @Subscription(() => String, { resolve: (event: any) => event.text })
        @UseGuards(SignedInGuard)
        news() {
          setTimeout(() => void topics.publish('news', { text: 'hello' }), 50);
          return topics.asyncIterableIterator('news');
        }
      }

      const store = await storeOf(place);
      const session = SessionModule.forRoot({
        secret: SECRET,
        name: 'sid',
        ...(store === undefined ? {} : { store, storeTimeout: '60s' }),
      });
      const options =
        driver === 'Apollo'
          ? { driver: drivers.ApolloDriver, subscriptions: { 'graphql-ws': true } }
          : { driver: drivers.MercuriusDriver, subscription: true };
      started = await startApp(place, {
        imports: [session, GraphQLModule.forRoot({ ...options, autoSchemaFile: true })],
        providers: [AccountResolver, SignedInGuard],
      });
    }, 120_000);

    const ask = async (client: Client, query: string) => {
      const cookie = [...client.jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(`${started.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(cookie === '' ? {} : { cookie }) },
        body: JSON.stringify({ query }),
      });
      for (const line of response.headers.getSetCookie()) {
        const [pair] = line.split(';');
        client.jar.set(pair.split('=')[0], pair.slice(pair.indexOf('=') + 1));
      }
      return { status: response.status, ...((await response.json()) as any) };
    };

    async function signedIn(): Promise<Client> {
      const client = started.client();
      await ask(client, 'mutation { signIn(user: "peter") }');
      return client;
    }

    it('hands the session to a resolver, by either decorator', async () => {
      const { data } = await ask(await signedIn(), '{ user userByNest }');
      expect(data).toEqual({ user: 'peter', userByNest: 'peter' });
    });

    it('keeps nothing of a request whose resolver throws', async () => {
      const client = await signedIn();
      const { status, errors } = await ask(client, 'mutation { fail }');
      expect([status, errors[0].message]).toEqual([200, 'failed']);
      expect((await ask(client, '{ user }')).data).toEqual({ user: 'peter' });
    });

    it('makes a GraphQL error of a value that cannot be stored', async () => {
      const client = await signedIn();
      const { status, errors } = await ask(client, 'mutation { storeFunction }');
      expect(status).toBe(200);
      expect(errors[0].message).toContain('values.user is a function');
      expect((await ask(client, '{ user }')).data).toEqual({ user: 'peter' });
    });

    it('lets a guard read it', async () => {
      expect((await ask(await signedIn(), '{ secret }')).data).toEqual({ secret: 'secret' });
      expect((await ask(started.client(), '{ secret }')).errors).toHaveLength(1);
    });

    it('statement 82: tells the code of @RequireFresh', async () => {
      const { errors } = await ask(await signedIn(), '{ order }');
      const { extensions } = errors[0];
      // Nest's driver of Apollo says UNAUTHENTICATED of any 401, and gives the body of the answer.
      const { code } = driver === 'Apollo' ? extensions.originalError : extensions;
      expect(code).toBe('SESSION_STALE');
    });

    it('lets the guard of a subscription read it', async () => {
      const client = await signedIn();
      expect(await subscribe(client.jar.get('sid')!)).toMatchObject({
        type: 'next',
        payload: { data: { news: 'hello' } },
      });
      expect((await subscribe('none')).type).not.toBe('next-of-news');
      expect(JSON.stringify(await subscribe('none'))).toContain('errors');
    });

    async function subscribe(cookie: string): Promise<any> {
      const { WebSocket } = await moduleOf('ws');
      const socket = new WebSocket(
        `${started.url.replace('http', 'ws')}/graphql`,
        'graphql-transport-ws',
        { headers: { cookie: `sid=${cookie}` } },
      );
      return new Promise((resolve, reject) => {
        socket.on('error', reject);
        socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init' })));
        socket.on('message', (raw: Buffer) => {
          const message = JSON.parse(String(raw));
          if (message.type === 'connection_ack') {
            const payload = { query: 'subscription { news }' };
            socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }));
          } else if (message.type !== 'ping') {
            socket.close();
            resolve({ ...message, ...(message.type === 'error' ? { errors: true } : {}) });
          }
        });
      });
    }
  });
});
