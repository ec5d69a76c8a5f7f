// One program, compiled by each consumer with its own Nest, module system and compiler settings.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { NestFactory } from '@nestjs/core';
import { MemorySessionStore } from 'nestjs-typed-session';
import { ExpressSessionStore } from 'nestjs-typed-session/express-session';
import { KeyvSessionStore } from 'nestjs-typed-session/keyv';
import { RedisSessionStore } from 'nestjs-typed-session/redis';
import { describeSessionStore } from 'nestjs-typed-session/testing';
import { AppModule } from './app.module.js';

function sessionCookie(response: Response): string {
  const cookies = response.headers.getSetCookie().filter((line) => line.startsWith('sid='));
  assert.equal(cookies.length, 1, `one session cookie, not ${JSON.stringify(cookies)}`);
  return cookies[0].split(';', 1)[0];
}

/** The suite for stores needs no more of a test runner than this. */
async function runSuiteForStores(): Promise<void> {
  const tests: (() => Promise<void>)[] = [];
  Object.assign(globalThis, {
    describe: (_: string, body: () => void) => body(),
    it: (_: string, test: () => Promise<void>) => tests.push(test),
  });
  describeSessionStore(() => new MemorySessionStore());
  assert.ok(tests.length > 30);
  await Promise.all(tests.map((test) => test()));
}

async function main(consumer: string, moduleSystem: string): Promise<void> {
  // Only CommonJS gives a module this variable.
  assert.equal(typeof module === 'undefined' ? 'esm' : 'commonjs', moduleSystem);

  await runSuiteForStores();
  // They load, and are declared, without the packages that they are for.
  for (const store of [RedisSessionStore, KeyvSessionStore, ExpressSessionStore]) {
    assert.equal(typeof store, 'function');
  }

  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  try {
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();

    const first = await fetch(url);
    assert.deepEqual(await first.json(), { visits: 1, greeting: null, passwordHash: null });

    const second = await fetch(url, { headers: { cookie: sessionCookie(first) } });
    assert.deepEqual(await second.json(), { visits: 2, greeting: 'Hi Ada', passwordHash: null });
  } finally {
    await app.close();
  }
  console.log(`consumer ${consumer}: ok`);
}

main(process.argv[2], process.argv[3]).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
