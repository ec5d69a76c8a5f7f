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
    const from = at + start.length;
    let end = header.indexOf(';', from);
    if (end === -1) end = header.length;
    if (beginsPair(header, at)) values.push(header.slice(from, end).trim());
    at = header.indexOf(start, from);
  }
  return values;
}

/** Whether a pair begins here: at the start, or behind a semicolon and white space. */
function beginsPair(header: string, at: number): boolean {
  let before = at - 1;
  while (header[before] === ' ' || header[before] === '\t') before--;
  return before < 0 || header[before] === ';';
}
