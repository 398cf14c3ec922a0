import { request } from 'node:http';
import type { BrowserContext } from 'playwright-core';

/** What a page has fetched besides answers of the API: paths, each once. */
export async function filesOf(context: BrowserContext, path: string): Promise<string[]> {
  const page = await context.newPage();
  const files = new Set<string>();
  page.on('requestfinished', (sent) => {
    const { pathname } = new URL(sent.url());
    if (!pathname.startsWith('/v1/')) files.add(pathname);
  });
  await page.goto(path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  // What is fetched ahead of its use counts too.
  await page.evaluate(() => new Promise((done) => requestIdleCallback(() => done(undefined), { timeout: 2000 })));
  await page.close();
  return [...files];
}

export interface Sizes {
  readonly script: number;
  readonly style: number;
  readonly font: number;
  readonly rest: number;
  readonly all: number;
  readonly files: number;
}

/** The bytes of their bodies as the gateway sends them to a browser that takes one encoding. */
export async function sizesOf(url: string, paths: readonly string[], encoding: 'gzip' | 'br'): Promise<Sizes> {
  const sizes = { script: 0, style: 0, font: 0, rest: 0, all: 0, files: paths.length };
  for (const path of paths) {
    const bytes = await bodyBytes(new URL(path, url), encoding);
    sizes[kindOf(path)] += bytes;
    sizes.all += bytes;
  }
  return sizes;
}

function kindOf(path: string): 'script' | 'style' | 'font' | 'rest' {
  if (path.endsWith('.js')) return 'script';
  if (path.endsWith('.css')) return 'style';
  return path.endsWith('.woff2') ? 'font' : 'rest';
}

function bodyBytes(url: URL, encoding: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { accept: 'text/html', 'accept-encoding': encoding } }, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('end', () => resolve(bytes));
    })
      .on('error', reject)
      .end();
  });
}
