import { Controller, Get, Inject, Param } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Session, SessionService } from 'nestjs-typed-session';
import type { AppOptions, TestApp } from './app.js';
import type { Client } from './client.js';

@Controller()
class SignedInController {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @Get('sign-in/:owner/:label') async signIn(
    @Session() ss: Session,
    @Param('owner') owner: string,
    @Param('label') label: string,
  ) {
    await ss.regenerate({ owner, label });
    ss.set('label', label);
  }
  @Get('me') me(@Session() ss: Session) {
    return { owner: ss.owner ?? null, label: ss.get('label') ?? null };
  }
  @Get('renew') async renew(@Session() ss: Session) {
    await ss.regenerate();
  }
  @Get('sign-out') async signOut(@Session() ss: Session) {
    await ss.destroy();
  }
  @Get('end-others') async endOthers(@Session() ss: Session) {
    return { ended: await this.sessions.endAll(ss.owner!, { except: ss }) };
  }
}

/**
 * The life of signed-in sessions over HTTP, as a test.
 *
 * @param start starts an application with a registry and this controller
 */
export function itKnowsWhoIsSignedIn(start: (options: AppOptions) => Promise<TestApp>): void {
  it('signs in, accepts, lists, and ends one, all others, and all', async () => {
    const app = await start({ controllers: [SignedInController] });
    const owner = randomUUID();
    const signedIn = async (label: string): Promise<Client> => {
      const client = app.client();
      expect((await client.get(`/sign-in/${owner}/${label}`)).status).toBe(200);
      return client;
    };
    const [current, second, third, fourth] = await Promise.all(
      ['current', 'second', 'third', 'fourth'].map(signedIn),
    );
    const labels = () =>
      Promise.all(
        [current, second, third, fourth].map(async (one) => (await one.get('/me')).json.label),
      );
    const listed = async () =>
      new Map((await app.sessions.list(owner)).map(({ label, ref }) => [label, ref]));

    expect(await labels()).toEqual(['current', 'second', 'third', 'fourth']);
    const refs = await listed();
    expect(new Set(refs.keys())).toEqual(new Set(['current', 'second', 'third', 'fourth']));

    expect(await app.sessions.end(owner, refs.get('second')!)).toBe(true);
    expect(await labels()).toEqual(['current', null, 'third', 'fourth']);
    await third.get('/sign-out');
    expect(await labels()).toEqual(['current', null, null, 'fourth']);
    expect((await current.get('/end-others')).json).toEqual({ ended: 1 });
    expect(await labels()).toEqual(['current', null, null, null]);

    await current.get('/renew');
    expect((await current.get('/me')).json).toEqual({ owner, label: 'current' });
    expect([...(await listed())]).toEqual([['current', refs.get('current')]]);
    expect(await app.sessions.endAll(owner)).toBe(1);
    expect(await labels()).toEqual([null, null, null, null]);
    expect(await app.sessions.list(owner)).toEqual([]);
  });
}
