import { Catch, Controller, Get, Res, UseFilters, type ArgumentsHost } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { setTimeout as sleep } from 'node:timers/promises';
import { Session, SessionError } from 'nestjs-typed-session';
import { isInStore, places, takeLogs } from './support/app.js';
import type { Client } from './support/client.js';
import { Latches } from './support/latch.js';
import { serve } from './support/served.js';

const latches = new Latches();

@Catch(SessionError)
class ConflictFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(_error: SessionError, host: ArgumentsHost) {
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), 'conflict', 409);
  }
}

/** What holds, and then a value that cannot be stored. */
const acts = {
  'sign-out': (ss: Session) => ss.destroy(),
  async keep(ss: Session) {
    ss.set('kept', 'yes');
    await ss.save();
  },
  async renew(ss: Session) {
    ss.set('kept', 'yes');
    await ss.regenerate();
    await ss.save();
  },
};
type Act = keyof typeof acts;

const bad = (ss: Session) => ss.set('bad', Symbol('not storable'));

interface Sender {
  send(body: string): void;
}

@Controller()
class HoldsController {
  static late: unknown;

  @Get('in') signIn(@Session() ss: Session) {
    ss.set('user', 'peter');
  }
  @Get('read') read(@Session() ss: Session) {
    return { user: ss.get('user') ?? null, kept: ss.get('kept') ?? null };
  }

  @Get('nest/sign-out') nest1(@Session() ss: Session) {
    return this.act('sign-out', ss);
  }
  @Get('nest/keep') nest2(@Session() ss: Session) {
    return this.act('keep', ss);
  }
  @Get('nest/renew') nest3(@Session() ss: Session) {
    return this.act('renew', ss);
  }
  @UseFilters(ConflictFilter) @Get('filter/sign-out') filter1(@Session() ss: Session) {
    return this.act('sign-out', ss);
  }
  @UseFilters(ConflictFilter) @Get('filter/keep') filter2(@Session() ss: Session) {
    return this.act('keep', ss);
  }
  @UseFilters(ConflictFilter) @Get('filter/renew') filter3(@Session() ss: Session) {
    return this.act('renew', ss);
  }
  @Get('res/sign-out') async res1(@Session() ss: Session, @Res() res: Sender) {
    res.send(await this.act('sign-out', ss));
  }
  @Get('res/keep') async res2(@Session() ss: Session, @Res() res: Sender) {
    res.send(await this.act('keep', ss));
  }
  @Get('res/renew') async res3(@Session() ss: Session, @Res() res: Sender) {
    res.send(await this.act('renew', ss));
  }

  private async act(what: Act, ss: Session): Promise<string> {
    await acts[what](ss);
    bad(ss);
    return 'done';
  }

  @Get('flash') async flash(@Session() ss: Session, @Res() res: Sender) {
    await ss.destroy();
    ss.addFlash('x'.repeat(2_000_000));
    res.send('done');
  }

  @Get('slow') async slow(@Session() ss: Session) {
    ss.set('kept', 'yes');
    await ss.save();
    await latches.of('slow').wait();
    await ss.reload();
    return { user: ss.get('user') ?? null, kept: ss.get('kept') ?? null };
  }
  @Get('out') async out(@Session() ss: Session) {
    await ss.destroy();
  }

  @Get('late') late(@Session() ss: Session) {
    HoldsController.late = undefined;
    setTimeout(() => {
      try {
        ss.set('late', 'too late');
      } catch (error) {
        HoldsController.late = error;
      }
    }, 50);
    return 'answered';
  }
  @Get('forgotten') async forgotten(@Session() ss: Session, @Res() res: Sender) {
    res.send('answered');
    await sleep(20);
    void ss.regenerate();
    void ss.save();
    void ss.destroy();
    void ss.increment('n');
    void ss.reload();
  }
  @Get('forgotten-save') async forgottenSave(@Session() ss: Session, @Res() res: Sender) {
    res.send('answered');
    await sleep(20);
    void ss.save();
  }
  @Get('callback/:method') callback(@Session() ss: Session) {
    const messages: string[] = [];
    for (const method of ['save', 'regenerate', 'destroy', 'reload'] as const) {
      try {
        void (ss[method] as (callback: () => void) => unknown)(() => {});
      } catch (error) {
        messages.push(`${method}: ${(error as Error).message}`);
      }
    }
    return messages;
  }
}

