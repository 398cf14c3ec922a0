import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@guichet/postgres-server';
import { startGateway } from '../gateway.ts';

const PROVIDER = fileURLToPath(new URL('../../../providers/postgres/src/main.ts', import.meta.url));
const GUICHET = fileURLToPath(new URL('../../../guichet', import.meta.url));

export interface Chain {
  /** What a client is given: a password, and a port of this machine. */
  readonly address: string;
  /** What the three processes in between have used so far: provider, gateway, command line. */
  usage(): Promise<readonly { readonly name: string; readonly cpuSeconds: number; readonly mebibytes: number }[]>;
  close(): Promise<void>;
}

/** A provider for the server, a gateway and a command line that is connected to it, each a process. */
export async function startChain(
  databaseUrl: string,
  server: { readonly url: string; readonly database: string },
): Promise<Chain> {
  const folder = await mkdtemp(join(tmpdir(), 'guichet-bench-'));
  const [gatewayPort, providerPort] = [await freePort(), await freePort()];
  const { username: user, password, hostname: host, port } = new URL(server.url);
  const login = { user, ...(password !== '' && { password }) };
  const config = {
    instances: [
      {
        name: 'pg1',
        environment: 'staging',
        owner: 'platform',
        host,
        port: Number(port),
        observer: login,
        actor: login,
        admin: login,
      },
    ],
    connect: { connections: 400 },
  };
  await writeFile(join(folder, 'postgres.yaml'), JSON.stringify(config), { mode: 0o600 });
  const provider = await started(
    process.execPath,
    [
      PROVIDER,
      '--config',
      join(folder, 'postgres.yaml'),
      '--port',
      String(providerPort),
      '--gateway',
      `http://127.0.0.1:${gatewayPort}`,
    ],
    { until: /serving on/ },
  );
  const gateway = await startGateway(databaseUrl, {
    worker: true,
    port: gatewayPort,
    providers: [{ name: 'postgres', url: `http://127.0.0.1:${providerPort}` }],
  });
  const profile = { gateway: gateway.url, token: gateway.requester, principal: 'user:ada' };
  await writeFile(join(folder, 'cli.json'), JSON.stringify({ current: 'ada', profiles: { ada: profile } }), { mode: 0o600 });
  const connect = `postgres connect --instance pg1 --database ${server.database} --role read --env staging --no-open`.split(' ');
  const cli = await started(GUICHET, connect, {
    until: /^postgres:\S+\n/m,
    env: { GUICHET_CONFIG: join(folder, 'cli.json'), XDG_CACHE_HOME: folder },
  });
  return {
    address: /^postgres:\S+/m.exec(cli.said())?.[0] ?? '',
    usage: () =>
      Promise.all(
        Object.entries({ provider: provider.child.pid, gateway: gateway.pid, cli: cli.child.pid }).map(async ([name, pid]) => {
          const status = await readFile(`/proc/${pid}/status`, 'utf8');
          // Fields 14 and 15, of which a hundred are a second.
          const [user, system] = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(' ').slice(13, 15).map(Number);
          const mebibytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
          return { name, cpuSeconds: ((user ?? 0) + (system ?? 0)) / 100, mebibytes };
        }),
      ),
    close: async () => {
      await ended(cli.child, 'SIGINT');
      await gateway.close();
      await ended(provider.child, 'SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function started(
  program: string,
  parameters: readonly string[],
  { until, env = {} }: { until: RegExp; env?: Readonly<Record<string, string>> },
): Promise<{ child: ChildProcess; said: () => string }> {
  const child = spawn(program, [...parameters], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (until.test(said)) resolve();
      });
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}: ${said}`)));
  });
  return { child, said: () => said };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}
