import { MemorySessionRegistry, type SessionRegistry } from 'nestjs-typed-session';
import { type AppOptions, isInStore, type Place, places, startApp, type TestApp } from './app.js';

/** Where the sessions are kept, and where it is known who is signed in. */
export const registryPlaces: Place[] = places;

let memory: MemorySessionRegistry | undefined;

/** The registry of a place, which all applications of one file share. */
export async function registryOf(_place: Place): Promise<SessionRegistry> {
  return (memory ??= new MemorySessionRegistry());
}

/** An application with a registry. `closeApps` ends it. */
export async function startRegistryApp(place: Place, options: AppOptions = {}): Promise<TestApp> {
  const session = { registry: await registryOf(place), ...(options.session as object) };
  return startApp(place, { ...options, session });
}

export { isInStore };
