// CommonJS in both forms of the library, as `values/packages.cts`: a plain `require` finds the
// application's own copy in every test runner.

/** tough-cookie, or why it could not be loaded. */
export function toughCookie():
  { readonly exports: typeof import('tough-cookie') } | { readonly cause: unknown } {
  try {
    return { exports: require('tough-cookie') };
  } catch (cause) {
    return { cause };
  }
}
