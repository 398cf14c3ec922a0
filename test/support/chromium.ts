import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchChromium } from '@guichet/portal/chromium';
import type { Browser } from 'playwright-core';

/** A real Chromium, or why there is none. */
export type Chromium = { readonly browser: Browser; close(): Promise<void> } | { readonly missing: string };

/** Starts Chromium: the one that $CHROMIUM_PATH names, else the one that npm has brought. */
export async function startChromium(): Promise<Chromium> {
  const folder = await mkdtemp(join(tmpdir(), 'guichet-chromium-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const browser = await launchChromium(folder);
    return { browser, close: () => browser.close().finally(remove) };
  } catch (error) {
    await remove();
    return { missing: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) };
  }
}
