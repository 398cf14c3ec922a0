import { ERRORS, EXIT, type ExitCode, GuichetError, type Output, toProblem } from '@guichet/contract';
import { flagText } from '../action/action-flags.ts';
import type { ReadyCall } from '../action/ready-call.ts';
import { commandOf } from '../catalogue/find.ts';
import { clean, escaped } from '../output/clean.ts';
import { toText } from '../shell.ts';
import { openKeyboard } from './keyboard.ts';
import { LiveScreen } from './live-screen.ts';
import { LiveView } from './live-view.ts';

/** Asks once. */
export type Asking = (signal: AbortSignal) => Promise<Output>;

interface Watch {
  readonly ready: ReadyCall;
  readonly seconds: number;
  readonly ask: Asking;
}

/** Whoever has not pressed a key for so long has gone, and each asking is recorded. In ms. */
const FORGOTTEN_MS = 60 * 60 * 1000;

/** Errors after which asking again in a moment may go well: it says so itself, or it is the state of something else. */
const PASSING: ReadonlySet<ExitCode> = new Set([EXIT.unreachable, EXIT.unavailable, EXIT.refused, EXIT.failed]);

const passes = ({ code }: GuichetError): boolean => ERRORS[code].retryable || PASSING.has(ERRORS[code].exit);

/**
 * Reads again and again until somebody ends it: drawn in place on a terminal, as one document after the other for programs.
 * The first answer has to come; of later ones that do not, it is told why.
 */
export async function watchRead(watch: Watch): Promise<ExitCode> {
  const { shell } = watch.ready;
  const { stdout, env } = shell.context;
  if (shell.forPrograms) return watchForPrograms(watch);
  if (stdout.isTTY !== true || env['TERM'] === 'dumb')
    throw new GuichetError('usage.invalid', '--watch draws over what it has drawn, and this output is not a terminal.', {
      remedy: 'Leave it out to read once, or add -o json for one line with each answer.',
    });
  return watchOnScreen(watch);
}

/** One document for each answer: a line of JSON, or a document of YAML. */
async function watchForPrograms({ ready: { shell }, seconds, ask }: Watch): Promise<ExitCode> {
  const { interrupt } = shell.context;
  const sleep = new Sleep();
  interrupt.addEventListener('abort', () => sleep.end());
  const print = async (output: Output): Promise<void> => {
    const text = shell.flags.output === 'yaml' ? `---\n${await toText(output, 'yaml')}` : escaped(JSON.stringify(output));
    shell.print(text);
  };
  await print(await ask(interrupt));
  for (let began = performance.now(); !interrupt.aborted; began = performance.now()) {
    await sleep.until(began + seconds * 1000);
    if (interrupt.aborted) break;
    try {
      await print(await ask(interrupt));
    } catch (error) {
      if (interrupt.aborted) break;
      if (!(error instanceof GuichetError) || !passes(error)) throw error;
      shell.say(escaped(JSON.stringify(toProblem(error))));
    }
  }
  return EXIT.ok; // it was asked to read until then
}

async function watchOnScreen({ ready, seconds, ask }: Watch): Promise<ExitCode> {
  const { shell } = ready;
  const { context } = shell;
  const left = new AbortController();
  const signal = AbortSignal.any([context.interrupt, left.signal]);
  const sleep = new Sleep();
  signal.addEventListener('abort', () => sleep.end());
  const first = await ask(signal);
  const screen = new LiveScreen(context.stdout);
  let touched = performance.now();
  const keyboard = openKeyboard(context.stdin, (key) => {
    touched = performance.now();
    view.heard(key);
  });
  const commands = { leave: () => left.abort(), askNow: () => sleep.end() };
  const view = new LiveView({ shell, screen, commands, what: whatOf(ready), seconds, keys: keyboard !== undefined, first });
  const onResize = (): void => view.resized();
  const restore = (): void => {
    keyboard?.close();
    screen.leave(view.last);
  };
  const forget = context.beforeEnd?.(restore);
  screen.enter();
  context.stdout.on('resize', onResize);
  try {
    view.draw();
    for (let began = performance.now(); !signal.aborted; ) {
      // Paused, or told to be quicker, it is woken.
      await sleep.until(view.paused ? Number.POSITIVE_INFINITY : began + view.seconds * 1000);
      if (signal.aborted || view.paused) continue;
      began = performance.now();
      await askAgain({ ask, view, signal });
      if (keyboard !== undefined && performance.now() - touched > FORGOTTEN_MS) {
        view.tell('Paused, for nobody has pressed a key for an hour; p goes on.');
        view.pause();
      }
    }
  } finally {
    context.stdout.off('resize', onResize);
    forget?.();
    restore();
  }
  return EXIT.ok;
}

/** Shows the answer; else why there is none. What will be the same the next time is not asked until somebody says so. */
async function askAgain({ ask, view, signal }: { ask: Asking; view: LiveView; signal: AbortSignal }): Promise<void> {
  try {
    view.show(await ask(signal));
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof GuichetError)) throw error;
    view.tell(`${error.message}${error.remedy === undefined ? '' : ` ${error.remedy}`}`);
    if (!passes(error)) view.pause();
  }
}

/** The command as it is typed, and where: ` · production`. */
function whatOf({ action, command, input, environment }: ReadyCall): string {
  const flags = command.fields.map((field) => flagText(field, input[field.name])).join('');
  return clean(`${commandOf(action.id)}${flags} · ${environment}`);
}

/** A wait that can be cut short. */
class Sleep {
  #end: () => void = () => {};

  end(): void {
    this.#end();
  }

  /** @param time as performance.now() gives it */
  async until(time: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const pause = Math.max(0, time - performance.now());
      // Endless: only an end ends it. The timer keeps the process alive, and is set longer than anybody waits.
      const timer = setTimeout(resolve, Number.isFinite(pause) ? pause : 2_147_483_647);
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
