import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Request } from '@guichet/contract';
import { freePort } from '@guichet/postgres-server';
import { testDatabase } from '@guichet/postgres-server/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CollectedSpan, type Collector, startCollector } from './support/collector.ts';
import { commandLine } from './support/command-line.ts';
import { COMPANY, SEALING } from './support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from './support/gateway-process.ts';

const MAIN = new URL('../gateway/src/main.ts', import.meta.url).pathname;
const PROVIDER = new URL('./support/traced-provider.ts', import.meta.url).pathname;
const SEALED = { [SEALING.variable]: SEALING.key };

let closers: (() => Promise<unknown>)[];
let folder: string;
let config: Record<string, unknown>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guichet-traces-'));
  const database = await testDatabase();
  closers = [() => database.drop(), () => rm(folder, { recursive: true, force: true })];
  config = {
    listen: { host: '127.0.0.1', port: await freePort() },
    database: { url: database.url },
    company: COMPANY,
    sealing: { keyFromEnv: SEALING.variable },
    worker: { tickMs: 200, leaseSeconds: 2, drainMs: 2000 },
  };
});
afterEach(async () => {
  for (const close of closers.reverse()) await close();
});

async function tokenOf(who: string): Promise<string> {
  const file = join(folder, 'issue.yaml');
  await writeFile(file, JSON.stringify(config));
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, '--config', file, 'issue-token', who], {
    env: { ...process.env, ...SEALED },
  });
  return stdout.trim();
}

async function startProvider(port: number, gatewayUrl: string, collector: Collector): Promise<() => Promise<unknown>> {
  const child = spawn(process.execPath, [PROVIDER], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      PORT: String(port),
      GUICHET_URL: gatewayUrl,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    },
  });
  const reap = (): boolean => child.kill('SIGKILL');
  process.once('exit', reap);
  const exited = once(child, 'exit').finally(() => process.off('exit', reap));
  await once(child.stdout, 'data');
  const stopProvider = (): Promise<unknown> => {
    child.kill('SIGTERM');
    return exited;
  };
  closers.push(stopProvider); // also when the test fails before it does so itself
  return stopProvider;
}

async function stop(gateway: GatewayProcess): Promise<void> {
  gateway.kill('SIGTERM');
  await gateway.exited;
}

/** The names of the spans from the root of the trace down to this one. */
function pathTo(span: CollectedSpan | undefined, spans: readonly CollectedSpan[]): string[] {
  if (span === undefined) return [];
  return [
    ...pathTo(
      spans.find(({ spanId }) => spanId === span.parentSpanId),
      spans,
    ),
    `${span.service}: ${span.name}`,
  ];
}

