import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/replicas/main.ts', import.meta.url));
let child: ChildProcess | undefined;
afterEach(() => child?.kill('SIGKILL'));

async function run(...args: string[]): Promise<{ code: number | null; out: string }> {
  const started = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  child = started;
  let out = '';
  for (const stream of [started.stdout, started.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
  const [code] = (await once(started, 'close')) as [number | null]; // what Node says of 'close'
  return { code, out };
}

test('says how it is used', async () => {
  const { code, out } = await run('--help');
  expect([code, out]).toEqual([0, expect.stringContaining('npm run replicas -- 3')]);
});

test.each([['0'], ['ten'], ['2', '3']])('refuses %s as a number of gateways, and says what would be one', async (...args) => {
  const { code, out } = await run(...args);
  expect(code).toBe(78);
  expect(out).toContain(`'${args.join(' ')}' is no number of gateways.\nChoose one from 1 to 9`);
});
