import { once } from 'node:events';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { setDeadline } from './session.deadline.js';
import { Turns } from './stores/turns.js';

const ECHO = `
  const server = require('node:net').createServer((socket) => socket.pipe(socket));
  server.listen(0, '127.0.0.1', () =>
    require('node:worker_threads').parentPort.postMessage(server.address().port));
`;

const standStill = (milliseconds: number) =>
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

describe('a deadline', () => {
  it('passes at its time, and not where it was called off', async () => {
    const passed: string[] = [];
    setDeadline(10, () => passed.push('called off'))();
    await new Promise<void>((resolve) => setDeadline(20, resolve));
    expect(passed).toEqual([]);
  });

  it('does not end a turn whose answer came while the process stood still', async () => {
    const worker = new Worker(ECHO, { eval: true });
    const [port] = (await once(worker, 'message')) as [number];
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      const turns = new Turns(100);
      for (const text of ['a', 'b', 'c', 'd', 'e']) {
        const answered = turns.take('key', async () => {
          socket.write(text);
          const answer = once(socket, 'data');
          standStill(200);
          return String((await answer).at(0));
        });
        expect(await answered).toBe(text);
      }
    } finally {
      socket.destroy();
      await worker.terminate();
    }
  });
});
