import { Module } from '@nestjs/common';
import { SessionModule } from 'nestjs-typed-session';
import { RedisSessionStore } from 'nestjs-typed-session/redis';
import type { RedisClientType } from 'redis';
import { ShopModule } from '../shop/shop.module.js';
import { REDIS, RedisModule } from './redis.module.js';
import { SessionController } from './session.controller.js';

@Module({
  imports: [
    SessionModule.forRootAsync({
      imports: [RedisModule],
      inject: [REDIS],
      useFactory: (redis: RedisClientType) => ({
        // The same in every process: what one seals, the other opens.
        secret: process.env.SESSION_SECRET!,
        name: 'shop',
        // One day without a visit ends a session, unless somebody asked to be remembered.
        cookie: { maxAge: '1 day' },
        store: new RedisSessionStore(redis),
      }),
    }),
    ShopModule,
  ],
  controllers: [SessionController],
})
export class AppModule {}
