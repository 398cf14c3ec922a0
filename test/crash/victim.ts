import { type ChildProcess, fork } from 'node:child_process';
import { type Arm, DIES_AT, type Seen } from './points.ts';

export interface VictimOptions {
  readonly name: string;
  readonly role: 'gateway' | 'provider';
  /** The program, and what stands before and after it on the command line. */
  readonly file: string;
  readonly execArgv?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** True when what it said, or sent, means that it is open. */
  readonly isOpen: (said: string) => boolean;
}

/** How one life of a victim ended. */
export interface Death {
  /** False when nobody killed it: it fell over by itself, which is a finding. */
  readonly killed: boolean;
  /** The armed point at which it died. */
  readonly point: string | undefined;
  readonly said: string;
}

export interface VictimListener {
  readonly onPoint: (point: string) => void;
  /** A line that it logged as an error. */
  readonly onTrouble: (line: string) => void;
}

/** So much of what it says is kept: its beginning. */
const MOST_SAID = 20_000;

/** A process that lives to be killed, and to be started again. */
export class Victim {
  readonly options: VictimOptions;
  #child: ChildProcess | undefined;
  #open: Promise<boolean> = Promise.resolve(false);
  #ended: Promise<Death> = Promise.resolve({ killed: true, point: undefined, said: '' });
  readonly #listener: VictimListener;

  constructor(options: VictimOptions, listener: VictimListener) {
    this.options = options;
    this.#listener = listener;
  }

  get name(): string {
    return this.options.name;
  }

  start(arm?: Arm): void {
    const { file, execArgv = [], args = [], env = {}, isOpen } = this.options;
    const child = fork(file, [...args], {
      execArgv: ['--no-turbo-inline-js-wasm-calls', ...execArgv],
      env: { ...process.env, ...env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    if (arm !== undefined) child.send(arm, () => {});
    let said = '';
    let errors = '';
    const opened = Promise.withResolvers<boolean>();
    const ended = Promise.withResolvers<Death>();
    const hear = (text: string): void => {
      if (said.length < MOST_SAID) said += text;
      for (const line of text.split('\n')) if (line.includes('"level":"error"')) this.#listener.onTrouble(line);
      if (isOpen(text)) opened.resolve(true);
    };
    child.stdout?.setEncoding('utf8').on('data', hear);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-MOST_SAID);
      hear(text);
    });
    child.on('message', (message: Seen | { open: true }) => {
      if ('seen' in message) this.#listener.onPoint(message.seen);
      else hear('"open"');
    });
    child.once('exit', () => opened.resolve(false));
    // When all that it said was read too.
    child.once('close', (_, signal) => {
      const point = errors.split('\n').findLast((line) => line.startsWith(DIES_AT));
      ended.resolve({ killed: signal === 'SIGKILL', point: point?.slice(DIES_AT.length), said: said + errors.slice(-2000) });
    });
    // It could not be started, or not be told something: the former is all that will be heard of it.
    child.on('error', (error) => {
      if (child.pid !== undefined) return;
      opened.resolve(false);
      ended.resolve({ killed: false, point: undefined, said: String(error) });
    });
    this.#open = opened.promise;
    this.#ended = ended.promise;
  }

  /** True once this life is open; false when it ended before. */
  get open(): Promise<boolean> {
    return this.#open;
  }

  get ended(): Promise<Death> {
    return this.#ended;
  }

  arm(arm: Arm): void {
    if (this.#child?.connected) this.#child.send(arm, () => {});
  }

  async kill(): Promise<Death> {
    this.#child?.kill('SIGKILL');
    return this.#ended;
  }
}
