import { type Sample, Visitor } from './sample.js';
import type { ShownPage } from './shop-pages.js';
import { ADA } from './shop-visit.js';

/** What a browser is given besides the pages. */
const FILES = ['/style.css', '/icons.svg', '/favicon.svg', '/countdown.js'];

interface SameShops {
  readonly like: () => Sample;
  readonly shop: () => Sample;
  /** Whether the shop is, and the one that it is like is not. */
  readonly isOnRedis: boolean;
}

/** Pages that are those of another shop: what holds of the ones in a browser holds of the others. */
export function describeSamePages(
  pages: readonly ShownPage[],
  { like, shop, isOnRedis }: SameShops,
): void {
  type Visitors = Record<ShownPage['to'], Visitor>;
  let visitors: Visitors[];

  beforeAll(async () => {
    const enter = async ({ url }: Sample): Promise<Visitors> => {
      const customer = new Visitor(url);
      await customer.post('/sign-in', ADA);
      // Other tests have left some.
      await customer.post('/devices/end-others');
      await customer.get('/');
      await new Visitor(url).post('/sign-in', ADA);
      return { 'a stranger': new Visitor(url), 'a customer': customer };
    };
    visitors = await Promise.all([like(), shop()].map(enter));
  });

  it.each(pages)('$path is to $to what it is elsewhere', async ({ to, path, heading, form }) => {
    const [expected, found] = await Promise.all(
      visitors.map(async ({ [to]: visitor }) => {
        if (form !== undefined) await visitor.post(...form);
        const { status, headers, html } = await visitor.get(path);
        return [
          status,
          headers.get('content-type'),
          headers.get('cache-control'),
          plain(isOnRedis ? withoutRedis(html) : html),
        ];
      }),
    );
    expect(found).toEqual(expected);
    expect(found[3]).toContain(`<h1>${heading}</h1>`);
  });

  it.each(FILES)('%s is what it is elsewhere', async (path) => {
    const [expected, found] = await Promise.all(
      [like(), shop()].map(({ url }) => new Visitor(url).get(path)),
    );
    expect(found.html).toBe(expected.html);
    expect(typeOf(found.headers)).toBe(typeOf(expected.headers));
  });
}

/** A page without what stands around each page on Redis alone. */
function withoutRedis(html: string): string {
  return html
    .replace(/<p class="process">.*?<\/p>/s, '')
    .replace('<a href="/redis">Redis</a>', '')
    .replace('Redis, for both of its processes.', 'one sealed cookie.');
}

/** A page without what two visitors never have in common. */
function plain(html: string): string {
  return (
    html
      .replaceAll(/(id="session-id">|<code>shop=|name="ref" value=")[\w.~-]+/g, '$1')
      .replaceAll(/[\w-]{8}…/g, '…')
      // Whether the clock goes on to the next second meanwhile.
      .replaceAll(/(Ends if unused<\/th>.*?<span class="change) \w+">\w+/gs, '$1')
      .replaceAll(/(?<!<\/?h)\d+/g, '0')
      .replaceAll(/\s+/g, ' ')
      .replaceAll('> <', '><')
  );
}

/** Without the `charset`: Express names it of every text. */
const typeOf = (headers: Headers) => headers.get('content-type')!.split(';')[0];
