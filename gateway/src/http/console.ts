import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import files from '@fastify/static';
import type { FastifyInstance, FastifyReply, RawServerDefault } from 'fastify';
import { AUTH_PAGES } from './auth-paths.ts';
import { PAGES } from './problems.ts';
import { OWN_FILES_ONLY } from './security-headers.ts';

/** The files of the console tell nothing about anybody: what they show is asked of the API, by whoever has signed in. */
const OPEN = { permission: 'public' } as const;

/** What is never a page of the console, with all that is below it. An unknown path in there stays a problem document. */
const TAKEN: ReadonlySet<string> = new Set(
  ['/v1', '/docs', '/assets', ...PAGES, ...AUTH_PAGES.map(({ path }) => path)].map((path) => firstOf(path)),
);

/** The first part of a path, without what is asked of it. */
function firstOf(url: string): string {
  return url.split(/[/?#]/, 2)[1] ?? '';
}

/** Tells a call that asks for a page from all others: only for it the routes of the console are there. */
const FOR_READERS = {
  name: 'page',
  storage: () => {
    const stored = new Map<unknown, unknown>();
    return {
      get: (key: unknown) => stored.get(key) ?? null,
      set: (key: unknown, handler: unknown) => void stored.set(key, handler),
    };
  },
  validate: () => {},
  deriveConstraint: ({ url = '', headers }: { url?: string | undefined; headers: { accept?: string | undefined } }): boolean =>
    (headers.accept ?? '').includes('text/html') && !TAKEN.has(firstOf(url)),
};

/** Every file name in `assets` holds a digest of the file: it never changes. */
const FOREVER = { maxAge: '365d', immutable: true } as const;

/**
 * The console: its document for every path that is no other of the gateway, asked for by whoever reads pages, and the files
 * that it needs. The pages are told apart in the browser. `folder` is what its build has made, compressed files included.
 */
export async function addConsole(app: FastifyInstance, folder: string): Promise<void> {
  app.addConstraintStrategy(FOR_READERS as unknown as Parameters<FastifyInstance['addConstraintStrategy']>[0]);
  await app.register(async (scope: FastifyInstance<RawServerDefault>) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, ...OPEN };
    });
    await scope.register(files, {
      root: join(folder, 'assets'),
      prefix: '/assets/',
      preCompressed: true,
      index: false,
      allowedPath: (path: string) => !path.endsWith('/'), // a folder is nothing to read
      dotfiles: 'ignore',
      ...FOREVER,
    });
    const sent = (reply: FastifyReply, name: string): FastifyReply =>
      reply.header('cache-control', 'no-cache').sendFile(name, folder, { cacheControl: false });
    const page = (reply: FastifyReply): FastifyReply =>
      sent(
        reply
          .header('content-security-policy', OWN_FILES_ONLY)
          // Without it a browser says of the form that signs out that it comes from nowhere (`origin: null`).
          .header('referrer-policy', 'same-origin')
          .header('vary', 'accept'),
        'index.html',
      );
    scope.get('/', (_request, reply) => page(reply));
    scope.get('/*', { constraints: { page: true } }, (_request, reply) => page(reply));
    for (const name of ownFiles(folder)) scope.get(`/${name}`, (_request, reply) => sent(reply, name));
  });
}

/** What lies beside the document, such as its icon. */
function ownFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'index.html' && !/^\.|\.(?:br|gz)$/.test(entry.name))
    .map(({ name }) => name);
}
