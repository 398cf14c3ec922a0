import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';

/** A real Chromium, or why there is none. */
export type Chromium = { readonly browser: Browser; close(): Promise<void> } | { readonly missing: string };

/**
 * Starts Chromium: the one that $CHROMIUM_PATH names, else the one that npm has brought, which carries its own libraries
 * and so runs where nothing is installed.
 */
export async function startChromium(): Promise<Chromium> {
  const folder = await mkdtemp(join(tmpdir(), 'guichet-chromium-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const executablePath = process.env['CHROMIUM_PATH'] || (await unpacked(folder));
    const { chromium } = await import('playwright-core');
    // The sandbox needs rights that containers do not give; what is opened here is our own.
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    return { browser, close: () => browser.close().finally(remove) };
  } catch (error) {
    await remove();
    return { missing: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) };
  }
}

/** The path of the program, unpacked into the folder. The library takes both from the environment. */
async function unpacked(folder: string): Promise<string> {
  process.env['TMPDIR'] = folder; // of this test file's own process
  process.env['AWS_EXECUTION_ENV'] ??= 'AWS_Lambda_nodejs22.x'; // asks for the libraries too
  const { default: packaged } = await import('@sparticuz/chromium');
  const path = await packaged.executablePath();
  // The configuration that it brings looks for fonts in the folders of a cloud.
  const fonts = `<fontconfig><dir>${folder}/fonts</dir><cachedir>${folder}/fonts-cache</cachedir></fontconfig>`;
  await writeFile(join(folder, 'fonts/fonts.conf'), `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">${fonts}\n`);
  return path;
}
