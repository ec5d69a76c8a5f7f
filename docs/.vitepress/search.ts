import type { DefaultTheme } from 'vitepress';

/** A comment under a heading, with words that readers search for and the page does not use. */
const OTHER_WORDS = /<!-- search: (.+?) -->/g;

/**
 * The search of the site. Its functions run in the browser, from their text: each stands for itself.
 */
export const search: DefaultTheme.LocalSearchOptions = {
  // Only what is indexed: readers see neither the comment nor its words.
  _render: (source, env, md) => md.render(source.replaceAll(OTHER_WORDS, '$1'), env),
  miniSearch: {
    searchOptions: {
      // A short word with one letter changed is another word: "lost" and "list".
      fuzzy: (term: string) => (term.length > 5 ? 0.2 : false),
      // Words that a question has and that say nothing of the page.
      processTerm: (term: string) =>
        /^(a|an|the|how|to|do|does|i|is|are|my|of|what|why|can|with|for|when|it)$/i.test(term)
          ? null
          : term.toLowerCase(),
      // A task comes before the reference of the API and before the reasons of a decision.
      boostDocument: (id: string) => (/^\/(api|design)\//.test(id) ? 0.3 : 1),
    },
  },
};
