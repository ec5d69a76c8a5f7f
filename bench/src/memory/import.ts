/**
 * One import: `node import.js [package...]`. Prints the milliseconds that the library takes to load
 * into a process that has loaded what a Nest application loads anyway, and these packages.
 */
import 'reflect-metadata';

const NEST = ['@nestjs/common', '@nestjs/core', '@nestjs/platform-express'];

for (const name of [...NEST, ...process.argv.slice(2)]) await import(name);

const start = performance.now();
await import('nestjs-typed-session');
console.log(performance.now() - start);
