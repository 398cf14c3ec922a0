import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'rolldown';

/**
 * The command as one CommonJS entry with chunks that are loaded when they are needed: CommonJS starts some milliseconds
 * sooner than ES modules, and what a command does not use is not read.
 */
const dist = join(import.meta.dirname, 'dist');
rmSync(dist, { recursive: true, force: true });
await build({
  input: join(import.meta.dirname, 'src/main.ts'),
  platform: 'node',
  output: {
    dir: dist,
    format: 'cjs',
    entryFileNames: 'guichet.cjs',
    chunkFileNames: 'chunks/[name].cjs',
    banner: (chunk) => (chunk.isEntry ? '#!/usr/bin/env node' : ''),
    minify: true,
  },
});
chmodSync(join(dist, 'guichet.cjs'), 0o755);
