import {
  type DynamicModule,
  type FactoryProvider,
  Module,
  type ModuleMetadata,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import type { SessionOptions } from 'nestjs-typed-session';
import { type Journal, JOURNAL } from './last-request.js';
import { LastRequestInterceptor } from './last-request.interceptor.js';
import { Scale } from './scale.js';
import { SessionEvents } from './session-events.js';
import { SessionPageController } from './session-page.controller.js';
import { SESSION_OPTIONS, Trials } from './trials.js';

interface SessionPageOptions extends Pick<ModuleMetadata, 'imports'> {
  inject?: FactoryProvider['inject'];
  /** The options that `SessionModule` has, and where the page keeps its notes. */
  useFactory: (...injected: never[]) => { session: SessionOptions; journal: Journal };
}

/** The page that opens the session. It is the same wherever the sessions are kept. */
@Module({})
export class SessionPageModule {
  static forRootAsync({ imports, inject = [], useFactory }: SessionPageOptions): DynamicModule {
    const PAGE = Symbol('PAGE');
    type Page = ReturnType<typeof useFactory>;
    return {
      module: SessionPageModule,
      imports,
      controllers: [SessionPageController],
      providers: [
        { provide: PAGE, inject, useFactory },
        { provide: SESSION_OPTIONS, inject: [PAGE], useFactory: ({ session }: Page) => session },
        { provide: JOURNAL, inject: [PAGE], useFactory: ({ journal }: Page) => journal },
        { provide: APP_INTERCEPTOR, useClass: LastRequestInterceptor },
        Scale,
        SessionEvents,
        Trials,
      ],
    };
  }
}
