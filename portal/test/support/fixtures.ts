import { type BrowserContext, test as base, expect, type Page } from '@playwright/test';
import { Complaints } from './complaints.ts';
import { GatewayCalls } from './gateway-calls.ts';
import { type Person, type Running, running, sessionFile, type World } from './running.ts';

interface Fixtures {
  /** Collects what pages complain of; a test with a complaint that it did not expect fails. */
  readonly complaints: Complaints;
  /** A page of nobody, in a browser of its own. */
  readonly asNobody: Page;
  readonly asNadia: Page;
  readonly asAmine: Page;
  readonly asSven: Page;
  readonly asMarta: Page;
  /** Calls of the API as a person, beside the browser: to prepare what a page shows, or to see what it has done. */
  readonly calls: GatewayCalls;
  /** Where all of it runs. */
  readonly company: Running;
  /** Opens a browser of somebody's own, or of nobody's; it is closed after the test. */
  readonly open: (person?: Person) => Promise<Page>;
  /** Requests and events to look at, made once for all tests; none of them changes it. */
  readonly world: World;
}

/**
 * `test` with people: `test('…', async ({ asNadia, asAmine }) => …)` has a page for each, signed in, in browsers of their own.
 * Paths such as `asNadia.goto('/requests')` are those of the console.
 */
export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: what Playwright asks of a fixture that needs no other
  company: async ({}, use) => use(running()),
  // biome-ignore lint/correctness/noEmptyPattern: see above
  world: async ({}, use) => use(running().world),
  baseURL: async ({ company }, use) => use(company.url),
  complaints: async ({ company }, use) => {
    const complaints = new Complaints({ origins: [company.url, company.issuer] });
    await use(complaints);
    expect(complaints.all, 'what the pages complained of').toEqual([]);
  },
  calls: async ({ company, playwright }, use) => {
    const calls = new GatewayCalls({ company, request: playwright.request });
    await use(calls);
    await calls.close();
  },
  open: async ({ browser, company, complaints, contextOptions }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (person) => {
      const context = await browser.newContext({
        ...contextOptions,
        baseURL: company.url,
        ...(person !== undefined && { storageState: sessionFile(company, person) }),
      });
      contexts.push(context);
      complaints.watch(context);
      return context.newPage();
    });
    for (const context of contexts) await context.close();
  },
  asNobody: async ({ open }, use) => use(await open()),
  asNadia: async ({ open }, use) => use(await open('nadia')),
  asAmine: async ({ open }, use) => use(await open('amine')),
  asSven: async ({ open }, use) => use(await open('sven')),
  asMarta: async ({ open }, use) => use(await open('marta')),
});

export { expect };
