import {
  type DynamicModule,
  type FactoryProvider,
  type MiddlewareConsumer,
  Module,
  type ModuleMetadata,
  type NestModule,
} from '@nestjs/common';
import type { SessionOptions } from 'nestjs-typed-session';
import { type Journal, JOURNAL } from './journal.js';
import { RequestRecorder } from './request-recorder.middleware.js';
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
export class SessionPageModule implements NestModule {
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
        Scale,
        SessionEvents,
        Trials,
      ],
    };
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(RequestRecorder).forRoutes('{*path}');
  }
}
