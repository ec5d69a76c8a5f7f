import type { Type } from '@nestjs/common';
import { closeApps, startApp, takeLogs, type Place, type TestApp } from './app.js';
import type { Client } from './client.js';
import type { Latches } from './latch.js';

/**
 * Serves a controller to the tests of a block, each with new latches and an empty log.
 *
 * @param controller signs a user in by `/in`
 */
export function serve(place: Place, controller: Type<unknown>, latches: Latches) {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp(place, { controllers: [controller] });
  });
  afterAll(closeApps);
  beforeEach(() => {
    latches.renew();
    takeLogs();
  });
  return {
    client: () => app.client(),
    sessions: () => app.sessions,
    signedIn: async (): Promise<Client> => {
      const client = app.client();
      await client.get('/in');
      return client;
    },
  };
}
