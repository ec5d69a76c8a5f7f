import { Module } from '@nestjs/common';
import { SessionModule } from 'nestjs-typed-session';
import { RedisSessionStore } from 'nestjs-typed-session/redis';
import { type BenchApp, SECRET } from './bench-app.js';
import { OursController } from './ours.controller.js';
import { redis } from './redis.js';

@Module({
  imports: [
    SessionModule.forRoot({
      secret: SECRET,
      name: 'session',
      store: new RedisSessionStore(redis),
    }),
  ],
  controllers: [OursController],
})
class OursRedisModule {}

export default { module: OursRedisModule } satisfies BenchApp;
