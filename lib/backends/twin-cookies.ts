import type { ResolvedCookie } from '../options/session.options.js';

type Cookie = Readonly<ResolvedCookie>;

/** What a host may be for a cookie to name it as its domain. */
const HOST = /^[a-z0-9-]+(\.[a-z0-9-]+)*$/i;
const IP_ADDRESS = /^[\d.]+$/;

/**
 * The cookies of the same name that a client may have beside a session's own, of a configuration with
 * another domain or path. A browser keeps a cookie for each of them and sends them all (RFC 6265bis,
 * section 5.7).
 *
 * @param host of the request
 * @param isOurs whether several cookies of the request open, so that those of a parent domain are ours
 */
export function twinsOf(
  name: string,
  cookie: Cookie,
  host: string | undefined,
  isOurs: boolean,
): Cookie[] {
  // By its prefix there is one for each host, and no other.
  if (/^__host-/i.test(name)) return [];
  const { domain, path } = cookie;
  const domains = domain === undefined ? [domain, ...domainsOf(host, isOurs)] : [domain, undefined];
  const paths = path === '/' ? [path] : [path, '/'];
  const all = domains.flatMap((one) => paths.map((at) => ({ ...cookie, domain: one, path: at })));
  // The first is the session's own.
  return all.slice(1);
}

/** The domains that a host may set a cookie for: its own and, where they are wanted, its parents. */
function domainsOf(host: string | undefined, withParents: boolean): string[] {
  if (host === undefined || !HOST.test(host)) return [];
  if (!withParents || IP_ADDRESS.test(host)) return [host];
  const labels = host.split('.');
  const domains = labels.slice(1).map((_, above) => labels.slice(above).join('.'));
  return domains.length === 0 ? [host] : domains;
}
