import { Module } from '@nestjs/common';
import { SessionModule, type SessionOptions } from 'nestjs-typed-session';
import { RedisSessionRegistry, RedisSessionStore } from 'nestjs-typed-session/redis';
import type { RedisClientType } from 'redis';
import { SessionPageModule } from '../shop/session-page/session-page.module.js';
import { ShopModule } from '../shop/shop.module.js';
import { RedisController } from './redis.controller.js';
import { RedisJournal } from './redis-journal.js';
import { REDIS, RedisModule } from './redis.module.js';

const sessionOptions = (redis: RedisClientType): SessionOptions => ({
  // The same in every process: what one seals, the other opens.
  secret: process.env.SESSION_SECRET!,
  name: 'shop',
  // One day without a visit ends a session, unless somebody asked to be remembered.
  cookie: { maxAge: '1 day' },
  // However often somebody comes, it ends half a year after it began.
  absoluteTimeout: '180 days',
  store: new RedisSessionStore(redis),
  // Knows who is signed in where, for "Your devices".
  registry: new RedisSessionRegistry(redis),
});

@Module({
  imports: [
    SessionModule.forRootAsync({
      imports: [RedisModule],
      inject: [REDIS],
      useFactory: sessionOptions,
    }),
    ShopModule,
    SessionPageModule.forRootAsync({
      imports: [RedisModule],
      inject: [REDIS],
      useFactory: (redis: RedisClientType) => ({
        session: sessionOptions(redis),
        journal: new RedisJournal(redis, process.env.SESSION_SECRET!),
      }),
    }),
  ],
  controllers: [RedisController],
})
export class AppModule {}
