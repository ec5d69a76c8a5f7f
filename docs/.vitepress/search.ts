import type { DefaultTheme } from 'vitepress';

/** A comment under a heading, with words that readers search for and the page does not use. */
const OTHER_WORDS = /<!-- search: (.+?) -->/g;

/**
 * The search of the site. Its functions run in the browser, from their text: each stands for itself.
 */
export const search: DefaultTheme.LocalSearchOptions = {
  // Only what is indexed: readers see neither the comment nor its words.
  _render(source, env, md) {
    const { highlight } = md.options;
    // The colours of the code are not searched.
    md.set({ highlight: null });
    try {
      // Three times, since a word that a page uses stands there more than once.
      return md.render(source.replaceAll(OTHER_WORDS, '$1 $1 $1'), env);
    } finally {
      md.set({ highlight });
    }
  },
  miniSearch: {
    searchOptions: {
      // A short word with one letter changed is another word: "lost" and "list".
      fuzzy: (term: string) => (term.length > 5 ? 0.2 : false),
      // Words that a question has and that say nothing of the page.
      processTerm: (term: string) =>
        /^(a|an|the|how|to|do|does|i|is|are|my|of|what|why|can|with|for|when|it|not)$/i.test(term)
          ? null
          : term.toLowerCase(),
      // A long section counts nearly as much as a short one.
      bm25: { k: 1.2, b: 0.3, d: 0.5 },
      // A task comes before the list of names and before the reasons of a decision.
      boostDocument: (id: string) => (/^\/(api|design|exports|speed)\b/.test(id) ? 0.2 : 1),
    },
  },
};
