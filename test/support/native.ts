import type { ServerResponse } from 'node:http';

/** Node's own response, for handlers that go round Nest and the adapter. */
export function native(response: any): ServerResponse {
  if (response.raw) response.hijack();
  return (response.raw ?? response) as ServerResponse;
}
