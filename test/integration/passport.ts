import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/readme.js';
import { moduleOf } from './libraries.js';

const isInstalled = existsSync(join(ROOT, 'test/integration/node_modules'));
const passport = isInstalled ? await moduleOf('@nestjs/passport') : {};

export const { PassportModule } = passport;
export const PassportStrategy = async (strategy: unknown): Promise<any> =>
  passport.PassportStrategy(strategy);
export const AuthGuard = async (name: string, options: object): Promise<any> =>
  passport.AuthGuard(name, options);
