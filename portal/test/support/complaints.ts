import type { BrowserContext, Page } from '@playwright/test';

/** What a page must never do, seen from outside: errors on its console (broken policies are told there), and asking others. */
export class Complaints {
  readonly #found: string[] = [];
  readonly #expected: RegExp[] = [];
  readonly #origins: ReadonlySet<string>;

  /** `origins`: those that pages may ask; the identity provider is asked by navigation alone. */
  constructor({ origins }: { readonly origins: readonly string[] }) {
    this.#origins = new Set(origins);
  }

  /** A complaint that a test provokes on purpose, such as the line that the browser itself writes about an answer of 401. */
  expect(pattern: RegExp): void {
    this.#expected.push(pattern);
  }

  /** All that there was and that nobody expected. */
  get all(): readonly string[] {
    return this.#found.filter((text) => !this.#expected.some((pattern) => pattern.test(text)));
  }

  /** Listens to all pages of a context, those that open later too. */
  watch(context: BrowserContext): void {
    context.on('page', (page) => this.#watch(page));
    for (const page of context.pages()) this.#watch(page);
    context.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol === 'blob:' || this.#origins.has(origin) || request.isNavigationRequest()) return;
      this.#found.push(`asks another origin: ${request.url()}`);
    });
  }

  #watch(page: Page): void {
    page.on('console', (message) => {
      const isBad = message.type() === 'error' || message.type() === 'warning';
      if (isBad) this.#found.push(`${message.type()}: ${message.text()} (${page.url()} ${message.location().url})`);
    });
    page.on('pageerror', (error) => this.#found.push(`uncaught: ${error.stack ?? error.message}`));
  }
}
