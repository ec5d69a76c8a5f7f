/**
 * nestjs-i18n takes the language from the session: `node i18n.mjs` prints what a visitor reads before
 * and after choosing German, for each adapter and place. It is CommonJS that requires Nest, which Jest
 * cannot load. Plain JavaScript, so that it runs as it is: the decorators are called by hand.
 */
import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { I18nContext, I18nJsonLoader, I18nModule } from 'nestjs-i18n';
import { MemorySessionStore, Session, SessionModule, SessionService } from '../../dist/index.js';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = await mkdtemp(join(tmpdir(), 'i18n-'));
for (const [language, hello] of Object.entries({ en: 'Hello', de: 'Hallo' })) {
  await mkdir(join(folder, language));
  await writeFile(join(folder, language, 'page.json'), JSON.stringify({ hello }));
}

class SessionLanguage {
  constructor(sessions) {
    this.sessions = sessions;
  }
  async resolve(context) {
    return (await this.sessions.get(context)).get('language');
  }
}
Injectable()(SessionLanguage);
Reflect.defineMetadata('design:paramtypes', [SessionService], SessionLanguage);

class PageController {
  german(ss) {
    ss.set('language', 'de');
    return {};
  }
  page() {
    return I18nContext.current().t('page.hello');
  }
}
Controller()(PageController);
for (const route of ['german', 'page']) {
  const descriptor = Object.getOwnPropertyDescriptor(PageController.prototype, route);
  Get(route)(PageController.prototype, route, descriptor);
}
Session()(PageController.prototype, 'german', 0);

// oxlint-disable-next-line typescript/no-extraneous-class -- a decorator is called by hand here
class AppModule {}
Module({})(AppModule);

async function read(adapter, options) {
  const module = {
    module: AppModule,
    imports: [
      SessionModule.forRoot({ secret: 'a secret of more than thirty-two bytes', ...options }),
      I18nModule.forRoot({
        fallbackLanguage: 'en',
        loader: I18nJsonLoader,
        loaderOptions: { path: folder },
        resolvers: [SessionLanguage],
        logging: false,
      }),
    ],
    controllers: [PageController],
  };
  const app = await NestFactory.create(module, adapter, { logger: ['error'] });
  await app.listen(0, '127.0.0.1');
  const get = async (path, cookie = '') =>
    fetch(`${await app.getUrl()}${path}`, { headers: { cookie } });
  const before = await (await get('/page')).text();
  const [cookie] = (await get('/german')).headers.getSetCookie()[0].split(';');
  const after = await (await get('/page', cookie)).text();
  await app.close();
  return [before, after];
}

const results = [];
for (const Adapter of [ExpressAdapter, FastifyAdapter]) {
  for (const options of [{}, { store: new MemorySessionStore() }]) {
    results.push(await read(new Adapter(), options));
  }
}
await rm(folder, { recursive: true });
console.log(JSON.stringify(results));
