import { spawnSync } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startGateway } from './gateway.ts';
import { median, nowMs, type Result, round } from './statistics.ts';

const TIMES = 20;
const GUICHET = fileURLToPath(new URL('../../guichet', import.meta.url));

/** What the command costs before it does anything, against a Node that does nothing, by turns. */
export async function benchStartUp(databaseUrl: string): Promise<Result[]> {
  const gateway = await startGateway(databaseUrl, { worker: false });
  const cache = await mkdtemp(join(tmpdir(), 'guichet-bench-cli-'));
  const env = {
    PATH: process.env['PATH'],
    HOME: cache,
    XDG_CACHE_HOME: cache,
    XDG_CONFIG_HOME: cache,
    GUICHET_URL: gateway.url,
    GUICHET_TOKEN: gateway.requester,
  };
  const guichet = (...parameters: string[]) => timed(GUICHET, parameters, env);
  const bare = () => timed(process.execPath, ['-e', '0'], env).ms;
  const listed = guichet('many', '--help')
    .output.split('\n')
    .filter((line) => /^ {2}action-\d+/.test(line)).length;
  await gateway.close(); // from here on the catalogue is a cached one
  if (listed !== 120) throw new Error(`guichet many --help lists ${listed} actions, not 120`);
  const times = { bare: [] as number[], version: [] as number[], help: [] as number[] };
  for (let index = -2; index < TIMES; index++) {
    const [zero, version, help] = [bare(), guichet('--version').ms, guichet('many', '--help').ms];
    if (index < 0) continue; // warm-up
    times.bare.push(zero);
    times.version.push(version);
    times.help.push(help);
  }
  const floor = median(times.bare);
  const result = (name: string, numbers: readonly number[], bound: number): Result => {
    const ratio = median(numbers) / floor;
    return {
      name,
      figures: { 'node -e 0 ms': round(floor, 1), ms: round(median(numbers), 1), ratio: round(ratio) },
      bound: `at most ${bound} x`,
      holds: ratio <= bound,
    };
  };
  return [
    result('guichet --version', times.version, 1.3),
    result('guichet PROVIDER --help, 120 actions cached', times.help, 1.6),
  ];
}

function timed(command: string, parameters: readonly string[], env: NodeJS.ProcessEnv): { ms: number; output: string } {
  const start = nowMs();
  const { status, stdout, stderr } = spawnSync(command, parameters, { env, encoding: 'utf8' });
  const ms = nowMs() - start;
  if (status !== 0) throw new Error(`${command} ${parameters.join(' ')} ended with ${status}: ${stderr}`);
  return { ms, output: stdout };
}
