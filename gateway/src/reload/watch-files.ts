import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface WatchOptions {
  /** Files, and folders of which the files directly inside count. Missing ones count as empty. */
  readonly paths: readonly string[];
  /**
   * Called when something has changed and then stayed as it is for one interval; the first time soon after the start,
   * for what changed between the load of a start and the first look. Called again, an interval later, when it rejects.
   */
  readonly onChange: () => Promise<void>;
  readonly onError: (error: unknown) => void;
  /** How often to look, in ms. */
  readonly intervalMs?: number;
}

/**
 * Watches files by looking at them every two seconds. No events of the file system: they are lost on network mounts, and on
 * the links that Kubernetes turns over. A file that is being written is waited for: it counts when it has stopped changing.
 */
export class FileWatcher {
  readonly #options: WatchOptions;
  /** As they were when they were last taken. */
  #known: string | undefined;
  #seen = '';
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#seen = await signatureOf(this.#options.paths);
    this.#timer = setInterval(() => {
      this.#looking = this.#looking.then(() => this.#look()).catch(this.#options.onError);
    }, this.#options.intervalMs ?? 2000);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    const now = await signatureOf(this.#options.paths);
    const settled = now === this.#seen;
    this.#seen = now;
    if (!settled || now === this.#known) return;
    await this.#options.onChange();
    this.#known = now;
  }
}

async function signatureOf(paths: readonly string[]): Promise<string> {
  const parts = await Promise.all(paths.map(signatureOfPath));
  return parts.join('\n');
}

async function signatureOfPath(path: string): Promise<string> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined) return `${path}: none`;
  if (!facts.isDirectory()) return signature(path, facts);
  const names = (await readdir(path).catch(() => [])).sort();
  const files = await Promise.all(
    names.map(async (name) => {
      const file = await stat(join(path, name)).catch(() => undefined);
      return file === undefined ? '' : signature(name, file);
    }),
  );
  return files.join('\n');
}

const signature = (name: string, { size, mtimeMs, ino }: { size: number; mtimeMs: number; ino: number }): string =>
  `${name}: ${size} ${mtimeMs} ${ino}`;
