import { Module } from '@nestjs/common';
import { SessionModule } from 'nestjs-typed-session';
import { AppController } from './app.controller.js';
import { AppService } from './app.service.js';
import { VisitsController } from './visits.controller.js';

@Module({
  imports: [SessionModule.forRoot(process.env.SESSION_SECRET ?? 'for development', 'app')],
  controllers: [AppController, VisitsController],
  providers: [AppService],
})
export class AppModule {}
