// The application of `main.ts`, and what `doctor` boots of it.
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { Exclude } from 'class-transformer';
import { Session, SessionModule, SessionType } from 'nestjs-typed-session';

@SessionType()
class User {
  name!: string;
  @Exclude() passwordHash?: string;

  greet(): string {
    return `Hi ${this.name}`;
  }
}

interface Visit {
  visits: number;
  greeting: string | null;
  passwordHash: string | null;
}

@Controller()
class AppController {
  @Get()
  visit(@Session() ss: Session): Visit {
    const visits = ((ss.get('visits') as number | undefined) ?? 0) + 1;
    ss.set('visits', visits);

    const user = ss.get('user') as User | undefined;
    if (!user) ss.set('user', Object.assign(new User(), { name: 'Ada', passwordHash: 'x' }));

    return {
      visits,
      greeting: user instanceof User ? user.greet() : null,
      passwordHash: user?.passwordHash ?? null,
    };
  }
}

@Module({
  imports: [
    SessionModule.forRoot(
      process.env.SESSION_SECRET ?? 'a secret of at least thirty-two bytes!',
      'sid',
      { idleTimeout: '30 minutes', absoluteTimeout: '12 hours' },
    ),
  ],
  controllers: [AppController],
})
export class AppModule {}
