/** What a handler takes, as its decorators say. */
export interface HandlerNeeds {
  /** The sessions that its parameters take; `undefined` stands for the default one. */
  readonly names: readonly (string | undefined)[];
  /** Whether it takes the request too (`@Req()`), and with it `request.session`. */
  readonly showsSession: boolean;
  /** Whether it sends the response itself (`@Res()`): Nest sends nothing after it. */
  readonly sendsResponse: boolean;
  /** Whether its answer is a stream of events (`@Sse()`). */
  readonly sendsEvents: boolean;
  /** Whether its answer is a template (`@Render()`). */
  readonly rendersView: boolean;
}

/**
 * On the factory of a parameter decorator: that it takes a session. `isNamed`: the decorator's data is
 * the name of that session.
 */
export const TAKES_SESSION = Symbol.for('nestjs-typed-session:takes-session');

export interface ParameterMetadata {
  readonly index?: number;
  readonly data?: unknown;
  readonly factory?: { readonly [TAKES_SESSION]?: { readonly isNamed: boolean } };
}

// Nest's decorators keep what they say under these keys, in every version since 4.
export const ROUTE_ARGUMENTS = '__routeArguments__';
const RESPONSE_PASSTHROUGH = '__responsePassthrough__';
const RENDER = '__renderTemplate__';
const SSE = '__sse__';
/** Nest's `RouteParamtypes`, with which the keys of its own parameters begin. */
const REQUEST = '0';
const RESPONSE = '1';
const NEXT = '2';
export const SESSION = '7';

const known = new WeakMap<object, WeakMap<object, HandlerNeeds>>();

/** What a handler takes. It is read from its decorators once. */
export function handlerNeeds(owner: object, handler: object): HandlerNeeds {
  let ofOwner = known.get(owner);
  if (ofOwner === undefined) known.set(owner, (ofOwner = new WeakMap()));
  let needs = ofOwner.get(handler);
  if (needs === undefined) ofOwner.set(handler, (needs = readNeeds(owner, handler)));
  return needs;
}

function readNeeds(owner: object, handler: object): HandlerNeeds {
  const name = nameOf(handler, (owner as { prototype?: object }).prototype);
  const parameters = (
    name === undefined ? {} : (Reflect.getMetadata(ROUTE_ARGUMENTS, owner, name) ?? {})
  ) as Record<string, ParameterMetadata>;
  const names = new Set<string | undefined>();
  let takesRequest = false;
  let takesResponse = false;
  for (const [key, { data, factory }] of Object.entries(parameters)) {
    const [type] = key.split(':');
    const taking = factory?.[TAKES_SESSION];
    if (taking !== undefined) names.add(taking.isNamed ? (data as string | undefined) : undefined);
    else if (type === SESSION) names.add(undefined);
    takesRequest ||= type === REQUEST;
    takesResponse ||= type === RESPONSE || type === NEXT;
  }
  const isPassedThrough =
    name !== undefined && Reflect.getMetadata(RESPONSE_PASSTHROUGH, owner, name) === true;
  return {
    names: [...names],
    showsSession: takesRequest && names.has(undefined),
    sendsResponse: takesResponse && !isPassedThrough,
    sendsEvents: Reflect.getMetadata(SSE, handler) !== undefined,
    rendersView: Reflect.getMetadata(RENDER, handler) !== undefined,
  };
}

/** Under which name a class has a handler: a function that a decorator made has a name of its own. */
export function nameOf(handler: object, prototype: object | undefined): string | undefined {
  for (let at = prototype; at != null; at = Object.getPrototypeOf(at) as object | undefined) {
    const descriptors = Object.entries(Object.getOwnPropertyDescriptors(at));
    const found = descriptors.find(([, { value }]) => value === handler);
    if (found !== undefined) return found[0];
  }
  return undefined;
}
