import type { RegistryPlace } from './owned-sessions.js';

/** What the cookie of a session in a store says. */
export interface StoreCookie {
  readonly id: string;
  /** Where the registry has the session, so that both are asked in one round trip. */
  readonly place?: RegistryPlace;
}

/** What a request brings: a session that this server has sealed into a cookie. */
export interface BroughtSession extends StoreCookie {
  /** Whether an older key sealed it. */
  readonly isOutdated: boolean;
}

/**
 * The text that is sealed: `id`, or `id.owner.ref` where the registry knows the session. No part
 * contains a dot: each is base64url.
 */
export function formatStoreCookie({ id, place }: StoreCookie): string {
  return place === undefined ? id : `${id}.${place.owner}.${place.ref}`;
}

/** Reads a text that this server has sealed. */
export function parseStoreCookie(text: string): StoreCookie {
  const end = text.indexOf('.');
  if (end === -1) return { id: text };
  const [owner, ref] = text.slice(end + 1).split('.');
  return { id: text.slice(0, end), place: { owner, ref } };
}
