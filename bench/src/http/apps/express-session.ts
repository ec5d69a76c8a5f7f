import session from 'express-session';
import { type BenchApp, SECRET } from './bench-app.js';
import { PropertySessionModule } from './property-session.module.js';

/** With its memory store, which warns that it is none for production. */
export default {
  module: PropertySessionModule,
  prepare(app) {
    app.use(session({ secret: SECRET, resave: false, saveUninitialized: false }));
  },
} satisfies BenchApp;
