import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, request } from '@playwright/test';
import { CHROMIUM_ARGS, chromiumProgram } from '../../chromium.ts';
import { startCompany } from './company.ts';
import { GatewayCalls } from './gateway-calls.ts';
import { CHROMIUM_VARIABLE, PEOPLE, type Person, type Running, sessionFile, tell } from './running.ts';
import { expectSignedIn, signInAs } from './sign-in.ts';
import { makeWorld } from './world.ts';

/** Starts the company once for all files, signs everybody in once; gives what takes it all down. */
export default async function globalSetup(): Promise<() => Promise<void>> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'guichet-console-')); // mode 0700: it will hold sessions
    closers.push(() => rm(folder, { recursive: true, force: true }));
    const program = await chromiumProgram(folder); // not beside the next: it changes the environment for a moment
    const company = await startCompany();
    closers.push(() => company.stop());
    process.env[CHROMIUM_VARIABLE] = program;
    const running: Running = { url: company.url, issuer: company.issuer, sessions: folder };
    const browser = await chromium.launch({ executablePath: program, args: [...CHROMIUM_ARGS] });
    try {
      for (const person of PEOPLE) await keepSession(browser, { running, person });
    } finally {
      await browser.close();
    }
    const calls = new GatewayCalls({ company: running, request });
    tell({ ...running, world: await makeWorld(calls) });
    await calls.close();
    return close;
  } catch (error) {
    await close();
    throw error;
  }
}

async function keepSession(browser: Browser, { running, person }: { running: Running; person: Person }): Promise<void> {
  const context = await browser.newContext({ baseURL: running.url, locale: 'en-GB' });
  const page = await context.newPage();
  await page.goto('/');
  await signInAs(page, person);
  await expectSignedIn(page, person);
  await context.storageState({ path: sessionFile(running, person) });
  await context.close();
}