test('one trace goes through the command line, the gateway and the provider, and through the run of a request', async () => {
  const collector = await startCollector();
  closers.push(() => collector.close());
  const port = await freePort();
  const { port: gatewayPort } = config['listen'] as { port: number }; // as set above
  const stopProvider = await startProvider(port, `http://127.0.0.1:${gatewayPort}`, collector);
  Object.assign(config, { providers: [{ name: 'lab', url: `http://127.0.0.1:${port}` }] });
  const token = await tokenOf('user:nadia');
  const gateway = await startGatewayProcess(folder, config, { ...SEALED, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  closers.push(() => stop(gateway));
  const cli = await commandLine();
  closers.push(() => cli.close());

  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const env = { GUICHET_URL: gateway.url, GUICHET_TOKEN: token, TRACEPARENT: `00-${traceId}-b7ad6b7169203331-01` };
  const change = ['lab', 'change', '--target', 'the-canary-input', '--env', 'staging', '--reason', 'the canary reason', '--yes'];
  const request = await cli.json<Request>(change, env);
  expect(request.state).toBe('succeeded');
  await stop(gateway);
  await stopProvider();

  const ours = collector.spans.filter((span) => span.traceId === traceId);
  const paths = ours.map((span) => pathTo(span, ours).join(' > '));
  for (const path of [
    'guichet-gateway: POST /v1/requests > guichet-gateway: provider plan > lab: plan change',
    'guichet-gateway: POST /v1/requests > guichet-gateway: policy.decide',
    'guichet-gateway: POST /v1/requests > guichet-gateway: db transaction',
    'guichet-gateway: POST /v1/requests > guichet-gateway: run lab.change > guichet-gateway: provider run > lab: run change',
  ])
    expect(paths, paths.join('\n')).toContain(path);
  const run = ours.find(({ name }) => name === 'run lab.change');
  expect(run?.attributes).toMatchObject({ 'guichet.request': request.id, 'guichet.attempt': 1 });
  for (const text of [token, 'the-canary-input', 'the canary reason'])
    expect(
      collector.bodies.some((body) => body.includes(text)),
      text,
    ).toBe(false);

  const lines = gateway
    .logged()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>); // pino writes objects
  const call = lines.find(({ msg, route, method }) => msg === 'call' && route === '/v1/requests' && method === 'POST');
  expect(call).toMatchObject({
    trace_id: traceId,
    principal: 'user:nadia',
    status: 201,
    level: 'info',
    service: 'guichet-gateway',
  });
  expect(lines.find(({ msg }) => msg === 'run ended')).toMatchObject({
    request: request.id,
    action: 'lab.change',
    provider: 'lab',
    attempt: 1,
    result: 'succeeded',
    trace_id: traceId,
  });
}, 120_000);

test('a collector that swallows everything delays no call, and no end', async () => {
  const hole = createServer((socket) => socket.resume().on('error', () => {}));
  await new Promise<void>((resolve) => hole.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise<void>((resolve) => hole.close(() => resolve())));
  const address = hole.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  Object.assign(config, { tracing: { url: `http://127.0.0.1:${port}/v1/traces` } });
  const token = await tokenOf('user:nadia');
  const gateway = await startGatewayProcess(folder, config, SEALED);
  closers.push(() => stop(gateway));
  // More than a queue of spans holds, so that it is full and drops.
  for (let call = 0; call < 110; call++) {
    const answers = Array.from({ length: 8 }, () =>
      fetch(`${gateway.url}/v1/me`, { headers: { authorization: `Bearer ${token}` } }),
    );
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200);
  }
  // Its connections would keep the hole open; the gateway does not wait for it.
  gateway.kill('SIGTERM');
  expect(await gateway.exited).toBe(0);
}, 120_000);

test('without a collector nothing is recorded, and the trace of a caller still reaches the provider', async () => {
  const collector = await startCollector();
  closers.push(() => collector.close());
  const port = await freePort();
  const { port: gatewayPort } = config['listen'] as { port: number }; // as set above
  const stopProvider = await startProvider(port, `http://127.0.0.1:${gatewayPort}`, collector);
  Object.assign(config, { providers: [{ name: 'lab', url: `http://127.0.0.1:${port}` }] });
  const token = await tokenOf('user:nadia');
  const gateway = await startGatewayProcess(folder, config, SEALED);
  closers.push(() => stop(gateway));
  const traceId = 'aaf7651916cd43dd8448eb211c80319c';
  const answer = await fetch(`${gateway.url}/v1/actions/lab.look/read`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      'x-request-id': 'ticket-42',
    },
    body: JSON.stringify({ environment: 'staging', input: {} }),
  });
  expect([answer.status, answer.headers.get('x-request-id')]).toEqual([200, 'ticket-42']);
  await stop(gateway);
  await stopProvider();
  expect(collector.spans.map(({ service, name, ...span }) => [service, name, span.traceId])).toEqual([
    ['lab', 'run look', traceId],
  ]);
  expect(gateway.logged()).toMatch(new RegExp(`"request_id":"ticket-42".*"trace_id":"${traceId}"`));
}, 120_000);
