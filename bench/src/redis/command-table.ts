import { get, seed } from '../http/client.js';
import { type Row, routeTable } from '../http/route-table.js';
import { type Route, ROUTES } from '../http/routes.js';
import type { Adapter } from '../http/server.js';
import { ServerProcess } from '../http/server-process.js';
import type { Target, Targets } from '../report/targets.js';
import { type Commands, commandsDuring } from './commands.js';

const REQUESTS = 100;

/** An application whose commands are counted. */
export interface Counted {
  /** Of its application in `../http/apps/`. */
  readonly app: string;
  readonly title: string;
  /** How many commands it may send for a request. */
  readonly maxCommands?: Readonly<Record<Route, Target>>;
}

/** The commands that one request costs. */
export async function commandTable(
  adapter: Adapter,
  url: string,
  apps: readonly Counted[],
  targets: Targets,
): Promise<string> {
  const rows: Row[] = [];
  for (const { app, title, maxCommands } of apps) {
    const commands = await commandsOf(adapter, app, url);
    const cell = (route: Route) => {
      const shown = show(commands.get(route)!);
      if (maxCommands === undefined) return shown;
      const figure = total(commands.get(route)!.sent) / REQUESTS;
      return `${shown}: ${targets.verdict(`${adapter} /${route} commands of ${app}`, figure, maxCommands[route])}`;
    };
    rows.push([title, cell]);
  }
  return routeTable(rows);
}

async function commandsOf(
  adapter: Adapter,
  app: string,
  url: string,
): Promise<Map<Route, Commands>> {
  const server = await ServerProcess.start(adapter, app, { env: { REDIS_URL: url } });
  try {
    const cookie = await seed(server);
    const perRoute = new Map<Route, Commands>();
    for (const route of ROUTES) {
      perRoute.set(
        route,
        await commandsDuring(url, async () => {
          for (let i = 0; i < REQUESTS; i++) await get(server, route, cookie);
        }),
      );
    }
    return perRoute;
  } finally {
    await server.stop();
  }
}

function show({ sent, inScripts }: Commands): string {
  if (sent.size === 0) return 'none';
  return inScripts.size === 0 ? list(sent) : `${list(sent)} (its script: ${list(inScripts)})`;
}

function list(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .map(([command, count]) =>
      count === REQUESTS ? command : `${(count / REQUESTS).toFixed(2)} ${command}`,
    )
    .join(', ');
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
