import { MemorySessionRegistry, type SessionRegistry } from 'nestjs-typed-session';
import { RedisSessionRegistry } from 'nestjs-typed-session/redis';
import {
  adapters,
  type AppOptions,
  isInStore,
  type Place,
  places,
  startApp,
  type TestApp,
} from './app.js';
import { startedRedis } from './redis-client.js';
import { hasRedis } from './redis-server.js';

/** A place for the sessions, and one for the registry. */
export interface RegistryPlace {
  title: string;
  place: Place;
  registry: 'memory' | 'Redis';
}

/** The cookie with either registry, and each store with its own. */
export const registryPlaces: RegistryPlace[] = [
  ...places.map((place) => placeOf(place, place.endsWith('Redis') ? 'Redis' : 'memory')),
  ...(hasRedis ? adapters.map((place) => placeOf(place, 'Redis')) : []),
];

function placeOf(place: Place, registry: 'memory' | 'Redis'): RegistryPlace {
  const kept = isInStore(place) ? place : `${place}, in the cookie`;
  return { title: `${kept}, with a registry in ${registry}`, place, registry };
}

let memory: MemorySessionRegistry | undefined;
let redis: Promise<SessionRegistry> | undefined;

/** The registry of a place, which all applications of one file share. */
export async function registryOf({ registry }: RegistryPlace): Promise<SessionRegistry> {
  if (registry === 'memory') return (memory ??= new MemorySessionRegistry());
  return (redis ??= startedRedis().then((client) => new RedisSessionRegistry(client)));
}

/** An application with a registry. `closeApps` ends it. */
export async function startRegistryApp(
  where: RegistryPlace,
  options: AppOptions = {},
): Promise<TestApp> {
  const session = {
    registry: await registryOf(where),
    storeTimeout: '60s',
    ...(options.session as object),
  };
  return startApp(where.place, { ...options, session });
}
