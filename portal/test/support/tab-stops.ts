import type { Page } from '@playwright/test';

export interface TabStops {
  /** What can be reached by Tab, as it is called. */
  readonly reached: readonly string[];
  /** Reached, with nothing that shows where the focus is. */
  readonly unseen: readonly string[];
  /** Can be used by a mouse, and is never reached. */
  readonly missed: readonly string[];
}

/** Goes through a page by Tab until it comes round, and tells what was reached and seen. */
export async function tabStops(page: Page): Promise<TabStops> {
  await page.evaluate(watchFocus);
  const most = 10 + (await page.evaluate(() => window.__stops.wanted().length));
  for (let presses = 0; presses < most; presses++) {
    await page.keyboard.press('Tab');
    if (presses % 10 === 9 && (await page.evaluate(() => window.__stops.missed().length)) === 0) break;
  }
  const editors = await page.evaluate(() => window.__stops.hosts.length);
  for (let index = 0; index < editors; index++) await expectRing(page, index);
  return page.evaluate(() => ({
    reached: window.__stops.reached,
    unseen: window.__stops.unseen,
    missed: window.__stops.missed(),
  }));
}

/** What lives in a shadow root draws its ring itself, a moment after it has the focus. */
async function expectRing(page: Page, index: number): Promise<void> {
  await page.evaluate((host) => {
    window.__stops.hosts[host]?.shadowRoot?.querySelector<HTMLElement>('[contenteditable], input, button')?.focus();
  }, index);
  await page.waitForFunction((host) => {
    const inside = window.__stops.hosts[host]?.shadowRoot?.querySelectorAll('*') ?? [];
    return [...inside].some((element) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0;
    });
  }, index);
}

declare global {
  interface Window {
    /** Put there by the function below, in the page of a test alone. */
    __stops: { reached: string[]; unseen: string[]; hosts: Element[]; wanted(): Element[]; missed(): string[] };
  }
}

/** Runs in the page, so it uses nothing from outside of itself. */
function watchFocus(): void {
  const visited = new WeakSet<Element>();
  const stops: Window['__stops'] = { reached: [], unseen: [], hosts: [], wanted, missed };
  window.__stops = stops;
  (document.activeElement as HTMLElement | null)?.blur(); // what has the focus is an element of HTML here
  addEventListener('focusin', ({ target }) => {
    if (!(target instanceof HTMLElement) || visited.has(target)) return;
    visited.add(target);
    stops.reached.push(nameOf(target));
    if (target.shadowRoot !== null) stops.hosts.push(target);
    else if (!showsFocus(target)) stops.unseen.push(nameOf(target));
  });

  /** A ring of its own, or one around it: of the field that it is a part of. */
  function showsFocus(element: Element): boolean {
    for (let at: Element | null = element, steps = 0; at !== null && steps < 3; at = at.parentElement, steps++) {
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(at);
      if (outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0) return true;
      if (at.matches(':focus-within') && /\d+px/.test(boxShadow) && boxShadow !== 'none') return true;
    }
    return false;
  }

  function wanted(): Element[] {
    const usable =
      'a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=link], [role=checkbox], [role=switch], [role=combobox], [contenteditable=true]';
    return [...document.querySelectorAll(usable)].filter(
      (element) =>
        element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
        element.closest('[inert], [aria-hidden=true]') === null &&
        !element.matches(':disabled, [aria-disabled=true]') &&
        !isInside(element) &&
        !isOtherRadio(element),
    );
  }

  /** What its own keys walk through: Tab stops once for all of them. */
  function isInside(element: Element): boolean {
    const composite =
      '[role=tablist], [role=menu], [role=menubar], [role=listbox], [role=grid], [role=treegrid], [role=tree], [role=radiogroup], [role=toolbar]';
    if (element.getAttribute('tabindex') !== '-1') return false;
    // What opens the choices of a field belongs to the field: Arrow down does it there.
    if (element.parentElement?.querySelector('[role=combobox]') != null) return true;
    // The rows of a table are walked through by arrows, from the one that Tab reaches.
    return element.closest(composite) !== null || element.closest('table')?.querySelector('tr [tabindex="0"]') != null;
  }

  function isOtherRadio(element: Element): boolean {
    return element instanceof HTMLInputElement && element.type === 'radio' && !element.checked;
  }

  function missed(): string[] {
    return wanted()
      .filter((element) => !visited.has(element))
      .map(nameOf);
  }

  function nameOf(element: Element): string {
    const words = element.getAttribute('aria-label') ?? element.textContent?.trim().replace(/\s+/g, ' ') ?? '';
    const name = words === '' ? (element.getAttribute('name') ?? element.id) : words;
    return `${element.getAttribute('role') ?? element.tagName.toLowerCase()} '${name.slice(0, 60)}'`;
  }
}
