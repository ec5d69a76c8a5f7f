import 'reflect-metadata';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { SessionModule } from 'nestjs-typed-session';
import { CARRIERS } from './carriers.js';

/** Serves one build, and prints its address. `ADAPTER` and `CARRIER` say how. */
export async function serve(controller: Type<unknown>): Promise<void> {
  const { ADAPTER, CARRIER } = process.env;
  const secret = 'a secret of both builds, of more than thirty-two bytes';
  const carrier = await CARRIERS[CARRIER!]();
  const session = SessionModule.forRoot({ secret, name: 'sid', ...carrier });
  @Module({ imports: [session], controllers: [controller] })
  class BuildModule {}
  const adapter = ADAPTER === 'Fastify' ? new FastifyAdapter() : new ExpressAdapter();
  const app = await NestFactory.create(BuildModule, adapter, { logger: ['warn', 'error'] });
  app.getHttpServer().keepAliveTimeout = 30_000;
  await app.listen(0, '127.0.0.1');
  process.stdout.write(`${await app.getUrl()}\n`);
}
