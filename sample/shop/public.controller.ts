import { Controller, Get, Header } from '@nestjs/common';
import { readPublic } from './files.js';

const STYLE = readPublic('style.css');
const ICONS = readPublic('icons.svg');
const COUNTDOWN = readPublic('countdown.js');
const FAVICON = readPublic('favicon.svg');

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

  @Get('countdown.js')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  countdown() {
    return COUNTDOWN;
  }
}
