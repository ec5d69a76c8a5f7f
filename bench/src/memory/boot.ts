/**
 * One start: `node boot.js <adapter> <application>`. Prints the milliseconds from creating the
 * application, whose modules are loaded, to its listening.
 */
import 'reflect-metadata';
import { appOf, createApp } from '../http/create-app.js';
import type { Adapter } from '../http/server.js';

const [adapter, name] = process.argv.slice(2) as [Adapter, string];

const bench = await appOf(name);
const create = await createApp(adapter);
const start = performance.now();
const app = await create(bench);
await app.listen(0, '127.0.0.1');
console.log(performance.now() - start);
process.exit();
