import { appendFileSync, closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

/** What the counting provider has done. It is written down, durably, before anybody hears of it. */
export interface Deed {
  /** `effect`: it happened; `failed`: the run ended without one. */
  readonly kind: 'effect' | 'failed';
  readonly action: string;
  readonly request: string;
  readonly run: string;
  /** Whether the gateway's intent was committed, seen on a connection of the provider's own just before. */
  readonly intended: boolean;
  readonly at: string;
}

/** An append-only file, one deed a line, each on the disk before `append` returns. */
export class EffectLog {
  readonly #file: string;
  readonly #descriptor: number;
  readonly #byRun = new Map<string, Deed>();

  /** Opens it, with what earlier processes have written. A line that was cut off by a kill was told to nobody. */
  constructor(file: string) {
    this.#file = file;
    appendFileSync(file, '');
    for (const deed of readDeeds(file)) this.#byRun.set(deed.run, deed);
    this.#descriptor = openSync(file, 'a');
    // Whatever a kill has cut off ends here: the next line is a line of its own.
    if (this.#byRun.size > 0) writeSync(this.#descriptor, '\n');
  }

  append(deed: Deed): void {
    writeSync(this.#descriptor, `${JSON.stringify(deed)}\n`);
    fsyncSync(this.#descriptor);
    this.#byRun.set(deed.run, deed);
  }

  find(run: string): Deed | undefined {
    return this.#byRun.get(run);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  get file(): string {
    return this.#file;
  }
}

export function readDeeds(file: string): Deed[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return line === '' ? [] : [JSON.parse(line) as Deed]; // written by EffectLog alone
      } catch {
        return [];
      }
    });
}
