import { execFile } from 'node:child_process';
import { createReadStream, existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './readme.js';

const TYPES: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** The manual as a site: built as `npm run docs:build` does, and served. */
export class Site {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async build(): Promise<void> {
    await promisify(execFile)('npm', ['run', '--silent', 'docs:build'], { cwd: ROOT });
  }

  static async serve(): Promise<Site> {
    const folder = join(ROOT, 'docs/.vitepress/dist');
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url!, 'http://localhost');
      const path = join(folder, normalize(pathname));
      const file = [path, `${path}.html`, join(path, 'index.html')].find(
        (one) => extname(one) !== '' && existsSync(one),
      );
      if (file === undefined) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, {
        'content-type': TYPES[extname(file)] ?? 'text/plain',
        // Their names change with what is in them.
        ...(pathname.startsWith('/assets/') && { 'cache-control': 'max-age=3600' }),
      });
      createReadStream(file).pipe(response);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return new Site(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async close(): Promise<void> {
    await new Promise((done) => {
      this.server.close(done);
      this.server.closeAllConnections();
    });
  }
}
