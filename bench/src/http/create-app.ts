import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { BenchApp } from './apps/bench-app.js';
import type { Adapter } from './server.js';

/** One of the applications in `apps/`. */
export async function appOf(name: string): Promise<BenchApp> {
  const { default: app } = (await import(`./apps/${name}.js`)) as { default: BenchApp };
  return app;
}

/** Loads an adapter, and gives what makes applications on it. */
export async function createApp(
  adapter: Adapter,
): Promise<(bench: BenchApp) => Promise<INestApplication>> {
  const newAdapter = await loadAdapter(adapter);
  return async (bench) => {
    const app = await NestFactory.create(bench.module, newAdapter(), { logger: ['error', 'warn'] });
    await bench.prepare?.(app);
    return app;
  };
}

async function loadAdapter(adapter: Adapter) {
  if (adapter === 'express') {
    const { ExpressAdapter } = await import('@nestjs/platform-express');
    return () => new ExpressAdapter();
  }
  const { FastifyAdapter } = await import('@nestjs/platform-fastify');
  return () => new FastifyAdapter();
}
