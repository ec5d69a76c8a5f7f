import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Answer {
  readonly status: number;
  /** `null` where there is none. */
  readonly body: unknown;
}

/** Sends requests to several servers in turn, over kept-alive connections. */
export class HttpClient {
  private readonly agent = new Agent({ keepAlive: true });
  private sent = 0;

  constructor(private readonly origins: readonly string[]) {}

  async send(method: 'GET' | 'POST', path: string, cookie = ''): Promise<Answer> {
    const origin = this.origins[this.sent++ % this.origins.length];
    const sending = request(`${origin}${path}`, { method, agent: this.agent, headers: { cookie } });
    sending.end();
    const [response] = (await once(sending, 'response')) as [IncomingMessage];
    const body = await text(response);
    return { status: response.statusCode!, body: JSON.parse(body || 'null') };
  }

  close(): void {
    this.agent.destroy();
  }
}
