import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Shell } from '../shell.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** True when a browser that is opened here shows itself to whoever sits at this terminal. */
export function hasBrowser({ interactive, context: { env } }: Pick<Shell, 'interactive' | 'context'>): boolean {
  if (!interactive) return false;
  if (env['BROWSER']) return true;
  if (env['SSH_CONNECTION'] || env['SSH_CLIENT'] || env['SSH_TTY']) return false;
  if (process.platform === 'darwin' || process.platform === 'win32') return true;
  return Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY'] || env['WSL_DISTRO_NAME']);
}

export interface BrowserCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** What opens an address, the first that works. No shell reads any of it. */
export function browserCommands(env: Env, url: string, platform: NodeJS.Platform = process.platform): BrowserCommand[] {
  const own = (env['BROWSER'] ?? '').trim();
  if (own !== '') return ownCommands(own, url);
  if (platform === 'darwin') return [{ command: 'open', args: [url] }];
  if (platform === 'win32') return [{ command: 'rundll32', args: ['url.dll,FileProtocolHandler', url] }];
  const wsl = env['WSL_DISTRO_NAME'] ? [{ command: 'wslview', args: [url] }] : [];
  return [...wsl, { command: 'xdg-open', args: [url] }];
}

/** $BROWSER: commands that colons separate, each with `%s` where the address goes, or with the address at its end. */
function ownCommands(browser: string, url: string): BrowserCommand[] {
  if (existsSync(browser)) return [{ command: browser, args: [url] }]; // a path, perhaps with spaces
  const commands = process.platform === 'win32' ? [browser] : browser.split(':');
  return commands.flatMap((line) => {
    const [command, ...words] = line.trim().split(/\s+/);
    if (command === undefined || command === '') return [];
    const args = words.map((word) => word.replaceAll('%s', url).replaceAll('%%', '%'));
    return [{ command, args: words.some((word) => word.includes('%s')) ? args : [...args, url] }];
  });
}

/** For so long a browser that cannot start has to say so. */
const FAILS_WITHIN_MS = 1500;

/** Opens the address; false when nothing that was tried could. The browser outlives this command. */
export async function openBrowser(env: Env, url: string): Promise<boolean> {
  for (const { command, args } of browserCommands(env, url)) if (await starts(command, args, env)) return true;
  return false;
}

async function starts(command: string, args: readonly string[], env: Env): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, [...args], { detached: true, stdio: 'ignore', env: withoutSecrets(env) });
    const timer = setTimeout(() => resolve(true), FAILS_WITHIN_MS);
    const finish = (started: boolean): void => {
      clearTimeout(timer);
      resolve(started);
    };
    child.once('error', () => finish(false));
    child.once('exit', (code) => finish(code === 0));
    child.unref();
  });
}

/** A browser has no use for our tokens. */
function withoutSecrets(env: Env): NodeJS.ProcessEnv {
  const { GUICHET_TOKEN: _, ...rest } = env;
  return rest;
}
