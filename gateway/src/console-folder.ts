import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FieldError } from '@guichet/contract';

/** What `npm start` and the image have built: it lies beside the gateway. */
const OWN = fileURLToPath(new URL('../../portal/dist', import.meta.url));

const isBuilt = (folder: string): boolean => existsSync(join(folder, 'index.html'));

/**
 * Where the built console is: the folder that the configuration names, else our own when it has been built. Undefined when
 * there is none to serve, and a finding when the one that is named is none.
 */
export function consoleFolder(
  named: string | false | undefined,
  { folder, own = OWN }: { folder: string; own?: string },
): { readonly console: string | undefined } | { readonly finding: FieldError } {
  if (named === false) return { console: undefined };
  if (named === undefined) return { console: isBuilt(own) ? own : undefined };
  const path = resolve(folder, named);
  if (isBuilt(path)) return { console: path };
  return {
    finding: {
      field: '/console',
      message: `names ${path}, which holds no index.html`,
      remedy: 'Build the console (npm run build --workspace portal) and name its dist, or leave the field out.',
    },
  };
}
