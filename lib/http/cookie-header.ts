/**
 * The values of all cookies of one name in a `Cookie` header, in their order, without parsing
 * the others. Node joins several `Cookie` headers (HTTP/2 crumbs) into one.
 *
 * A browser sends one for each path and domain that fits, in an order that nobody may rely on
 * (RFC 6265, section 4.2.2). The server's limit on headers bounds how many there can be.
 */
export function cookieValues(header: string | undefined, name: string): string[] {
  const values: string[] = [];
  if (header === undefined) return values;
  const start = `${name}=`;
  let at = header.indexOf(start);
  while (at !== -1) {
    let next = at + start.length;
    // The end is looked for once a pair begins here: what a client repeats costs linear time.
    if (beginsPair(header, at)) {
      const end = header.indexOf(';', next);
      const value = end === -1 ? header.slice(next) : header.slice(next, end);
      values.push(value.trim());
      if (end === -1) break;
      next = end;
    }
    at = header.indexOf(start, next);
  }
  return values;
}

/** Whether a pair begins here: at the start, or behind a semicolon and white space. */
function beginsPair(header: string, at: number): boolean {
  let before = at - 1;
  while (header[before] === ' ' || header[before] === '\t') before--;
  return before < 0 || header[before] === ';';
}