describe.each(places)('what was done holds on %s', (place) => {
  const { client: newClient, sessions, signedIn } = serve(place, HoldsController, latches);
  const read = async (client: Client, headers = {}) =>
    (await client.get('/read', headers)).json as { user: unknown; kept: unknown };

  describe.each([
    ['nest', 500],
    ['res', 500],
    ['filter', 409],
  ])('where the rest cannot be kept, answered by %s', (how, status) => {
    it('a sign-out', async () => {
      const client = await signedIn();
      const copy = client.jar.get('sid')!;
      const answer = await client.get(`/${how}/sign-out`);
      expect(answer.status).toBe(status);
      expect(answer.setCookies).toHaveLength(1);
      expect(client.jar.size).toBe(0);
      if (isInStore(place)) {
        expect(await read(client, { cookie: `sid=${copy}` })).toEqual({ user: null, kept: null });
      }
    });

    it('what was saved, for who was there and for who is new', async () => {
      for (const client of [await signedIn(), newClient()]) {
        const before = await read(client);
        const answer = await client.get(`/${how}/keep`);
        expect(answer.status).toBe(status);
        expect(await read(client)).toEqual({ ...before, kept: 'yes' });
      }
    });

    it('a new id that was saved', async () => {
      const client = await signedIn();
      const copy = client.jar.get('sid')!;
      expect((await client.get(`/${how}/renew`)).status).toBe(status);
      expect(client.jar.get('sid')).not.toBe(copy);
      expect(await read(client)).toEqual({ user: 'peter', kept: 'yes' });
      if (isInStore(place)) {
        expect(await read(client, { cookie: `sid=${copy}` })).toEqual({ user: null, kept: null });
      }
    });
  });

  it('a sign-out before a flash that is too large', async () => {
    const client = await signedIn();
    expect((await client.get('/flash')).status).toBe(500);
    expect(client.jar.size).toBe(0);
  });

  it('is told of where a change comes after the end of the response', async () => {
    const client = await signedIn();
    expect((await client.get('/late')).body).toBe('answered');
    await sleep(400);
    const told = [...takeLogs().errors, String(HoldsController.late)].join();
    expect(told).toContain('A session was changed after the headers');
    expect(await read(client)).toEqual({ user: 'peter', kept: null });
  });

  it('is an error that names asExpressSession where a callback is given', async () => {
    const messages = (await (await signedIn()).get('/callback/all')).json as string[];
    expect(messages).toHaveLength(4);
    for (const message of messages) expect(message).toContain('asExpressSession');
  });

  it('and nothing that nobody awaits after the headers ends the process', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on('unhandledRejection', note);
    try {
      const client = await signedIn();
      expect((await client.get('/forgotten')).body).toBe('answered');
      await sleep(200);
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  it('and a save() that nobody awaits after the headers is in the log where it fails', async () => {
    takeLogs();
    expect((await newClient().get('/forgotten-save')).body).toBe('answered');
    await sleep(200);
    expect(takeLogs().errors.join()).toContain('after the headers');
  });

  if (!isInStore(place)) return;

  it('and a session that was ended elsewhere is empty after reload()', async () => {
    const client = await signedIn();
    const other = newClient();
    other.jar.set('sid', client.jar.get('sid')!);
    const slow = client.get('/slow');
    await latches.of('slow').reached;
    await other.get('/out');
    latches.of('slow').open();
    expect((await slow).json).toEqual({ user: null, kept: null });
  });

  it.each(['save', 'increment'] as const)(
    'and %s() of one that is gone says so, where there is no response',
    async (method) => {
      const headers = { cookie: `sid=${await sessions().begin({ user: 'peter' })}` };
      const one = await sessions().get({ headers });
      const other = await sessions().get({ headers });
      await other.destroy();
      one.set('kept', 'yes');
      const done = method === 'save' ? one.save() : one.increment('n');
      await expect(done).rejects.toMatchObject({ code: 'SESSION_ENDED' });
    },
  );
});
