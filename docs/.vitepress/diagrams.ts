import { renderMermaidSVG } from 'beautiful-mermaid';
import type { MarkdownRenderer } from 'vitepress';

/** Draws blocks of Mermaid as pictures when the site is built, in the colours of the page. */
export function diagrams(md: MarkdownRenderer): void {
  const fence = md.renderer.rules.fence!;
  let drawn = 0;
  md.renderer.rules.fence = (tokens, at, ...others) => {
    if (tokens[at].info.trim() !== 'mermaid') return fence(tokens, at, ...others);
    const colors = {
      bg: 'var(--vp-c-bg)',
      fg: 'var(--vp-c-text-1)',
      muted: 'var(--vp-c-text-1)',
      transparent: true,
    };
    const picture = renderMermaidSVG(tokens[at].content, colors)
      // The page has its own font, and loads nothing from elsewhere.
      .replace(/@import [^;]*&amp;[^;]*;[^;]*;|@import [^;]*;/, '')
      .replace(/text \{ font-family: [^}]*\}/, 'text { font-family: inherit; }')
      .replaceAll(/(\bid="|url\(#)/g, `$1diagram-${++drawn}-`);
    // Vue leaves out a <style> in a template, but not in `v-html`.
    return `<div class="diagram" v-html="${md.utils.escapeHtml(JSON.stringify(picture))}"></div>`;
  };
}
