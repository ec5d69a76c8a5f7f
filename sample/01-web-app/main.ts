import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import handlebars from 'handlebars';
import type { AddressInfo } from 'node:net';
import { VIEWS } from '../shop/files.js';
import { AppModule } from './app.module.js';

const LOGGER = { logger: ['warn' as const, 'error' as const] };

async function onExpress(): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule, LOGGER);
  app.setBaseViewsDir(VIEWS);
  app.setViewEngine('hbs');
  return app;
}

async function onFastify(): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter();
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter, LOGGER);
  app.setViewEngine({ engine: { handlebars }, templates: VIEWS, layout: 'layout.hbs' });
  return app;
}

const isFastify = process.argv.includes('--fastify');
const app = isFastify ? await onFastify() : await onExpress();
await app.listen(process.env.PORT ?? 3000);

if (process.env.SESSION_SECRET === undefined) {
  console.log(
    'SESSION_SECRET is not set: the secret is a new one, and a restart signs everyone out.',
  );
}
const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
console.log(`Shop on ${isFastify ? 'Fastify' : 'Express'}: http://localhost:${port}`);
