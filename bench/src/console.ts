import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchChromium } from '@guichet/portal/chromium';
import { startPostgres } from '@guichet/postgres-server';
import { temporaryDataDir } from '@guichet/postgres-server/testing';
import pg from 'pg';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { instanceAt, LOGINS } from './activity.ts';
import { hurryUp, idleFrames, scrollFrames, watchPage } from './console/in-page.ts';
import { filesOf, sizesOf } from './console/transfer.ts';
import { type BenchGateway, startGateway } from './gateway.ts';
import { median, quantile, type Result, round } from './statistics.ts';

const BUILT = fileURLToPath(new URL('../../portal/dist', import.meta.url));
const LOADS = 9;
const REQUESTS = 60;
const SESSIONS = 60;
const ROWS = 10_000;
/** Frames that take longer are seen as a jerk. */
const JERK_MS = 50;
const KB = 1000;

/** The console as its set-up has built it, through a real gateway, in Chromium; each figure beside what an empty page costs. */
export async function benchConsole(databaseUrl: string): Promise<Result[]> {
  const folder = await mkdtemp(join(tmpdir(), 'guichet-bench-console-'));
  await cp(BUILT, join(folder, 'dist'), { recursive: true });
  await writeFile(join(folder, 'dist/floor.html'), '<!doctype html><html lang="en"><title>Floor</title><h1>Floor</h1></html>');
  const estate = await startEstate();
  const options = { worker: true, console: join(folder, 'dist'), postgres: { instances: [estate.instance] } };
  const gateway = await startGateway(databaseUrl, options);
  const browser = await launchChromium(join(folder));
  try {
    await fileRequests(gateway);
    return [
      await shellSize(browser, gateway),
      ...(await loads(browser, gateway)),
      await interactions(browser, gateway),
      await scrolling(browser, gateway),
      await updates(browser, gateway),
    ];
  } finally {
    await browser.close();
    await gateway.close();
    await estate.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A PostgreSQL with some sessions, for the pages that look at one. */
async function startEstate() {
  const dataDir = await temporaryDataDir();
  const server = await startPostgres({ dataDir, settings: { fsync: 'off' } });
  const sessions = Array.from(
    { length: SESSIONS },
    (_, number) => new pg.Client({ connectionString: server.url, application_name: `service-${number % 20}` }),
  );
  for (const [number, client] of sessions.entries()) {
    client.on('error', () => {});
    await client.connect();
    await client.query(number === 0 ? LOGINS : `select ${number} as number, 'of session ${number}' as name`);
  }
  return {
    instance: instanceAt(server),
    stop: async (): Promise<void> => {
      for (const client of sessions) await client.end().catch(() => {});
      await server.stop({ mode: 'immediate' });
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function fileRequests({ url, requester }: BenchGateway): Promise<void> {
  for (let index = 0; index < REQUESTS; index++) {
    const response = await fetch(`${url}/v1/requests`, {
      method: 'POST',
      headers: { authorization: `Bearer ${requester}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        action: 'noop.change',
        environment: 'production',
        input: { target: `thing-${index}` },
        reason: 'to have something to show',
      }),
    });
    if (response.status !== 201) throw new Error(`a request was refused: ${await response.text()}`);
  }
}

/** A browser that knows nothing yet, of somebody who is signed in. */
function freshContext(browser: Browser, { url, requester }: BenchGateway): Promise<BrowserContext> {
  return browser.newContext({
    baseURL: url,
    locale: 'en-GB',
    viewport: { width: 1440, height: 900 },
    extraHTTPHeaders: { authorization: `Bearer ${requester}` },
  });
}

/** All that is fetched for a page that has no code of its own: the one that says that an address is none. */
async function shellSize(browser: Browser, gateway: BenchGateway): Promise<Result> {
  const context = await freshContext(browser, gateway);
  const files = await filesOf(context, '/no/such/page');
  await context.close();
  const gzip = await sizesOf(gateway.url, files, 'gzip');
  const brotli = await sizesOf(gateway.url, files, 'br');
  const kb = (bytes: number): number => round(bytes / KB, 1);
  return {
    name: 'console: first load of the shell, nothing kept from before',
    figures: {
      'gzip kB': kb(gzip.all),
      'brotli kB': kb(brotli.all),
      'gzip kB: scripts and words': kb(gzip.script),
      styles: kb(gzip.style),
      fonts: kb(gzip.font),
      rest: kb(gzip.rest),
      files: gzip.files,
    },
    bound: 'at most 250 kB by gzip, fonts included',
    holds: gzip.all <= 250 * KB,
  };
}

interface Load {
  readonly paint: number;
  readonly rows: number;
  readonly longTasks: readonly number[];
}

async function loads(browser: Browser, gateway: BenchGateway): Promise<Result[]> {
  const floor: number[] = [];
  const cold: Load[] = [];
  const warm: Load[] = [];
  for (let time = -1; time < LOADS; time++) {
    const context = await freshContext(browser, gateway);
    const empty = await context.newPage();
    await empty.goto('/floor.html');
    const floorPaint = await firstPaint(empty);
    await empty.close();
    const first = await load(context);
    const second = await load(context);
    await context.close();
    if (time < 0) continue; // warm-up, of the gateway too
    floor.push(floorPaint);
    cold.push(first);
    warm.push(second);
  }
  const floorMs = median(floor);
  return (
    [
      ['nothing kept from before', cold, 1000],
      ['files kept from before', warm, 600],
    ] as const
  ).map(([what, times, bound]) => {
    const rows = median(times.map((one) => one.rows));
    const tasks = times.flatMap(({ longTasks }) => longTasks);
    return {
      name: `console: list of requests opened ${LOADS} times, ${what}`,
      figures: {
        'floor (an empty page) first paint ms': round(floorMs, 0),
        'first paint p50 ms': round(median(times.map(({ paint }) => paint)), 0),
        'rows p50 ms': round(rows, 0),
        'rows max ms': round(Math.max(...times.map((one) => one.rows)), 0),
        'long tasks each': round(tasks.length / times.length, 1),
        'longest ms': round(Math.max(0, ...tasks), 0),
      },
      bound: `rows at most ${bound} ms after the floor`,
      holds: rows - floorMs <= bound,
    };
  });
}

async function load(context: BrowserContext): Promise<Load> {
  const page = await context.newPage();
  await page.addInitScript(watchPage);
  await page.goto('/requests?view=all');
  await page.waitForFunction(() => window.__bench.rowsAt > 0);
  const paint = await firstPaint(page);
  const { rows, longTasks } = await page.evaluate(() => ({ rows: window.__bench.rowsAt, longTasks: window.__bench.longTasks }));
  await page.close();
  return { paint, rows, longTasks };
}

async function firstPaint(page: Page): Promise<number> {
  const painted = await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
  return (await painted.jsonValue()) ?? Number.NaN;
}

/** What people do on a list: walk, open a menu, search, change the view, open a row and come back. */
async function interactions(browser: Browser, gateway: BenchGateway): Promise<Result> {
  const context = await freshContext(browser, gateway);
  const page = await context.newPage();
  await page.addInitScript(watchPage);
  await page.goto('/requests?view=all');
  await page.waitForFunction(() => window.__bench.rowsAt > 0);
  let done = 0;
  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) {
      await page.keyboard.press(key);
      done++;
    }
  };
  for (let round = 0; round < 3; round++) {
    await press('j', 'j', 'j', 'k', 'k');
    await page.getByRole('button', { name: /^Account of/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).waitFor();
    await press('ArrowDown', 'ArrowDown', 'Escape');
    await page.getByRole('menuitem', { name: 'Sign out' }).waitFor({ state: 'hidden' }); // keys of the page wait for that too
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').waitFor();
    await press('r', 'e', 'q', 'u', 'Backspace', 'ArrowDown', 'Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.getByRole('link', { name: 'Mine' }).first().click();
    await page.getByRole('link', { name: 'All' }).first().click();
    await page.locator('[data-row-target]').first().click();
    await page.getByRole('heading', { level: 1 }).filter({ hasNotText: 'Requests' }).waitFor();
    await page.goBack();
    await page.locator('[data-row-target]').first().waitFor();
    done += 6;
  }
  const told = await page.evaluate(() => [...window.__bench.events.values()]);
  await context.close();
  // What was not told took less than 16 ms.
  const times = [...told, ...Array.from({ length: Math.max(0, done - told.length) }, () => 16)];
  return {
    name: `console: ${times.length} interactions on the list of requests, from the key or click to the next paint`,
    figures: {
      'p50 ms': round(median(times), 0),
      'p75 ms': round(quantile(times, 0.75), 0),
      'p98 ms': round(quantile(times, 0.98), 0),
      'max ms': round(Math.max(...times), 0),
    },
    bound: 'p75 at most 100 ms',
    holds: quantile(times, 0.75) <= 100,
  };
}

const jerks = (frames: readonly number[]): number => frames.filter((ms) => ms > JERK_MS).length;

async function scrolling(browser: Browser, gateway: BenchGateway): Promise<Result> {
  const context = await freshContext(browser, gateway);
  const page = await context.newPage();
  await page.goto(`/actions/noop.rows?environment=production&input=${encodeURIComponent(JSON.stringify({ count: ROWS }))}`);
  await page.getByRole('button', { name: /^Run/ }).click();
  await page.getByRole('cell', { name: 'thing-0', exact: true }).waitFor();
  const still = await page.evaluate(idleFrames, 2);
  const frames = await page.evaluate(scrollFrames, { seconds: 6, step: 240 });
  const rows = await page.locator('tbody tr').count();
  await context.close();
  return {
    name: `console: a table of ${ROWS} rows scrolled through by 240 px a frame, for 6 s`,
    figures: {
      'floor (not scrolled) frame p50 ms': round(median(still), 1),
      frames: frames.length,
      'frame p50 ms': round(median(frames), 1),
      'p95 ms': round(quantile(frames, 0.95), 1),
      'max ms': round(Math.max(...frames), 0),
      [`over ${JERK_MS} ms`]: jerks(frames),
      'rows in the document': rows,
    },
    bound: `at most 1 frame of 100 over ${JERK_MS} ms`,
    holds: jerks(frames) <= frames.length / 100,
  };
}

async function updates(browser: Browser, gateway: BenchGateway): Promise<Result> {
  const context = await freshContext(browser, gateway);
  const page = await context.newPage();
  await page.addInitScript(watchPage);
  await page.addInitScript(hurryUp);
  await page.goto('/postgres/production/pg1/activity');
  await page.waitForFunction(() => window.__bench.rowsAt > 0);
  const seconds = 8;
  const renewals = (): Promise<number> => page.evaluate(() => window.__bench.renewals);
  const before = await renewals();
  const frames = await page.evaluate(idleFrames, seconds);
  const rate = ((await renewals()) - before) / seconds;
  await context.close();
  return {
    name: `console: live activity of ${SESSIONS} sessions, renewed about 30 times a second with answers that the page is given, for ${seconds} s`,
    figures: {
      'updates/s': round(rate, 1),
      frames: frames.length,
      'frame p50 ms': round(median(frames), 1),
      'p95 ms': round(quantile(frames, 0.95), 1),
      'max ms': round(Math.max(...frames), 0),
      [`over ${JERK_MS} ms`]: jerks(frames),
    },
    bound: `at least 25 updates a second, at most 2 frames of 100 over ${JERK_MS} ms`,
    holds: rate >= 25 && jerks(frames) <= frames.length / 50,
  };
}
