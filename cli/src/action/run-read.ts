import { EXIT, type ExitCode, GuichetError, type Output } from '@guichet/contract';
import { drawOutput } from '../output/draw.ts';
import { saveFile } from '../output/save-file.ts';
import { formatTime } from '../output/units.ts';
import type { ReadyCall } from './ready-call.ts';

/** Runs a read and shows its answer; with --watch again and again. */
export async function runRead(ready: ReadyCall): Promise<ExitCode> {
  const { shell, flags } = ready;
  if (flags['watch'] !== undefined) return watch(ready, secondsOf(flags['watch']));
  const output = await read(ready);
  if (await saveFile(shell, output, flags['outputFile'])) return EXIT.ok;
  await shell.show(output, () => drawOutput(output, shell.canvas));
  return EXIT.ok;
}

async function read({ shell, action, environment, input }: ReadyCall): Promise<Output> {
  const client = await shell.client();
  const { output } = await client.call('actions.read', {
    params: { action: action.id },
    body: { environment, input },
    signal: shell.context.interrupt,
  });
  return output;
}

function secondsOf(value: unknown): number {
  if (value === true) return 2;
  const seconds = Number(String(value).replace(/s$/, ''));
  if (Number.isFinite(seconds) && seconds >= 0.5) return seconds;
  throw new GuichetError('usage.invalid', `--watch takes seconds, at least 0.5; not '${value}'.`);
}

/** Draws in place on a terminal; one below the other in a pipe. Ends with Ctrl-C. */
async function watch(ready: ReadyCall, seconds: number): Promise<ExitCode> {
  const { shell } = ready;
  const { stdout, interrupt } = shell.context;
  if (shell.forPrograms)
    throw new GuichetError('usage.invalid', '--watch draws for people; -o json and yaml print one document.', {
      remedy: 'Leave one of them out.',
    });
  for (;;) {
    const output = await read(ready);
    const now = shell.context.now();
    const drawn = drawOutput(output, shell.canvas);
    const head = shell.paint.dim(`Every ${seconds}s, ${formatTime(now, now)}. Ctrl-C ends it.`);
    if (stdout.isTTY === true) stdout.write(inPlace(`${head}\n${firstLines(drawn, (stdout.rows ?? 24) - 2)}\n`));
    else shell.print(`${drawn}\n`);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, seconds * 1000);
      function done(): void {
        clearTimeout(timer);
        interrupt.removeEventListener('abort', done);
        resolve();
      }
      interrupt.addEventListener('abort', done);
    });
    if (interrupt.aborted) return EXIT.ok; // it was asked to read until then
  }
}

/** Draws over what is on the screen, line by line: clearing it would flicker, and take what can be scrolled back to. */
function inPlace(text: string): string {
  return `\u001b[H${text.replaceAll('\n', '\u001b[K\n')}\u001b[J`;
}

/** What fits the screen, so that its top stays in sight. */
function firstLines(text: string, count: number): string {
  const lines = text.split('\n');
  return lines.length <= count ? text : [...lines.slice(0, count - 1), `… ${lines.length - count + 1} more lines`].join('\n');
}
