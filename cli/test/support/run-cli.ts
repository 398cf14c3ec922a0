import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { type Context, Interrupted } from '../../src/context.ts';
import { run } from '../../src/run.ts';
import type { OpenKeychain } from '../../src/sign-in/keychain.ts';

export interface Result {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Columns of a stdout that is a terminal; a pipe when absent. */
  readonly columns?: number;
  /** Somebody at a terminal: keys are typed when stdout, not stderr, has said something. */
  readonly terminal?: Terminal;
  /** Presses Ctrl-C when stderr has said this. */
  readonly interruptAfter?: string;
  /** Somebody at a terminal, who presses keys each time stderr has said something new that contains a text. */
  readonly keys?: readonly (readonly [after: string, keys: string])[];
  readonly now?: Date;
  /** The keychain of the system; none when absent. */
  readonly openKeychain?: OpenKeychain;
}

/** The terminal that stdout is. Its size can be changed. */
export interface Terminal {
  columns: number;
  rows: number;
  /** Called with all that was written, each time that something is; gives keys to press. */
  readonly person?: (written: string, resize: () => void) => string | undefined;
}

/** A home of its own for the command: configuration, cache, and nothing of the machine's. */
export interface Home extends Disposable {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  run(argv: readonly string[], options?: RunOptions): Promise<Result>;
}

/** A home that is signed in at the gateway, when one is given. */
export function makeHome(gateway?: string): Home {
  const folder = mkdtempSync(join(tmpdir(), 'guichet-cli-'));
  const env = { GUICHET_CONFIG: join(folder, 'config.json'), XDG_CACHE_HOME: join(folder, 'cache') };
  if (gateway !== undefined)
    writeFileSync(
      env.GUICHET_CONFIG,
      JSON.stringify({ current: 'nadia', profiles: { nadia: { gateway, token: 'secret', principal: 'user:nadia' } } }),
      { mode: 0o600 },
    );
  return {
    folder,
    env,
    run: (argv, options = {}) => runCli(argv, { ...options, env: { ...env, ...options.env } }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function runCli(argv: readonly string[], options: RunOptions): Promise<Result> {
  const { stdin = '', env = {}, columns, terminal: seat, interruptAfter, keys, now, openKeychain } = options;
  const interrupt = new AbortController();
  const person = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
  const stdout: Recorder = new Recorder((text) => {
    const pressed = seat?.person?.(text, () => Object.assign(stdout, { columns: seat.columns, rows: seat.rows }).emit('resize'));
    // What drew is still at it: a key comes later.
    if (pressed !== undefined) setImmediate(() => person.write(pressed));
  });
  const terminal = keys === undefined ? undefined : new Typist(keys);
  const stderr = new Recorder((text) => {
    if (interruptAfter !== undefined && text.includes(interruptAfter)) interrupt.abort(new Interrupted());
    terminal?.read(text);
  });
  const context: Context = {
    stdin:
      terminal?.input ?? (seat !== undefined ? person : undefined) ?? Readable.from(stdin === '' ? [] : [Buffer.from(stdin)]),
    stdout:
      columns === undefined && seat === undefined
        ? stdout
        : Object.assign(stdout, { isTTY: true, columns: seat?.columns ?? columns, rows: seat?.rows }),
    stderr: terminal === undefined ? stderr : Object.assign(stderr, { isTTY: true, columns: 100, rows: 40 }),
    env: { NO_COLOR: '1', ...env },
    home: env['HOME'] ?? '/nonexistent',
    now: () => now ?? new Date(),
    interrupt: interrupt.signal,
    ...(openKeychain !== undefined && { openKeychain }),
  };
  const exit = await run(argv, context);
  return { exit, stdout: stdout.text, stderr: stderr.text };
}

/** Reads what is asked and types the answers, one after the other. */
class Typist {
  readonly input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
  readonly #keys: (readonly [after: string, keys: string])[];
  #seen = 0;

  constructor(keys: readonly (readonly [after: string, keys: string])[]) {
    this.#keys = [...keys];
  }

  read(text: string): void {
    const [next] = this.#keys;
    if (next === undefined || !text.slice(this.#seen).includes(next[0])) return;
    this.#seen = text.length;
    this.#keys.shift();
    // One key at a time, as from a keyboard; the prompt that asked listens only after it has drawn itself.
    for (const key of next[1]) setTimeout(() => this.input.write(key), 20);
  }
}

class Recorder extends Writable {
  text = '';
  readonly #onText: (text: string) => void;

  constructor(onText: (text: string) => void = () => {}) {
    super();
    this.#onText = onText;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    this.#onText(this.text);
    done();
  }
}
