import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { guardProcess } from '@guichet/postgres-server/testing';

const STARTS_WITHIN_MS = 60_000;

/** The Python that has moto: the one that `scripts/moto.mjs` makes, else that of the machine; undefined when none has. */
export const MOTO_PYTHON: string | undefined = findPython();

function findPython(): string | undefined {
  const own = fileURLToPath(new URL('../../.runtime/moto/bin/python', import.meta.url));
  if (existsSync(own)) return own;
  return spawnSync('python3', ['-c', 'import moto.server, flask_cors']).status === 0 ? 'python3' : undefined;
}

/**
 * For `describe.skipIf(skipsMoto('the tests of ...'))`: says aloud what is not tested, and what would let it be.
 *
 * @param what the tests that need it, e.g. `AWS identity`
 */
export function skipsMoto(what: string): boolean {
  if (MOTO_PYTHON !== undefined) return false;
  process.stderr.write(`\nSKIPPED: ${what}. There is no Python with moto here: run 'node scripts/moto.mjs' first.\n\n`);
  return true;
}

/** A server that answers as AWS does (STS, KMS, IAM, RDS), to whatever credentials. Its account is 123456789012. */
export interface Moto extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`: the endpoint of all its services. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts moto's server on a free port; it does not outlive this process. */
export async function startMoto(): Promise<Moto> {
  if (MOTO_PYTHON === undefined) throw new Error("there is no moto: run 'node scripts/moto.mjs'");
  const child = spawn(MOTO_PYTHON, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'], {
    env: { ...process.env, PYTHONUNBUFFERED: '1', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const { pid } = child;
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const guard = pid === undefined ? undefined : guardProcess({ target: -pid, signals: ['SIGTERM', 'SIGKILL'] });
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    const limit = setTimeout(() => reject(new Error(`moto is not ready: ${said}`)), STARTS_WITHIN_MS);
    const listen = (text: string): void => {
      if (said.length < 20_000) said += text; // afterwards it is read so that the pipe never fills
      const found = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (found === undefined) return;
      clearTimeout(limit);
      resolve(found);
    };
    child.stdout.setEncoding('utf8').on('data', listen);
    child.stderr.setEncoding('utf8').on('data', listen);
    child.once('error', reject);
    void exited.then(() => reject(new Error(`moto ended before it was ready: ${said}`)));
  });
  const stop = async (): Promise<void> => {
    await guard?.end();
    await exited;
  };
  return { url, stop, [Symbol.asyncDispose]: stop };
}
