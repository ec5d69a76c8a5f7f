import cookieSession from 'cookie-session';
import { type BenchApp, SECRET } from './bench-app.js';
import { PropertySessionModule } from './property-session.module.js';

export default {
  module: PropertySessionModule,
  prepare(app) {
    app.use(cookieSession({ name: 'session', keys: [SECRET] }));
  },
} satisfies BenchApp;
