import type { Page } from 'playwright-core';
import type { ShopVisit } from './shop-visit.js';

/** Where the focus is, and what keeps a person from seeing it. */
interface Focus {
  /** What a screen reader says; empty where no control has the focus. */
  readonly name: string;
  /** Its place among the controls of the page, -1 where it is none. */
  readonly place: number;
  readonly faults: readonly string[];
}

/** Put into a page, once. */
const SCRIPT = `(globalThis.shopKeyboard ??= (() => {
  const nameOf = (one) => (one.labels?.[0] ?? one).textContent.trim().replace(/\\s+/g, ' ');
  const controls = () =>
    [...document.querySelectorAll('a, button, input, textarea, select, summary, [tabindex="0"]')]
      .filter((one) => one.checkVisibility() && !one.disabled);

  // WCAG 2.2, "relative luminance" and "contrast ratio".
  const luminance = (color) => {
    const parts = /^rgba?\\((\\d+), (\\d+), (\\d+)/.exec(color);
    if (parts === null) throw new Error('not a color that can be weighed: ' + color);
    const [red, green, blue] = parts.slice(1).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const backgroundOf = (one) => {
    const color = getComputedStyle(one).backgroundColor;
    return color === 'rgba(0, 0, 0, 0)' ? backgroundOf(one.parentElement) : color;
  };

  const faultsOf = (one) => {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(one);
    const { left, top, right, width, height } = one.getBoundingClientRect();
    // Of a field of several lines the browser shows the one that is written in.
    const shown = one.matches('textarea') ? Math.min(height, 48) : height;
    const middle = document.elementFromPoint(left + Math.min(width / 2, 20), top + shown / 2);
    const faults = {
      'no ring': outlineStyle === 'none' || parseFloat(outlineWidth) < 2,
      'a ring that does not stand out': contrast(outlineColor, backgroundOf(one.parentElement)) < 3,
      'not on the screen': Math.min(left, top, innerWidth - right, innerHeight - top - shown) < -1,
      'under something': middle === null || !(one.contains(middle) || middle.contains(one)),
    };
    return Object.keys(faults).filter((name) => faults[name]);
  };

  const focus = () => {
    const one = document.activeElement;
    if (one === document.body) return { name: '', place: -1, faults: [] };
    return { name: nameOf(one), place: controls().indexOf(one), faults: faultsOf(one) };
  };

  // Where the focus was is looked at when it is about to leave: by then the page has scrolled.
  let seen = [];
  document.addEventListener('keydown', ({ key }) => void (key === 'Tab' && seen.push(focus())), true);

  return {
    /** As after a page was loaded: the next Tab leads to its first control. */
    begin() {
      document.body.tabIndex = -1;
      document.body.focus();
      document.body.removeAttribute('tabindex');
      return controls().map(nameOf);
    },
    /** How many times Tab leads to the next control of a name; less than 0: backwards. */
    distance(pattern) {
      const all = controls();
      const from = document.activeElement;
      const after = all.findIndex(
        (one) => from === document.body || from.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING,
      );
      const isWanted = (one) => new RegExp(pattern).test(nameOf(one));
      const start = after === -1 ? all.length : after;
      const next = all.findIndex((one, i) => i >= start && isWanted(one));
      if (next !== -1) return next - start + 1;
      const last = all.findIndex(isWanted);
      if (last === -1) return 0;
      return last - (all.includes(from) ? start - 1 : start);
    },
    /** Every focus since the last call: the first is the one before the first Tab. */
    take() {
      const taken = [...seen, focus()];
      seen = [];
      return taken;
    },
  };
})())`;

/**
 * Goes through a page by Tab alone, from its beginning to its end.
 *
 * @returns what a person without a mouse would stumble over
 */
export async function walkByTab(page: Page): Promise<string[]> {
  const names = await page.evaluate<string[]>(`${SCRIPT}.begin()`);
  const [, ...seen] = await tab(page, 'Tab', names.length + 1);
  const end = seen.pop()!;
  const findings = seen.flatMap(({ name, place, faults }, i) => [
    ...(place === i ? [] : [`Tab leads to "${name}", and not to "${names[i]}"`]),
    ...faults.map((fault) => `${name}: ${fault}`),
  ]);
  if (seen.length !== names.length) findings.push(`Tab leads to ${seen.length} of ${names.length}`);
  // Behind the last control is the browser's own, or the first again where it has none.
  if (end.place > 0) findings.push(`Tab does not leave the page, but leads to "${end.name}"`);
  return findings;
}

/** @returns where the focus was: before the first, and after each */
async function tab(page: Page, key: 'Tab' | 'Shift+Tab', times: number): Promise<Focus[]> {
  await page.evaluate(`${SCRIPT}.take()`);
  if (key === 'Shift+Tab') await page.keyboard.down('Shift');
  // Not one after the other: to wait for the answer to each takes longer than the key itself.
  await Promise.all(Array.from({ length: times }, () => page.keyboard.press('Tab')));
  if (key === 'Shift+Tab') await page.keyboard.up('Shift');
  return page.evaluate<Focus[]>('shopKeyboard.take()');
}

/** Somebody who has no mouse. */
export class Keyboard {
  constructor(private readonly visit: ShopVisit) {}

  /** @throws Error where Tab does not lead there, or the focus is lost to the eye on the way */
  async tabTo(name: string | RegExp): Promise<void> {
    const { page } = this.visit;
    const pattern = name instanceof RegExp ? name : new RegExp(`^${name}$`);
    const source = JSON.stringify(pattern.source);
    const distance = await page.evaluate<number>(`${SCRIPT}.distance(${source})`);
    if (distance === 0) throw new Error(`no control is called ${String(name)}`);
    const key = distance > 0 ? 'Tab' : 'Shift+Tab';
    const [, ...seen] = await tab(page, key, Math.abs(distance));
    const faults = seen.flatMap((one) => one.faults.map((fault) => `${one.name}: ${fault}`));
    if (faults.length > 0) throw new Error(faults.join(', '));
    if (!pattern.test(seen.at(-1)!.name)) {
      const names = seen.map((one) => one.name).join(', ');
      throw new Error(`${key} leads to ${names}, and not to ${String(name)}`);
    }
  }

  /** Follows a link or presses a button, which leads to a page. */
  async press(name: string, key: 'Enter' | 'Space' = 'Enter'): Promise<void> {
    await this.tabTo(name);
    await this.visit.untilLoaded(() => this.visit.page.keyboard.press(key));
  }

  /** Tab selects what is in a field: what is typed takes its place. */
  async type(field: string, text: string): Promise<void> {
    await this.tabTo(field);
    await this.visit.page.keyboard.type(text);
  }

  /** Presses a key that leads to no other page. */
  async hit(name: string | RegExp, key: 'Enter' | 'Space'): Promise<void> {
    await this.tabTo(name);
    await this.visit.page.keyboard.press(key);
  }
}
