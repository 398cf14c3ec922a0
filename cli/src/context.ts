import type { Readable, Writable } from 'node:stream';
import type { OpenKeychain } from './sign-in/keychain.ts';

export type InputStream = Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };

/** Everything that a command touches of the world, so that tests can run one inside their own process. */
export interface Context {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly now: () => Date;
  readonly fetch?: typeof globalThis.fetch;
  /** The keychain of the system when absent. */
  readonly openKeychain?: OpenKeychain;
  /** Aborted with an Interrupted by Ctrl-C. */
  readonly interrupt: AbortSignal;
  /** Another program has the terminal, and Ctrl-C is for it alone; gives what takes the terminal back. */
  readonly lendTerminal?: () => () => void;
  /** Has something done before the process is ended from outside; gives what takes it back. For what would be left behind. */
  readonly beforeEnd?: (undo: () => void | Promise<void>) => () => void;
}

/** Somebody pressed Ctrl-C. What is said about it (a request that goes on, say) is the message; empty for nothing. */
export class Interrupted extends Error {
  constructor(message = '') {
    super(message);
    this.name = 'Interrupted';
  }
}
