import { Module } from '@nestjs/common';
import { SessionModule } from 'nestjs-typed-session';
import { type BenchApp, SECRET } from './bench-app.js';
import { OursController } from './ours.controller.js';

@Module({ imports: [SessionModule.forRoot(SECRET, 'session')], controllers: [OursController] })
class OursModule {}

export default { module: OursModule } satisfies BenchApp;
