import 'reflect-metadata';
import { Type } from 'class-transformer';
import { SessionType } from '../../build/decorators/session-type.decorator.js';

class Address {
  street!: string;
  city!: string;
  country!: string;
}

class Order {
  number!: string;
  total!: number;
}

/** A class as an application would write it, for class-transformer and for this library alike. */
@SessionType()
export class User {
  name!: string;
  email!: string;
  @Type(() => Address) address!: Address;
  @Type(() => Date) signedInAt!: Date;
  @Type(() => Order) orders!: Order[];
  roles!: string[];

  get isAdmin(): boolean {
    return this.roles.includes('admin');
  }
}

export function user(): User {
  const address = { street: '12 Harbour Street', city: 'Rotterdam', country: 'NL' };
  const order = (i: number) =>
    Object.assign(new Order(), { number: `2026-${48_213 + 7 * i}`, total: 12.5 + i });
  return Object.assign(new User(), {
    name: 'Peter Lawson',
    email: 'peter.lawson@example.com',
    address: Object.assign(new Address(), address),
    signedInAt: new Date(1_767_225_600_000),
    orders: Array.from({ length: 5 }, (_, i) => order(i)),
    roles: ['customer', 'admin'],
  });
}
