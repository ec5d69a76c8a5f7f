import { Controller, Get, Module, Param, ParseIntPipe, Post } from '@nestjs/common';
import { Session, SessionModule, SessionService } from 'nestjs-typed-session';
import { RedisSessionStore } from 'nestjs-typed-session/redis';
import { GONE, NUMBERS, type Numbers } from '../../load/numbers.js';
import { type BenchApp, SECRET, seedValues } from './bench-app.js';
import { redis } from './redis.js';

let conflicts = 0;

class CountingStore extends RedisSessionStore {
  override async write(...args: Parameters<RedisSessionStore['write']>): Promise<boolean> {
    const isWritten = await super.write(...args);
    if (!isWritten) conflicts++;
    return isWritten;
  }
}

@Controller()
class LoadController {
  constructor(private readonly sessions: SessionService) {}

  @Get('numbers')
  numbers(@Session() session: Session<Numbers>): Numbers {
    const [counter, left, right] = NUMBERS.map((key) => session.get(key) ?? GONE);
    return { counter, left, right };
  }

  @Post('increment')
  async increment(@Session() session: Session<Numbers>) {
    await session.increment('counter');
  }

  @Post('set/:key/:value')
  set(
    @Session() session: Session<Numbers>,
    @Param('key') key: 'left' | 'right',
    @Param('value', ParseIntPipe) value: number,
  ) {
    session.set(key, value);
  }

  /** The cookies of new sessions. */
  @Post('sessions/:count')
  begin(@Param('count', ParseIntPipe) count: number): Promise<string[]> {
    const values = { ...seedValues(), left: 0, right: 0 };
    return Promise.all(Array.from({ length: count }, () => this.sessions.begin(values)));
  }

  /** How many writes met a newer version. */
  @Get('conflicts')
  conflicts() {
    return { conflicts };
  }
}

@Module({
  imports: [
    SessionModule.forRoot({ secret: SECRET, name: 'session', store: new CountingStore(redis) }),
  ],
  controllers: [LoadController],
})
class LoadModule {}

/** For the load run: sessions of about a kilobyte, some numbers of which are written. */
export default { module: LoadModule } satisfies BenchApp;
