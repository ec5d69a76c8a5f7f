import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

const AXE = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');

/** Those that axe runs for nobody who does not ask: of AAA, deprecated, or experimental. */
const LEFT_OUT = [
  'aria-roledescription',
  'audio-caption',
  'color-contrast-enhanced',
  'css-orientation-lock',
  'duplicate-id',
  'duplicate-id-active',
  'focus-order-semantics',
  'hidden-content',
  'identical-links-same-purpose',
  'landmark-complementary-is-top-level',
  'meta-refresh-no-exceptions',
  'p-as-heading',
  'table-fake-caption',
  'td-has-header',
];
/** What they find depends on the colors, and on what lies under a text at a width. */
const OF_COLORS = ['color-contrast', 'link-in-text-block'];

/** How a page is shown. Every other rule may depend on the width, which shows or hides, and on no color. */
export interface Look {
  readonly colorScheme: 'light' | 'dark';
  readonly width: number;
  /** Default every rule of axe. */
  readonly rules?: readonly string[];
}

export const LOOKS: readonly Look[] = [
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'light', width: 390, rules: OF_COLORS },
  { colorScheme: 'dark', width: 1280, rules: OF_COLORS },
  { colorScheme: 'dark', width: 390 },
];

/** Once for each page that is loaded. Twice as fast as a script tag. */
export async function loadAxe(page: Page): Promise<void> {
  await page.evaluate(`${AXE};0`);
}

/** @returns what breaks a rule; and each rule that was to be run, and was not */
export function findViolations(page: Page, { rules }: Look): Promise<string[]> {
  // WCAG 2.2 asks for the size of targets, which axe takes on only when it is told to.
  const run =
    rules === undefined ? { rules: { 'target-size': { enabled: true } } } : { runOnly: rules };
  const options = JSON.stringify({ ...run, resultTypes: ['violations'] });
  const wanted =
    rules === undefined ? `axe.getRules().map(({ ruleId }) => ruleId)` : JSON.stringify(rules);
  return page.evaluate<string[]>(`axe.run(${options}).then((results) => {
    const kinds = ['violations', 'passes', 'incomplete', 'inapplicable'];
    const run = new Set(kinds.flatMap((kind) => results[kind].map(({ id }) => id)));
    const leftOut = ${JSON.stringify(LEFT_OUT)};
    return [
      ...results.violations.map(({ id, nodes }) => id + ' ' + nodes.map(({ html }) => html).join(' ')),
      ...${wanted}.filter((id) => !run.has(id) && !leftOut.includes(id)).map((id) => id + ' was not run'),
    ];
  })`);
}
