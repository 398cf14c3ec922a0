import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The keychain of a Linux desktop, with nothing in it, or why there is none. */
export type SecretService =
  | {
      /** What the command line reaches it by. */
      readonly env: Readonly<Record<string, string>>;
      /** All that it has on the disk. */
      kept(): Promise<Buffer>;
      close(): Promise<void>;
    }
  | { readonly missing: string };

const SESSION = `printf open | gnome-keyring-daemon --unlock --components=secrets >/dev/null && echo "$DBUS_SESSION_BUS_ADDRESS" && exec cat`;

/** Starts gnome-keyring on a bus of its own. All of it ends with the pipe that we hold, also when this process is killed. */
export async function startSecretService(): Promise<SecretService> {
  const folder = await mkdtemp(join(tmpdir(), 'guichet-keychain-'));
  const [data, run] = [join(folder, 'data'), join(folder, 'run')];
  for (const path of [data, run]) await mkdir(path).then(() => chmod(path, 0o700));
  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: data, XDG_RUNTIME_DIR: run };
  const child = spawn('dbus-run-session', ['--', 'sh', '-c', SESSION], { stdio: ['pipe', 'pipe', 'ignore'], env });
  const close = async (): Promise<void> => {
    const ended = child.exitCode === null && child.pid !== undefined ? once(child, 'exit') : undefined;
    child.stdin.end();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const said = await Promise.race([
    once(child.stdout, 'data').then(([line]) => ({ address: String(line).trim() })),
    once(child, 'exit').then(() => ({ missing: 'dbus-run-session or gnome-keyring-daemon ended' })),
    once(child, 'error').then(([error]) => ({ missing: String(error) })),
  ]).catch((error: unknown) => ({ missing: String(error) }));
  if ('missing' in said) {
    await close();
    return said;
  }
  const kept = async (): Promise<Buffer> => {
    const keyrings = join(data, 'keyrings');
    return Buffer.concat(await Promise.all((await readdir(keyrings)).map((name) => readFile(join(keyrings, name)))));
  };
  return { env: { DBUS_SESSION_BUS_ADDRESS: said.address, XDG_RUNTIME_DIR: run }, kept, close };
}
