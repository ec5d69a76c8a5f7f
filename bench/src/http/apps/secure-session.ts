import secureSession from '@fastify/secure-session';
import { Controller, Get, Module, Session } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { SessionValues } from '../../session-values.js';
import { type BenchApp, SECRET, seedValues } from './bench-app.js';

interface SecureSession {
  get<K extends keyof SessionValues>(key: K): SessionValues[K];
  set<K extends keyof SessionValues>(key: K, value: SessionValues[K]): void;
}

@Controller()
class SecureSessionController {
  @Get('plain')
  plain() {
    return { name: 'Peter Lawson' };
  }

  @Get('read')
  read(@Session() session: SecureSession) {
    return { name: session.get('user').name };
  }

  @Get('write')
  write(@Session() session: SecureSession) {
    const counter = session.get('counter') + 1;
    session.set('counter', counter);
    return { counter };
  }

  @Get('seed')
  seed(@Session() session: SecureSession) {
    for (const [key, value] of Object.entries(seedValues()))
      session.set(key as never, value as never);
  }
}

@Module({ controllers: [SecureSessionController] })
class SecureSessionModule {}

export default {
  module: SecureSessionModule,
  async prepare(app) {
    const key = Buffer.from(SECRET).subarray(0, 32);
    await (app as NestFastifyApplication).register(secureSession, {
      key,
      cookie: { path: '/' },
    });
  },
} satisfies BenchApp;
