import 'reflect-metadata';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { SessionModule } from 'nestjs-typed-session';
import { CARRIERS } from './carriers.js';

/** Serves one build on every adapter over every carrier of `CARRIERS_HERE`, and prints the addresses. */
export async function serve(controller: Type<unknown>): Promise<void> {
  const secret = 'a secret of both builds, of more than thirty-two bytes';
  const urls: Record<string, string> = {};
  for (const adapter of ['Express', 'Fastify']) {
    for (const carrier of JSON.parse(process.env.CARRIERS_HERE!) as string[]) {
      const session = SessionModule.forRoot({
        secret,
        name: 'sid',
        ...(await CARRIERS[carrier]()),
      });
      @Module({ imports: [session], controllers: [controller] })
      class BuildModule {}
      const app = await NestFactory.create(
        BuildModule,
        adapter === 'Fastify' ? new FastifyAdapter() : new ExpressAdapter(),
        { logger: ['warn', 'error'] },
      );
      app.getHttpServer().keepAliveTimeout = 30_000;
      await app.listen(0, '127.0.0.1');
      urls[`${adapter}, over ${carrier}`] = await app.getUrl();
    }
  }
  process.stdout.write(`${JSON.stringify(urls)}\n`);
}
