import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'rolldown';

/**
 * Commander loads node:child_process, and with it the network stack, for subcommands that are programs of their own.
 * There are none here, and loading it takes a tenth of a short command's time.
 */
const withoutChildProcess: Plugin = {
  name: 'without-child-process',
  resolveId: (id, importer) => (id === 'node:child_process' && importer?.includes('/commander/') ? '\0no-child-process' : null),
  load: (id) =>
    id === '\0no-child-process'
      ? "export default { spawn() { throw new Error('guichet has no subcommands that are programs'); } };"
      : null,
};

/**
 * The command as one CommonJS entry with chunks that are loaded when they are needed: CommonJS starts some milliseconds
 * sooner than ES modules, and what a command does not use is not read.
 */
export async function buildCli(dist: string): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  await build({
    input: join(import.meta.dirname, 'src/main.ts'),
    platform: 'node',
    // It brings binaries of its own, which are looked for only where a sign-in is kept in the keychain.
    external: ['@napi-rs/keyring'],
    plugins: [withoutChildProcess],
    output: {
      dir: dist,
      format: 'cjs',
      entryFileNames: 'guichet.cjs',
      chunkFileNames: 'chunks/[name].cjs',
      minify: true,
      // Each further file costs a third of a millisecond: what is used together is one.
      codeSplitting: {
        groups: [
          { name: 'version', test: /\/cli\/src\/version\.ts$/, priority: 3 },
          {
            name: 'core',
            test: /\/picocolors\/|\/contract\/src\/(?!audit-log\/)|\/cli\/src\/(?:[\w-]+\.ts|config\/|catalogue\/|builtin\/table|output\/(?:clean|paint))(?<!\/(?:main|command|run-builtin|duration)\.ts)/,
            priority: 2,
          },
          {
            name: 'command',
            test: /\/commander\/|\/cli\/src\/(?:command|run-builtin|duration|action\/|request\/|output\/)/,
            priority: 1,
          },
        ],
      },
    },
  });
  chmodSync(join(dist, 'guichet.cjs'), 0o755);
}

if (import.meta.main) await buildCli(join(import.meta.dirname, 'dist'));
