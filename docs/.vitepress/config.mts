import { posix } from 'node:path';
import { defineConfig } from 'vitepress';
import { diagrams } from './diagrams.js';
import { MENU } from './menu.js';
import { search } from './search.js';
import { slugOf } from './slug.js';

const REPOSITORY = 'https://github.com/nestjs-typed-session/nestjs-typed-session';

/** A link to a file outside `docs/` leads to the repository. */
function addressOf(href: string, page: string): string {
  if (/^([a-z]+:|#|\/)/.test(href)) return href;
  const path = posix.join('docs', posix.dirname(page), href);
  return path.startsWith('docs/') ? href : `${REPOSITORY}/blob/main/${path}`;
}

export default defineConfig({
  title: 'nestjs-typed-session',
  description: 'Sessions for NestJS, the same on Express and on Fastify.',
  head: [['link', { rel: 'icon', href: '/favicon.svg' }]],
  cleanUrls: true,
  rewrites: { 'design/README.md': 'design/index.md' },
  markdown: {
    anchor: { slugify: slugOf },
    languageAlias: { record: 'json' },
    config(md) {
      diagrams(md);
      md.core.ruler.push('repository', ({ tokens, env }) => {
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          const href = token.type === 'link_open' ? token.attrGet('href') : null;
          if (href !== null) token.attrSet('href', addressOf(href, env.relativePath));
        }
      });
    },
  },
  themeConfig: {
    nav: [
      { text: 'Manual', link: '/start' },
      { text: 'Options', link: '/options' },
      { text: 'Errors', link: '/errors' },
    ],
    sidebar: MENU.map(([text, pages]) => ({
      text,
      items: pages.map(([title, file]) => ({ text: title, link: `/${file}` })),
    })),
    outline: [2, 3],
    search: { provider: 'local', options: search },
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
  },
});
