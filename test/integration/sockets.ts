import type { INestApplication } from '@nestjs/common';
import { moduleOf } from './libraries.js';

export type SocketKind = 'socket.io' | 'ws';

export const socketKinds: SocketKind[] = ['socket.io', 'ws'];

export interface TestSocket {
  /** Sends a message and waits for the answer, one at a time. */
  ask(event: string): Promise<{ event: string; data: unknown }>;
  close(): void;
}

/** Gives an application the real adapter of sockets of a kind. */
export async function useSockets(kind: SocketKind, app: INestApplication): Promise<void> {
  const { IoAdapter } = await moduleOf('@nestjs/platform-socket.io');
  const { WsAdapter } = await moduleOf('@nestjs/platform-ws');
  app.useWebSocketAdapter(kind === 'ws' ? new WsAdapter(app) : new IoAdapter(app));
}

/** A socket of a client with a cookie. */
export async function openSocket(
  kind: SocketKind,
  url: string,
  cookie: string,
): Promise<TestSocket> {
  const headers = { cookie };
  return kind === 'ws' ? openWs(url, headers) : openSocketIo(url, headers);
}

async function openSocketIo(url: string, extraHeaders: object): Promise<TestSocket> {
  const { io } = await moduleOf('socket.io-client');
  const socket = io(url, { extraHeaders, transports: ['websocket'] });
  return {
    ask: (event) =>
      new Promise((resolve) => {
        const listener = (answer: string, data: unknown) => {
          socket.offAny(listener);
          resolve({ event: answer, data });
        };
        socket.onAny(listener);
        socket.emit(event);
      }),
    close: () => socket.close(),
  };
}

async function openWs(url: string, headers: object): Promise<TestSocket> {
  const { WebSocket } = await moduleOf('ws');
  const socket = new WebSocket(url.replace('http', 'ws'), { headers });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return {
    ask: (event) =>
      new Promise((resolve) => {
        socket.once('message', (raw: Buffer) => resolve(JSON.parse(String(raw))));
        socket.send(JSON.stringify({ event, data: {} }));
      }),
    close: () => socket.close(),
  };
}
