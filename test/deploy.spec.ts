/**
 * A deploy: two builds of a small shop, in which the types of the second have moved on, over one
 * session. Nothing that either wrote is lost. (Over the cookie requests come one after the other: it cannot
 * merge what two wrote at the same time.) Each is a process of its own, with the library as built, that
 * serves an application for each adapter and carrier.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { CARRIERS } from './deploys/carriers.js';
import { adapters } from './support/app.js';
import { Client } from './support/client.js';
import { hasRedis, RedisServer } from './support/redis-server.js';

const FOLDER = fileURLToPath(new URL('deploys/', import.meta.url));
const BUILT = `${FOLDER}dist/`;
const children: ChildProcess[] = [];

const carriers = Object.keys(CARRIERS).filter((carrier) => carrier !== 'Redis' || hasRedis);
const table = adapters.flatMap((adapter) => carriers.map((carrier) => [adapter, carrier] as const));

let redis: RedisServer | undefined;
/** The addresses of the applications of each build. */
let oldUrls: Record<string, string>;
let newUrls: Record<string, string>;

beforeAll(async () => {
  if (hasRedis) redis = await RedisServer.start();
  mkdirSync(BUILT, { recursive: true });
  for (const file of ['carriers', 'serve', 'version-1', 'version-2']) {
    const source = readFileSync(`${FOLDER}${file}.ts`, 'utf8');
    const compilerOptions: ts.CompilerOptions = {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    };
    writeFileSync(`${BUILT}${file}.js`, ts.transpileModule(source, { compilerOptions }).outputText);
  }
  [oldUrls, newUrls] = await Promise.all([start('version-1'), start('version-2')]);
});

afterAll(async () => {
  await Promise.all(
    children.map(async (child) => {
      const exited = once(child, 'exit');
      if (child.kill()) await exited;
    }),
  );
  rmSync(BUILT, { recursive: true });
  await redis?.stop();
});

/** Starts a build and gives its addresses. */
async function start(build: string): Promise<Record<string, string>> {
  const child = spawn(process.execPath, [`${BUILT}${build}.js`], {
    env: { ...process.env, CARRIERS_HERE: JSON.stringify(carriers), REDIS_URL: redis?.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let complaint = '';
  child.stderr.on('data', (data: Buffer) => (complaint += data.toString()));
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('{')) return JSON.parse(line) as Record<string, string>;
  }
  throw new Error(`${build} did not start; was the library built?\n${complaint}`);
}

describe.each(table)('a deploy on %s, over %s', (adapter, carrier) => {
  let oldUrl: string;
  let newUrl: string;
  beforeAll(() => {
    oldUrl = oldUrls[`${adapter}, over ${carrier}`];
    newUrl = newUrls[`${adapter}, over ${carrier}`];
  });

  /** One browser that meets both builds: they share a jar. */
  function browser() {
    const before = new Client(oldUrl);
    const after = new Client(newUrl);
    Object.assign(after, { jar: before.jar });
    const shown = async (client: Client) => (await client.get('/')).json as object;
    return { before, after, shown };
  }

  it('goes forward: the new build finds all that the old one wrote', async () => {
    const { before, after, shown } = browser();
    await before.post('/cart/pen');
    await before.post('/bookmarks/home');
    await before.post('/visits');
    expect(await shown(after)).toEqual({ skus: ['pen'], size: 1, pages: ['home'], visits: 1 });
    await after.post('/cart/ink');
    await after.post('/bookmarks/news');
    expect(await shown(after)).toEqual({
      skus: ['pen', 'ink'],
      size: 3,
      pages: ['home', 'news'],
      visits: 1,
    });
  });

  it('stays readable to the old build as long as the new one only reads', async () => {
    const { before, after, shown } = browser();
    await before.post('/cart/pen');
    await shown(after);
    await after.post('/visits');
    expect(await shown(before)).toEqual({ skus: ['pen'], size: 1, visits: 1 });
  });

  it('goes back: the old build leaves what it does not know, and the next new one finds it', async () => {
    const { before, after, shown } = browser();
    await after.post('/cart/ink');
    await after.post('/bookmarks/news');
    await after.post('/vouchers/SPRING');
    const all = await shown(after);
    expect(await shown(before)).toEqual({});
    await before.post('/visits');
    await before.post('/visits');
    expect(await shown(before)).toEqual({ visits: 2 });
    expect(await shown(after)).toEqual({ ...all, visits: 2 });
    expect(all).toEqual({ skus: ['ink'], size: 2, pages: ['news'], vouchers: [['SPRING', 0]] });
  });

  it('rolls: requests that meet now one build, now the other, lose nothing of either', async () => {
    const { before, after, shown } = browser();
    await before.post('/cart/pen');
    await before.post('/bookmarks/home');
    for (let round = 0; round < 5; round++) {
      await before.post('/visits');
      await after.post(`/cart/ink${round}`);
      await before.post('/visits');
      await after.post(`/vouchers/V${round}`);
      await shown(before);
    }
    expect(await shown(after)).toEqual({
      skus: ['pen', 'ink0', 'ink1', 'ink2', 'ink3', 'ink4'],
      size: 11,
      pages: ['home'],
      visits: 10,
      vouchers: [0, 1, 2, 3, 4].map((n) => [`V${n}`, 0]),
    });
    expect(await shown(before)).toEqual({ pages: ['home'], visits: 10, vouchers: undefined });
  });

  it('rolls: what both change is upgraded once, and waits for the new build', async () => {
    const { before, after, shown } = browser();
    await before.post('/bookmarks/a');
    await before.post('/bookmarks/b');
    await after.post('/bookmarks/c');
    expect(await shown(before)).toEqual({});
    expect(await shown(after)).toEqual({ pages: ['a', 'b', 'c'] });
  });

  if (carrier !== 'the cookie') {
    it('runs both at once: requests that meet the two at the same moment lose nothing', async () => {
      const { before, after, shown } = browser();
      await before.post('/bookmarks/home');
      const atOnce = (url: string, path: string) =>
        Object.assign(new Client(url), { jar: before.jar }).post(path);
      const answers = await Promise.all([
        ...[1, 2, 3, 4, 5].flatMap(() => [atOnce(oldUrl, '/visits'), atOnce(newUrl, '/visits')]),
        atOnce(newUrl, '/cart/ink'),
        atOnce(newUrl, '/vouchers/SPRING'),
      ]);
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
      expect(await shown(before)).toEqual({ pages: ['home'], visits: 10, vouchers: undefined });
      expect(await shown(after)).toEqual({
        skus: ['ink'],
        size: 2,
        pages: ['home'],
        visits: 10,
        vouchers: [['SPRING', 0]],
      });
    });
  }
});
