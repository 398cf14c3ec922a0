import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from '@playwright/test';

/**
 * The path of a real Chromium for tests and measurements: the one that $CHROMIUM_PATH names, else the one that npm has
 * brought, unpacked into `folder` (whoever calls removes it). That one carries its own libraries, and so runs where nothing
 * is installed; how to find them stands in the environment of this process afterwards, and of those that it starts.
 */
export async function chromiumProgram(folder: string): Promise<string> {
  const named = process.env['CHROMIUM_PATH'];
  if (named !== undefined && named !== '') return named;
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = folder; // where the library unpacks to
  process.env['AWS_EXECUTION_ENV'] ??= 'AWS_Lambda_nodejs22.x'; // asks for the libraries too
  try {
    const { default: packaged } = await import('@sparticuz/chromium');
    const path = await packaged.executablePath();
    // The configuration that it brings looks for fonts in the folders of a cloud.
    const fonts = `<fontconfig><dir>${folder}/fonts</dir><cachedir>${folder}/fonts-cache</cachedir></fontconfig>`;
    await writeFile(join(folder, 'fonts/fonts.conf'), `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">${fonts}\n`);
    return path;
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
}

/** The sandbox needs rights that containers do not give; what is opened here is our own. */
export const CHROMIUM_ARGS: readonly string[] = ['--no-sandbox'];

/** Starts it; whoever calls closes it, and removes `folder` afterwards. */
export async function launchChromium(folder: string): Promise<Browser> {
  const executablePath = await chromiumProgram(folder);
  const { chromium } = await import('@playwright/test');
  return chromium.launch({ executablePath, args: [...CHROMIUM_ARGS] });
}
