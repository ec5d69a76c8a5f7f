import { type Browser, chromium } from 'playwright-core';
import { findProgram } from './programs.js';

/** The first Chromium on the PATH. */
export function findChromium(): string | undefined {
  return findProgram(['chromium', 'chromium-browser', 'google-chrome']);
}

export function launch(executablePath: string): Promise<Browser> {
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
    ],
  });
}
