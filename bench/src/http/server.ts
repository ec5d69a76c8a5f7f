/**
 * A server of the benchmark: `node server.js <adapter> <application>`. Tells its parent the port,
 * and then whatever the parent asks about the process.
 */
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { appOf, createApp } from './create-app.js';

export type Adapter = 'express' | 'fastify';

/** What a parent may ask. */
export type Question = 'cpu' | 'memory' | 'heap';

const [adapter, name] = process.argv.slice(2) as [Adapter, string];

const create = await createApp(adapter);
const app = await create(await appOf(name));
await app.listen(0, '127.0.0.1');
const { port } = app.getHttpServer().address() as { port: number };

/** How long the engine may take to give freed pages back to the system. */
const PAGES_FREED_MS = 1000;

const answers: Readonly<Record<Question, () => number | Promise<number>>> = {
  cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  async memory() {
    collectGarbage();
    await sleep(PAGES_FREED_MS);
    collectGarbage();
    return process.memoryUsage.rss();
  },
  heap() {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  },
};

process.on('message', (question: Question) => {
  void Promise.resolve(answers[question]()).then((answer) => process.send!(answer));
});
process.on('disconnect', () => process.exit());
process.send!(port);

/** Twice, for the second frees what finalisers of the first let go. */
function collectGarbage(): void {
  for (let i = 0; i < 2; i++) globalThis.gc!();
}
