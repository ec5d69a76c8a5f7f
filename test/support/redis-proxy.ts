import { createServer, type Server, type Socket, connect } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Stands before a Redis, and tells which commands it was sent before it had answered any of them. */
export class RedisProxy {
  /** The commands of each round trip, by their names, since the last look. */
  private trips: string[][] = [];
  private isAnswered = true;
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  /** @param port of the Redis on this machine */
  static async start(port: number): Promise<RedisProxy> {
    const proxy = new RedisProxy(createServer());
    proxy.server.on('connection', (client: Socket) =>
      proxy.join(client, connect(port, '127.0.0.1')),
    );
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  takeTrips(): string[][] {
    return this.trips.splice(0);
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(client: Socket, redis: Socket): void {
    for (const socket of [client, redis]) {
      this.sockets.add(socket);
      socket.on('error', () => {});
    }
    client.on('data', (chunk: Buffer) => {
      this.note(chunk.toString('latin1'));
      redis.write(chunk);
    });
    redis.on('data', (chunk: Buffer) => {
      // As over a network: what is sent at the same time arrives before the first answer.
      setTimeout(() => {
        this.isAnswered = true;
        client.write(chunk);
      }, 20);
    });
    client.on('close', () => redis.destroy());
    redis.on('close', () => client.destroy());
  }

  private note(sent: string): void {
    const names = [...sent.matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)].map(([, name]) =>
      name.toUpperCase(),
    );
    if (names.length === 0) return;
    if (this.isAnswered) this.trips.push([]);
    this.isAnswered = false;
    this.trips.at(-1)!.push(...names);
  }
}
