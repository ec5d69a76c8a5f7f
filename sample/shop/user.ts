import { Type } from 'class-transformer';
import { SessionType } from 'nestjs-typed-session';

export class Address {
  street!: string;
  city!: string;

  inOneLine(): string {
    return `${this.street}, ${this.city}`;
  }
}

/** Goes into the session as an instance and comes back as one, with its address. */
@SessionType()
export class User {
  name!: string;
  @Type(() => Address) address!: Address;

  greet(): string {
    return `Hello ${this.name}! Today we deliver to ${this.address.city}.`;
  }
}
