import { SessionType, registerSessionType, registerSessionTypes } from 'nestjs-typed-session';

/** A module as an application has it, which tests import again and again. */

@SessionType()
export class Decorated {
  n = 1;
}

export class Registered {
  n = 2;
}
registerSessionType(Registered, { name: 'again/registered' });

export class Listed {
  n = 3;
}
export class ListedToo {
  n = 4;
}
registerSessionTypes(Listed, ListedToo);
