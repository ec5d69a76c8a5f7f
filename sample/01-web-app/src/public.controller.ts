import { Controller, Get, Header } from '@nestjs/common';
import { readFileSync } from 'node:fs';

const read = (file: string) => readFileSync(new URL(`../public/${file}`, import.meta.url), 'utf8');

const STYLE = read('style.css');
const ICONS = read('icons.svg');
const FAVICON = read('favicon.svg');

/** The same on both adapters, and without the session: no cookie, no `Vary`, no work. */
@Controller()
export class PublicController {
  @Get('style.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  style() {
    return STYLE;
  }

  @Get('icons.svg')
  @Header('Content-Type', 'image/svg+xml')
  icons() {
    return ICONS;
  }

  @Get('favicon.svg')
  @Header('Content-Type', 'image/svg+xml')
  favicon() {
    return FAVICON;
  }
}
