import { Module } from '@nestjs/common';
import { SessionModule, type SessionOptions } from 'nestjs-typed-session';
import { type BenchApp, SECRET } from './bench-app.js';
import { SignedInController } from './signed-in.controller.js';

/** Sessions with an owner, and no registry that is asked for them. */
export default signedInWith({});

export function signedInWith(options: Partial<SessionOptions>): BenchApp {
  @Module({
    imports: [SessionModule.forRoot({ secret: SECRET, name: 'session', ...options })],
    controllers: [SignedInController],
  })
  class SignedInModule {}
  return { module: SignedInModule };
}
