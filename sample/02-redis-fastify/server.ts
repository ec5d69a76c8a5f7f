import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import handlebars from 'handlebars';
import type { AddressInfo } from 'node:net';
import { VIEWS } from '../shop/files.js';
import { AppModule } from './app.module.js';

/** One process of the shop. It tells `main.js`, which has started it, where it listens. */
const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
  logger: ['warn', 'error'],
});
app.setViewEngine({
  engine: { handlebars },
  templates: VIEWS,
  layout: 'layout.hbs',
  // Every page tells who has made it.
  defaultContext: { processId: process.pid },
});
// Answers what has come, and then closes the connection to Redis.
app.enableShutdownHooks();
process.once('disconnect', () => void app.close());
await app.listen(0, '127.0.0.1');

const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
process.send!(port);
