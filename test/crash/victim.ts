import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Arm, Seen } from './points.ts';

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
  /** Whether it had come up before. */
  readonly opened: boolean;
  readonly said: string;
}

export interface VictimListener {
  readonly onPoint: (point: string) => void;
  /** A line that it logged as an error. */
  readonly onTrouble: (line: string) => void;
}

/** A process that lives to be killed, and to be started again. */
export class Victim {
  readonly options: VictimOptions;
  #child: ChildProcess | undefined;
  #open: Promise<boolean> = Promise.resolve(false);
  #ended: Promise<Death> = Promise.resolve({ killed: true, opened: false, said: '' });
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
    let opened = false;
    this.#open = new Promise((resolve) => {
      const hear = (text: string): void => {
        if (said.length < 20_000) said += text;
        for (const line of text.split('\n')) if (line.includes('"level":"error"')) this.#listener.onTrouble(line);
        if (!opened && isOpen(text)) {
          opened = true;
          resolve(true);
        }
      };
      child.stdout?.on('data', (chunk: Buffer) => hear(chunk.toString()));
      child.stderr?.on('data', (chunk: Buffer) => hear(chunk.toString()));
      child.on('message', (message: Seen | { open: true }) => {
        if ('seen' in message) this.#listener.onPoint(message.seen);
        else hear('"open"');
      });
      child.once('exit', () => resolve(false));
    });
    this.#ended = once(child, 'exit').then(([, signal]) => ({ killed: signal === 'SIGKILL', opened, said }));
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
