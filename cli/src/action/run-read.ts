import { EXIT, type ExitCode, GuichetError, type Output } from '@guichet/contract';
import { drawOutput } from '../output/draw.ts';
import { saveFile } from '../output/save-file.ts';
import type { ReadyCall } from './ready-call.ts';

/** Runs a read and shows its answer; with --watch again and again. */
export async function runRead(ready: ReadyCall): Promise<ExitCode> {
  const { shell, flags } = ready;
  if (flags['watch'] !== undefined) return watch(ready);
  const output = await read(ready, shell.context.interrupt);
  if (await saveFile(shell, output, flags['outputFile'])) return EXIT.ok;
  await shell.show(output, () => drawOutput(output, shell.canvas));
  return EXIT.ok;
}

async function read({ shell, action, environment, input }: ReadyCall, signal: AbortSignal): Promise<Output> {
  const client = await shell.client();
  const { output } = await client.call('actions.read', {
    params: { action: action.id },
    body: { environment, input },
    signal,
  });
  return output;
}

async function watch(ready: ReadyCall): Promise<ExitCode> {
  const { watchRead, watchSeconds } = await import('../watch/index.ts');
  const seconds = watchSeconds(ready.flags['watch']);
  if (ready.flags['outputFile'] !== undefined)
    throw new GuichetError('usage.invalid', '--watch and --output-file exclude each other.', {
      remedy: 'A file is saved once: leave one of them out.',
    });
  return watchRead({ ready, seconds, ask: (signal) => read(ready, signal) });
}
