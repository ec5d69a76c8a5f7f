import { Module } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { MemorySessionRegistry, SessionModule, type SessionOptions } from 'nestjs-typed-session';
import { MemoryJournal } from '../shop/session-page/journal.js';
import { SessionPageModule } from '../shop/session-page/session-page.module.js';
import { ShopModule } from '../shop/shop.module.js';

const SESSION: SessionOptions = {
  secret: process.env.SESSION_SECRET ?? randomBytes(32),
  name: 'shop',
  // One day without a visit ends a session, unless somebody asked to be remembered.
  cookie: { maxAge: '1 day' },
  // However often somebody comes, it ends half a year after it began.
  absoluteTimeout: '180 days',
  // Knows who is signed in where, so that a copied cookie opens nothing after the sign-out.
  registry: new MemorySessionRegistry(),
};

@Module({
  imports: [
    SessionModule.forRoot(SESSION),
    ShopModule,
    SessionPageModule.forRootAsync({
      useFactory: () => ({ session: SESSION, journal: new MemoryJournal() }),
    }),
  ],
})
export class AppModule {}
