import { jest } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { StoreCalls } from './store-calls.js';

const never = () => new Promise<never>(() => {});
const answer = async () => 'an answer';

const START = 1_800_000_000_000;

describe('the calls of a store that does not answer', () => {
  let now: jest.SpiedFunction<typeof Date.now>;

  beforeEach(() => {
    now = jest.spyOn(Date, 'now').mockReturnValue(START);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const refused = async (calls: StoreCalls, count: number) => {
    const all = Array.from({ length: count }, () => calls.run(never));
    const settled = await Promise.allSettled(all);
    expect(settled.every(({ status }) => status === 'rejected')).toBe(true);
  };

  /** How many of 20 calls, one after the other, come to the store. */
  async function askedOf20(calls: StoreCalls): Promise<number> {
    let asked = 0;
    for (let i = 0; i < 20; i++) {
      await calls.run(() => (asked++, never())).catch(() => {});
    }
    return asked;
  }

  it('end in time, and are held off beyond a hundred', async () => {
    const calls = new StoreCalls(5);
    await refused(calls, 120);
    expect(await askedOf20(calls)).toBe(0);
    now.mockReturnValue(START + 119);
    expect(await askedOf20(calls)).toBe(0);
    now.mockReturnValue(START + 120);
    expect(await askedOf20(calls)).toBe(1);
  });

  it('are not held off up to a hundred', async () => {
    const calls = new StoreCalls(5);
    await refused(calls, 80);
    expect(await askedOf20(calls)).toBe(20);
    expect(await askedOf20(calls)).toBe(0);
  });

  it('hold off none once it answers, whatever still hangs', async () => {
    const calls = new StoreCalls(5);
    await refused(calls, 120);
    now.mockReturnValue(START + 120);
    for (let i = 0; i < 20; i++) expect(await calls.run(answer)).toBe('an answer');
  });
});

describe('the call of a process that stands still beyond the deadline', () => {
  const ECHO = `
    const server = require('node:net').createServer((socket) => socket.pipe(socket));
    server.listen(0, '127.0.0.1', () =>
      require('node:worker_threads').parentPort.postMessage(server.address().port));
  `;
  const standStill = (milliseconds: number) =>
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

  it('has the answer that came meanwhile', async () => {
    const worker = new Worker(ECHO, { eval: true });
    const [port] = (await once(worker, 'message')) as [number];
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      const calls = new StoreCalls(100);
      for (const text of ['a', 'b', 'c', 'd', 'e']) {
        const answered = calls.run(async () => {
          socket.write(text);
          return String((await once(socket, 'data')).at(0));
        });
        standStill(200);
        expect(await answered).toBe(text);
      }
    } finally {
      socket.destroy();
      await worker.terminate();
    }
  });
});
