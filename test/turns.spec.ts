import { Controller, Param, Post } from '@nestjs/common';
import { Session } from 'nestjs-typed-session';
import { closeApps, isInStore, places, startApp } from './support/app.js';
import { Client } from './support/client.js';
import { Latch } from './support/latch.js';
import { storeOf } from './support/stores.js';
import { WatchedStore } from './support/watched-store.js';

@Controller()
class WritingController {
  @Post('begin') begin(@Session() ss: Session) {
    ss.set('begun', true);
  }
  @Post('set/:key') set(@Session() ss: Session, @Param('key') key: string) {
    ss.set(key, 'value');
  }
  @Post('too-large') tooLarge(@Session() ss: Session) {
    ss.set('large', 'x'.repeat(2_000_000));
  }
}

describe.each(places.filter(isInStore))('many writes of one session at once, on %s', (place) => {
  afterEach(closeApps);

  const begun = async () => {
    const store = new WatchedStore((await storeOf(place))!);
    const app = await startApp(place, { controllers: [WritingController], session: { store } });
    const first = app.client();
    await first.post('/begin');
    /** A request of its own connection, by the same browser. */
    const post = (path: string) =>
      Object.assign(new Client(app.url), { jar: first.jar }).post(path);
    const values = () => app.sessions.read(first.jar.get('sid')!);
    return { store, post, values };
  };

  it('all succeed, and each writes once', async () => {
    const { store, post, values } = await begun();
    const keys = Array.from({ length: 50 }, (_, i) => `key${i}`);
    store.takeCalls();
    // Who reads before another has written and commits after it meets a newer version, and is right to.
    const allHaveRead = new Latch();
    let reads = 0;
    store.around = async (operation, proceed) => {
      const answer = await proceed();
      if (operation !== 'read') return answer;
      if (++reads === keys.length) allHaveRead.open();
      await allHaveRead.wait();
      return answer;
    };
    const answers = await Promise.all(keys.map((key) => post(`/set/${key}`)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(Object.keys((await values())!).toSorted()).toEqual(['begun', ...keys].toSorted());
    expect(store.takeCalls().filter((call) => call === 'write')).toHaveLength(keys.length);
  });

  it('are not refused with the one that is', async () => {
    const { post, values } = await begun();
    const answers = await Promise.all([
      ...[1, 2, 3].map((n) => post(`/set/before${n}`)),
      post('/too-large'),
      ...[1, 2, 3].map((n) => post(`/set/after${n}`)),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 500, 201, 201, 201]);
    expect(Object.keys((await values())!)).toHaveLength(7);
  });
});
