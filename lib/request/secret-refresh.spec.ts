import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { askForSecrets, type SecretSource } from '../options/secret.options.js';
import { SessionBackends } from './session-backends.js';
import { recordEvents } from '../../test/support/session-events.js';

const SECOND = 1000;
const OLD = 'the first secret of more than thirty-two bytes';
const NEW = 'the second secret of more than thirty-two bytes';

const never = () => new Promise<never>(() => {});
const pass = (milliseconds: number) => jest.advanceTimersByTimeAsync(milliseconds);

describe('statement 19: secrets that a function gives', () => {
  const events = recordEvents();
  let backends: SessionBackends | undefined;
  let warnings: jest.SpiedFunction<Logger['warn']>;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    warnings = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
  });
  afterEach(() => {
    backends?.onModuleDestroy();
    backends = undefined;
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  async function boot(secret: SecretSource, secretRefresh: string = '1 minute') {
    backends = new SessionBackends(await askForSecrets({ secret, secretRefresh }));
    await backends.onModuleInit();
    return backends.default;
  }

  it('stops the boot where it fails', async () => {
    await expect(boot(() => Promise.reject(new Error('down')))).rejects.toMatchObject({
      code: 'SESSION_CONFIG',
      cause: { message: 'down' },
    });
  });

  it('stops the boot where it gives no answer within 30 seconds', async () => {
    const failed = boot(never).catch((error: unknown) => error);
    await pass(30 * SECOND);
    expect(await failed).toMatchObject({
      code: 'SESSION_CONFIG',
      cause: { message: expect.stringContaining('30 s') as unknown },
    });
  });

  it('keeps the last list where it fails later, tells of it, and is asked again', async () => {
    let answer: SecretSource = () => [OLD];
    const backend = await boot(() => answer());
    const hash = backend.hash('id');
    for (const failing of [() => Promise.reject(new Error('down')), () => [], () => ['']]) {
      answer = failing;
      await pass(60 * SECOND);
      expect(events.take('secret-failed')).toHaveLength(1);
      expect(backend.hash('id')).toBe(hash);
    }
    answer = () => [NEW];
    await pass(60 * SECOND);
    expect(backend.hash('id')).not.toBe(hash);
  });

  it('does so too where it gives no answer', async () => {
    let answer: SecretSource = () => [OLD];
    const backend = await boot(() => answer());
    const hash = backend.hash('id');
    answer = never;
    await pass(90 * SECOND);
    expect(events.take('secret-failed')).toHaveLength(1);
    answer = () => [NEW];
    await pass(60 * SECOND);
    expect(backend.hash('id')).not.toBe(hash);
  });

  it('is not told of once the application has closed', async () => {
    let answer: SecretSource = () => [OLD];
    await boot(() => answer());
    answer = never;
    await pass(60 * SECOND);
    backends!.onModuleDestroy();
    await pass(60 * SECOND);
    expect(events.take('secret-failed')).toEqual([]);
  });

  it('rotates nothing, and warns of nothing again, while the list stays the same', async () => {
    let secret = 'weak';
    const backend = await boot(() => [secret]);
    const rotate = jest.spyOn(backend, 'rotate');
    warnings.mockClear();
    await pass(180 * SECOND);
    expect([rotate.mock.calls.length, warnings.mock.calls.length]).toEqual([0, 0]);
    secret = 'weaker';
    await pass(60 * SECOND);
    expect([rotate.mock.calls.length, warnings.mock.calls.length]).toEqual([1, 1]);
  });

  it('rotates where the bytes of the same buffer have changed', async () => {
    const buffer = Buffer.from(OLD);
    const backend = await boot(() => buffer);
    const hash = backend.hash('id');
    buffer.fill(NEW);
    await pass(60 * SECOND);
    expect(backend.hash('id')).not.toBe(hash);
  });

  it('is asked within 24 days: setTimeout fires at once where it is given more', async () => {
    await expect(boot(() => OLD, '25 days')).rejects.toMatchObject({ code: 'SESSION_CONFIG' });
    await boot(() => OLD, '24 days');
  });
});
