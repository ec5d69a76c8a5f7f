import type { INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import view from '@fastify/view';
import Handlebars from 'handlebars';

/** Lets an application render the Handlebars templates of a folder. */
export async function useViews(app: INestApplication, root: string): Promise<void> {
  if (app.getHttpAdapter().getType() === 'fastify') {
    const engine = { handlebars: Handlebars };
    await (app as NestFastifyApplication).register(view, { engine, root });
  } else {
    (app as NestExpressApplication).setBaseViewsDir(root).setViewEngine('hbs');
  }
}
