import { createClient } from 'redis';

/** How often Redis ran which command. */
type Counts = ReadonlyMap<string, number>;

export interface Commands {
  /** By the clients. */
  readonly sent: Counts;
  /** By the scripts that they sent. */
  readonly inScripts: Counts;
}

const OVER = 'counted';

/** The commands that Redis runs meanwhile, as its MONITOR tells them, scripts apart. */
export async function commandsDuring(url: string, act: () => Promise<void>): Promise<Commands> {
  const [client, watcher] = [createClient({ url }), createClient({ url })];
  await Promise.all([client.connect(), watcher.connect()]);
  const sent = new Map<string, number>();
  const inScripts = new Map<string, number>();
  try {
    let end: () => void;
    const isOver = new Promise<void>((resolve) => {
      end = resolve;
    });
    await watcher.monitor((line) => {
      // 1700000000.123456 [0 127.0.0.1:6379] "GET" "key", or [0 lua] where a script does it
      const [, origin, command, first] = /\[\d+ ([^\]]+)\] "(\w+)"(?: "(\w+)")?/.exec(line)!;
      if (first === OVER) end();
      else count(origin === 'lua' ? inScripts : sent, command.toUpperCase());
    });
    await act();
    await client.echo(OVER);
    await isOver;
  } finally {
    client.destroy();
    watcher.destroy();
  }
  return { sent, inScripts };
}

function count(counts: Map<string, number>, command: string): void {
  counts.set(command, (counts.get(command) ?? 0) + 1);
}
