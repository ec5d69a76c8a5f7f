import { MemorySessionStore, type SessionStore } from 'nestjs-typed-session';
import type { Place } from './app.js';

export const hasRedis = false;

let memory: MemorySessionStore | undefined;

/** The store of a place, which all applications of one file share; none where the cookie does. */
export async function storeOf(place: Place): Promise<SessionStore | undefined> {
  return place.endsWith('memory') ? (memory ??= new MemorySessionStore()) : undefined;
}
