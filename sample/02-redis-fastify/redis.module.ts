import { Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { createClient, type RedisClientType } from 'redis';

export const REDIS = Symbol('REDIS');

/** One connection for the whole application; it comes back by itself when Redis was away. */
function connect(): Promise<RedisClientType> {
  const logger = new Logger('Redis');
  return (
    createClient({
      url: process.env.REDIS_URL,
      // While Redis is away, calls fail at once. Queued ones would be made after their request has failed.
      disableOfflineQueue: true,
    })
      // Without a listener, Node ends a process on 'error'.
      .on('error', (error: Error) => logger.warn(error.message))
      .connect()
  );
}

@Module({
  providers: [{ provide: REDIS, useFactory: connect }],
  exports: [REDIS],
})
export class RedisModule implements OnApplicationShutdown {
  constructor(@Inject(REDIS) private readonly redis: RedisClientType) {}

  /** Nest calls it when the last request was answered. */
  async onApplicationShutdown(): Promise<void> {
    if (this.redis.isOpen) await this.redis.close();
  }
}
