// The order counts: Edge says that it is Chrome, and Chrome that it is Safari.
const BROWSERS = {
  'Edg/': 'Edge',
  'Firefox/': 'Firefox',
  'Chrome/': 'Chrome',
  'Safari/': 'Safari',
};
const SYSTEMS = {
  Android: 'Android',
  iPhone: 'iPhone',
  iPad: 'iPad',
  Windows: 'Windows',
  'Mac OS X': 'macOS',
  Linux: 'Linux',
};

/** Names a device by its `User-Agent`: `Firefox on Linux`. */
export function deviceNameOf(userAgent: string): string {
  return `${find(BROWSERS, userAgent) ?? 'A browser'} on ${find(SYSTEMS, userAgent) ?? 'a device'}`;
}

function find(names: Record<string, string>, userAgent: string): string | undefined {
  return Object.entries(names).find(([mark]) => userAgent.includes(mark))?.[1];
}
