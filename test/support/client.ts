import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  setCookies: string[];
  body: string;
  /** The body as JSON. */
  json: any;
}

/** An HTTP client with a keep-alive connection and a jar, as simple as a browser's. */
export class Client {
  readonly jar = new Map<string, string>();
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly url: string) {}

  get(path: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return this.send('GET', path, headers);
  }

  post(path: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return this.send('POST', path, headers);
  }

  /** @param headers `cookie` replaces what the jar would send */
  async send(method: string, path: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await new Promise<Answer>((resolve, reject) => {
      const sent = request(
        this.url + path,
        {
          method,
          agent: this.agent,
          headers: { ...(cookie === '' ? {} : { cookie }), ...headers },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const body = Buffer.concat(chunks).toString();
            resolve({
              status: response.statusCode!,
              headers: response.headers,
              setCookies: response.headers['set-cookie'] ?? [],
              body,
              get json() {
                return JSON.parse(body) as unknown;
              },
            });
          });
        },
      );
      sent.on('error', reject);
      sent.end();
    });
    for (const line of answer.setCookies) this.keep(line);
    return answer;
  }

  private keep(line: string): void {
    const [pair] = line.split(';');
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    if (attributes(line)['max-age'] === '0') this.jar.delete(name);
    else this.jar.set(name, pair.slice(at + 1));
  }
}

/** The attributes of a `Set-Cookie` line, in lower case; `true` where one has no value. */
export function attributes(line: string): Record<string, string | true> {
  return Object.fromEntries(
    line
      .split(/; */)
      .slice(1)
      .map((attribute) => {
        const [name, value] = attribute.split('=');
        return [name.toLowerCase(), value ?? true];
      }),
  );
}

/**
 * What a server answers to as many requests of visitors without cookies. All are sent at once, over one
 * connection, in a fraction of the time that a client for each would take.
 *
 * @returns the bodies of the answers, as JSON
 */
export async function visits(url: string, path: string, times: number): Promise<any[]> {
  const { hostname, port } = new URL(url);
  const visit = `GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\n`;
  const socket = connect(Number(port), hostname);
  socket.write(`${visit}\r\n`.repeat(times - 1) + `${visit}Connection: close\r\n\r\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const bodies: unknown[] = [];
  let rest = Buffer.concat(chunks).toString('latin1');
  while (rest !== '') {
    const from = rest.indexOf('\r\n\r\n') + '\r\n\r\n'.length;
    const length = Number(/^content-length: (\d+)\r$/im.exec(rest.slice(0, from))![1]);
    bodies.push(JSON.parse(rest.slice(from, from + length)));
    rest = rest.slice(from + length);
  }
  return bodies;
}
