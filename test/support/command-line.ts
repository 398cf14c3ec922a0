import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const GUICHET = fileURLToPath(new URL('../../guichet', import.meta.url));
const BROWSER = fileURLToPath(new URL('./browser-program.ts', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** All that it has said so far. */
  said(): string;
}

/** The real command line in processes of its own, with a configuration of its own. */
export interface CommandLine {
  readonly folder: string;
  /** The file of profiles. */
  readonly config: string;
  /** With a pipe as its input, where it is to be written to; with none else. */
  start(parameters: readonly string[], env?: Readonly<Record<string, string>>, streams?: { readonly input: 'pipe' }): Started;
  run(parameters: readonly string[], env?: Readonly<Record<string, string>>): Promise<Finished>;
  /** The document of a command that goes well. */
  json<Document>(parameters: readonly string[], env?: Readonly<Record<string, string>>): Promise<Document>;
  close(): Promise<void>;
}

/** `config` is the file of profiles; one of its own when absent. */
export async function commandLine({ config }: { config?: string } = {}): Promise<CommandLine> {
  const folder = await mkdtemp(join(tmpdir(), 'guichet-command-line-'));
  const path = config ?? join(folder, 'config.json');
  const { DISPLAY: _, WAYLAND_DISPLAY: __, DBUS_SESSION_BUS_ADDRESS: ___, ...environment } = process.env;
  const start: CommandLine['start'] = (parameters, env = {}, streams) => {
    const child = spawn(GUICHET, [...parameters], {
      stdio: [streams?.input ?? 'ignore', 'pipe', 'pipe'],
      env: { ...environment, GUICHET_CONFIG: path, XDG_CACHE_HOME: join(folder, 'cache'), NO_COLOR: '1', ...env },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const finished = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr })); // what 'close' emits
    return { child, finished, said: () => stdout + stderr };
  };
  const run: CommandLine['run'] = (parameters, env) => start(parameters, env).finished;
  return {
    folder,
    config: path,
    start,
    run,
    json: async <Document>(parameters: readonly string[], env?: Readonly<Record<string, string>>) => {
      const { code, stdout, stderr } = await run([...parameters, '-o', 'json'], env);
      expect(code, `${parameters.join(' ')}: ${stderr}`).toBe(0);
      return JSON.parse(stdout) as Document; // -o json prints the documented shape
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Resolves when it is so; rejects after 90 s with what there is to say. */
export async function waitFor(isSo: () => boolean, otherwise: () => string): Promise<void> {
  for (let tries = 0; tries < 900 && !isSo(); tries++) await new Promise((resolve) => setTimeout(resolve, 100));
  if (!isSo()) throw new Error(otherwise());
}

/** What makes the command line find a browser, with a person in front of it. */
export function withBrowser(person: {
  username: string;
  password: string;
  decision?: 'Allow' | 'Deny';
  /** File that gets what they see at the end. */
  saw?: string;
}): Record<string, string> {
  return {
    BROWSER: `${process.execPath} ${BROWSER}`,
    PERSON: person.username,
    PERSON_PASSWORD: person.password,
    PERSON_DECISION: person.decision ?? 'Allow',
    PERSON_SAW: person.saw ?? '',
  };
}
