import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findProgram } from './programs.js';

/** The first Chromium on the PATH. */
export function findChromium(): string | undefined {
  return findProgram(['chromium', 'chromium-browser', 'google-chrome']);
}

/** @param hosts that are this machine to the browser */
export function launch(executablePath: string, hosts: string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      // Containers run tests as root and without the namespaces that the sandbox is made of.
      '--no-sandbox',
      '--disable-gpu',
      // Nothing but the page under test goes over the network.
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-quic',
      '--disable-sync',
      '--no-first-run',
      `--host-resolver-rules=${hosts.map((host) => `MAP ${host} 127.0.0.1`).join(',')}`,
    ],
  });
}

/**
 * Asks from within a page, which has to be of the same site. Chromium sends and keeps cookies as for a
 * page that it goes to, and is not kept busy for a tenth of a second. The server has to `allowOtherPorts`.
 *
 * @returns the body of the answer
 */
export function askFrom(page: Page, url: string): Promise<string> {
  const text = `fetch(${JSON.stringify(url)}, { credentials: 'include' }).then((answer) => answer.text())`;
  return page.evaluate<string>(text);
}

/** A middleware: pages of other ports may read what is answered to them. */
export function allowOtherPorts(
  { headers }: IncomingMessage,
  response: ServerResponse,
  next: () => void,
): void {
  if (headers.origin !== undefined) {
    response.setHeader('access-control-allow-origin', headers.origin);
    response.setHeader('access-control-allow-credentials', 'true');
  }
  next();
}

/** What would keep people from using a page, found in the page itself. */
export const OBSTACLES = `(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const ids = all('[id]').map(({ id }) => id);
  const found = {
    'no language': document.documentElement.lang === '',
    'no title': document.title === '',
    'not one h1': all('h1').length !== 1,
    'a landmark is missing': ['header', 'nav', 'main', 'footer'].some((name) => all(name).length !== 1),
    'a field without a label': all('input:not([hidden]), textarea').some(({ labels }) => labels.length === 0),
    'a control without a name': all('a, button').some((one) => one.textContent.trim() === ''),
    'a picture without a text': all('svg').some((one) => one.ariaHidden !== 'true'),
    'an id twice': new Set(ids).size !== ids.length,
    'wider than the screen': document.documentElement.scrollWidth > innerWidth,
  };
  return Object.keys(found).filter((name) => found[name]);
})()`;
