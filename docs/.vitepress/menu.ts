/** A page of the manual: its title, and its file without `.md`; or a place on such a page. */
export type Page = readonly [title: string, file: string];

/** The menu: chapters, and their pages in the order in which a reader meets the tasks. */
export const MENU: readonly (readonly [chapter: string, pages: readonly Page[]])[] = [
  [
    'First steps',
    [
      ['Start', 'start'],
      ['In a handler', 'in-a-handler'],
      ['Sign in and out', 'sign-in-and-out'],
      ['Flashes', 'flashes'],
      ['Typed values', 'typed-values'],
      ['When a class changes', 'types-that-change'],
      ['Check stored values', 'checked-values'],
      ['Classes that you cannot decorate', 'foreign-classes'],
    ],
  ],
  [
    'With the rest of Nest',
    [
      ['Guards, filters, middleware', 'guards-filters-middleware'],
      ['Views', 'views'],
      ['GraphQL', 'graphql'],
      ['Gateways', 'gateways'],
      ["Passport and express-session's API", 'passport'],
      ['CSRF', 'csrf'],
      ['Several sessions', 'several-sessions'],
    ],
  ],
  [
    'Where sessions live',
    [
      ['Redis and other stores', 'stores'],
      ['Write a store', 'write-a-store'],
    ],
  ],
  [
    'Secrets, timeouts, events',
    [
      ['Rotation and secrets', 'rotation'],
      ['Timeouts and remember-me', 'timeouts'],
      ['Events and logs', 'events'],
    ],
  ],
  [
    'Test and deploy',
    [
      ['Testing', 'testing'],
      ['Production checklist', 'production'],
      ['Troubleshooting', 'troubleshooting'],
      ['Limits', 'limits'],
    ],
  ],
  [
    'Coming from',
    [
      ['Keep sessions when you switch', 'switching'],
      ['express-session', 'coming-from/express-session'],
      ['cookie-session', 'coming-from/cookie-session'],
      ['@fastify/secure-session', 'coming-from/secure-session'],
      ['@fastify/session', 'coming-from/fastify-session'],
      ['iron-session', 'coming-from/iron-session'],
      ['nestjs-session', 'coming-from/nestjs-session'],
      ['Leapkit', 'coming-from/leapkit'],
    ],
  ],
  [
    'Reference',
    [
      ['Options', 'options'],
      ['Errors', 'errors'],
      ['Events', 'events#channels'],
      ['Formats', 'formats'],
      ['Exports', 'exports'],
      ['Command line', 'command-line'],
      ['API', 'api/index'],
    ],
  ],
  [
    'Background',
    [
      ['How it works', 'how-it-works'],
      ['Comparison', 'comparison'],
      ['Speed', 'speed'],
      ['What was tried', 'compatibility'],
      ['Decisions', 'design/index'],
    ],
  ],
];
