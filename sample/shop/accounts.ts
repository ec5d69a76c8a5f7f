import { plainToInstance } from 'class-transformer';
import { User } from './user.js';

/** A customer of the demo. The password stays here: what is in a session was not asked for again. */
export interface Account {
  readonly name: string;
  readonly password: string;
  readonly user: User;
}

/** The sign-in page shows them all. A real shop keeps hashes, and elsewhere. */
export const ACCOUNTS: readonly Account[] = [
  {
    name: 'ada',
    password: 'analytical-engine',
    user: plainToInstance(User, {
      name: 'Ada',
      address: { street: '12 St James’s Square', city: 'London' },
    }),
  },
  {
    name: 'grace',
    password: 'first-compiler',
    user: plainToInstance(User, {
      name: 'Grace',
      address: { street: '316 West 95th Street', city: 'New York' },
    }),
  },
];

export function findAccount(name: unknown, password: unknown): Account | undefined {
  return ACCOUNTS.find((one) => one.name === name && one.password === password);
}
