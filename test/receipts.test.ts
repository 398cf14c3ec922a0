import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { AuditEvent, ProviderEndpoint, Reconciled, Request, RunMessage } from '@guichet/contract';
import { gatewayKeys, generateReceiptKey, type ProviderServer, rotateReceiptKey, serve } from '@guichet/sdk';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { COMPANY, readEvents, SEALING, SILENT, startGateway, type TestGateway } from './support/gateway.ts';
import { Lab, labProvider } from './support/lab-provider.ts';

const folders: string[] = [];
async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'guichet-receipts-'));
  folders.push(folder);
  return folder;
}
const since = new Date(Date.now() - 3_600_000).toISOString();

let gateway: TestGateway;
let lab: Lab;
let dataDir: string;
/** What is done to the messages of a run between the provider and the gateway. */
let tamper: (message: RunMessage) => RunMessage = (message) => message;
/** What the provider is made of now: tests restart it. */
let provider: ProviderEndpoint;

beforeAll(async () => {
  lab = new Lab();
  dataDir = await newFolder();
  provider = labProvider(lab).endpoint({ dataDir, logger: SILENT });
  const endpoint: ProviderEndpoint = {
    manifest: () => provider.manifest(),
    options: (call) => provider.options(call),
    plan: (call) => provider.plan(call),
    observe: (call) => provider.observe(call),
    ledger: async (call) => (await provider.ledger?.(call)) ?? { entries: [], next: null },
    async *run(call) {
      for await (const message of provider.run(call)) yield tamper(message);
    },
  };
  // As one on the network: its key is pinned.
  gateway = await startGateway({ lab, mounted: [{ name: 'lab', endpoint, mounted: false }] });
});
afterEach(() => {
  tamper = (message) => message;
  lab.mode = 'succeed';
  lab.observation = 'unknown';
});
afterAll(async () => {
  await gateway.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function run(...states: Request['state'][]): Promise<Request> {
  const { body } = await gateway.submit('nadia', { action: 'lab.change', reason: 'a look at receipts' });
  return gateway.until(body.id, ...(states.length === 0 ? (['succeeded'] as const) : states));
}

async function reconcile(at: TestGateway = gateway, name = 'lab'): Promise<Reconciled> {
  const { status, body } = await at.call<Reconciled>('nadia', 'POST', '/v1/audit/reconcile', { body: { provider: name, since } });
  expect(status).toBe(200);
  return body;
}

const kindsFor = (found: Reconciled, id: string): string[] =>
  found.findings.filter(({ request }) => request === id).map(({ kind }) => kind);

async function auditOf(type: string): Promise<AuditEvent[]> {
  return (await gateway.call<{ items: AuditEvent[] }>('nadia', 'GET', `/v1/audit?type=${type}`)).body.items;
}

/** The operator's own command. */
async function accept(...words: string[]): Promise<{ stdout: string; stderr: string }> {
  const config = join(await newFolder(), 'guichet.yaml');
  const file = { database: { url: gateway.databaseUrl }, company: COMPANY, sealing: { keyFromEnv: SEALING.variable } };
  await writeFile(config, JSON.stringify(file));
  const main = fileURLToPath(new URL('../gateway/src/main.ts', import.meta.url));
  const env = { ...process.env, [SEALING.variable]: SEALING.key };
  return promisify(execFile)(process.execPath, [main, '--config', config, 'accept-provider-key', ...words], { env });
}

const forged =
  (change: (token: string) => string | undefined) =>
  (message: RunMessage): RunMessage => {
    if ((message.type !== 'result' && message.type !== 'failure') || message.receipt === undefined) return message;
    const { receipt, ...rest } = message;
    const other = change(receipt);
    return { ...rest, ...(other !== undefined && { receipt: other }) };
  };

describe('the receipt of a run', () => {
  test('is verified and kept with its end, of a success and of a failure', async () => {
    const done = await run();
    expect(done.run?.receipt).toMatchObject({ verdict: 'verified', reason: null, status: 'succeeded' });
    expect(done.run?.receipt?.token).toMatch(/^v4\.public\./);
    lab.mode = 'fail';
    expect((await run('failed')).run?.receipt).toMatchObject({ verdict: 'verified', status: 'failed' });
    expect(await auditOf('provider_key.pinned')).toMatchObject([{ data: { provider: 'lab', how: 'first seen' } }]);
  });

  test('that is missing is told, and costs no result', async () => {
    tamper = forged(() => undefined);
    const { id, run: ran, output } = await run();
    expect(ran?.receipt).toMatchObject({ verdict: 'missing', token: null });
    expect(output).toMatchObject({ kind: 'record' });
    expect((await readEvents(gateway, id)).map(({ type }) => type)).toContain('request.receipt_missing');
    expect(await auditOf('request.receipt_missing')).toMatchObject([{ request: id }]);
  });

  test.each<[string, (token: string) => string, RegExp]>([
    ['is no token', () => 'rubbish', /no token/],
    ['was changed', (token) => `${token.slice(0, 30)}${token[30] === 'A' ? 'B' : 'A'}${token.slice(31)}`, /signature/],
  ])('that %s is refused, told, and costs no result', async (_what, change, reason) => {
    tamper = forged(change);
    const { id, run: ran } = await run();
    expect(ran?.receipt).toMatchObject({ verdict: 'refused', reason: expect.stringMatching(reason) });
    expect((await readEvents(gateway, id)).map(({ type }) => type)).toContain('request.receipt_refused');
    expect(kindsFor(await reconcile(), id)).toContain('receipt_refused');
  });

  test('of another run is refused, and so is one for another result', async () => {
    const first = await run();
    tamper = forged(() => first.run?.receipt?.token ?? '');
    expect((await run()).run?.receipt).toMatchObject({
      verdict: 'refused',
      reason: expect.stringMatching(/another (grant|run)/),
    });
    tamper = (message) =>
      message.type === 'result' ? { ...message, output: { kind: 'record', summary: 'something else', fields: [] } } : message;
    const { run: ran, output } = await run();
    expect(ran?.receipt).toMatchObject({ verdict: 'refused', reason: expect.stringMatching(/another result/) });
    expect(output).toMatchObject({ summary: 'something else' });
  });

  test('comes with what the provider wrote down, when nobody heard the end of the run', async () => {
    tamper = (message) => {
      if (message.type === 'result') throw new Error('the connection broke');
      return message;
    };
    const { body } = await gateway.submit('nadia', { action: 'lab.change', reason: 'nobody hears' });
    const settled = await gateway.until(body.id, 'succeeded');
    expect(settled.run?.receipt).toMatchObject({ verdict: 'verified', status: 'succeeded' });
    expect(kindsFor(await reconcile(), body.id)).toEqual([]);
  });
});

describe('the key of a provider', () => {
  test('that was announced by the one before it is taken', async () => {
    const { kid } = await rotateReceiptKey(dataDir, 'lab');
    provider = labProvider(lab).endpoint({ dataDir, logger: SILENT });
    await gateway.app.catalog.refresh();
    expect((await run()).run?.receipt).toMatchObject({ verdict: 'verified', kid });
    expect(await auditOf('provider_key.rotated')).toMatchObject([{ data: { kid } }]);
  });

  test('that replicas still sign with after it was replaced is refused, which is written down once', async () => {
    const before = (await provider.manifest()).receipts;
    await rotateReceiptKey(dataDir, 'lab');
    provider = labProvider(lab).endpoint({ dataDir, logger: SILENT });
    const now = await provider.manifest();
    await gateway.app.catalog.refresh();
    const refusedBefore = (await auditOf('provider_key.refused')).length;
    for (const receipts of [before, now.receipts, before, now.receipts, before, now.receipts]) {
      provider = { ...provider, manifest: async () => ({ ...now, ...(receipts !== undefined && { receipts }) }) };
      await gateway.app.catalog.refresh();
    }
    const refused = await auditOf('provider_key.refused');
    expect(refused).toHaveLength(refusedBefore + 1);
    expect(refused[0]).toMatchObject({ outcome: 'denied', data: { kid: before?.kid, before: [now.receipts?.kid] } });
    provider = labProvider(lab).endpoint({ dataDir, logger: SILENT });
  });

  test('that was swapped is refused until an operator accepts it', async () => {
    const file = join(dataDir, 'receipt-key.json');
    await writeFile(file, JSON.stringify({ secret: await generateReceiptKey() }));
    provider = labProvider(lab).endpoint({ dataDir, logger: SILENT });
    await gateway.app.catalog.refresh();
    const { id, run: ran, output } = await run();
    expect(output).not.toBeNull();
    expect(ran?.receipt).toMatchObject({ verdict: 'refused', reason: expect.stringMatching(/not accepted/) });
    const [refused] = await auditOf('provider_key.refused');
    expect(refused).toMatchObject({ outcome: 'denied', data: { provider: 'lab', kid: ran?.receipt?.kid } });
    expect(kindsFor(await reconcile(), id)).toEqual(['receipt_refused']);
    const kid = ran?.receipt?.kid ?? '';
    await expect(accept('lab', 'none')).rejects.toMatchObject({ stderr: expect.stringContaining(kid) });
    expect((await accept('lab', kid)).stdout).toContain(`the key ${kid} from now on`);
    expect((await run()).run?.receipt).toMatchObject({ verdict: 'verified', kid });
    expect(await auditOf('provider_key.accepted')).toMatchObject([{ actor: { name: 'operator' }, data: { kid } }]);
  });
});

describe('reconcile', () => {
  const file = async () => {
    const name = (await readdir(join(dataDir, 'ledger'))).find((each) => each.endsWith('.jsonl')) ?? '';
    return join(dataDir, 'ledger', name);
  };
  const restart = () => {
    provider = labProvider(lab).endpoint({ dataDir, logger: SILENT });
  };

  test('finds nothing where both sides agree, and is recorded', async () => {
    const { id } = await run();
    expect(kindsFor(await reconcile(), id)).toEqual([]);
    expect((await auditOf('audit.reconciled'))[0]).toMatchObject({
      actor: { id: 'user:nadia' },
      data: { provider: 'lab', isLast: true },
    });
  });

  test('finds an effect without a grant', async () => {
    const { run: ran } = await run();
    const line = (await readFile(await file(), 'utf8')).split('\n').find((each) => each.includes(`"run":"${ran?.id}"`)) ?? '';
    await appendFile(
      await file(),
      `\n${line.replaceAll(ran?.id ?? '', 'forged-run').replace(/"grant":"[^"]*"/, '"grant":"forged"')}\n`,
    );
    const found = await reconcile();
    expect(found.findings.filter(({ kind }) => kind === 'effect_without_grant')).toMatchObject([
      { grant: 'forged', run: 'forged-run' },
    ]);
  });

  test('takes a run that a gateway without a record of grants dispatched for what it is, and a lost row for an effect without a grant', async () => {
    const [old, lost] = [await run(), await run()];
    const client = new pg.Client({ connectionString: gateway.databaseUrl });
    await client.connect();
    try {
      for (const { run: ran } of [old, lost]) {
        await client.query('delete from receipts where run_id = $1', [ran?.id]);
        await client.query('delete from run_grants where run_id = $1', [ran?.id]);
      }
      // What such a gateway wrote. No trigger stands in the way of a superuser.
      await client.query('set session_replication_role = replica');
      await client.query(
        `update audit_events set data = (data::jsonb - 'run' - 'grant')::json where request = $1 and type = 'request.dispatched'`,
        [old.id.slice('REQ-'.length)],
      );
    } finally {
      await client.end();
    }
    const found = await reconcile();
    expect(kindsFor(found, lost.id)).toEqual(['effect_without_grant']);
    expect(kindsFor(found, old.id)).toEqual([]);
  });

  test('finds an outcome that somebody has changed, and a run that somebody has removed', async () => {
    const [changed, removed] = [await run(), await run()];
    const lines = (await readFile(await file(), 'utf8')).split('\n');
    const kept = lines
      .filter((line) => !line.includes(removed.run?.id ?? '?'))
      .map((line) => (line.includes(changed.run?.id ?? '?') ? line.replace('"status":"succeeded"', '"status":"failed"') : line));
    await writeFile(await file(), kept.join('\n'));
    restart();
    const found = await reconcile();
    expect(kindsFor(found, changed.id)).toEqual(['outcome_mismatch', 'receipt_refused']);
    expect(kindsFor(found, removed.id)).toEqual(['grant_without_effect']);
    for (const { message, remedy } of found.findings) expect([message, remedy].every((text) => text.length > 20)).toBe(true);
  });

  test('finds a ledger that was replaced by a new one', async () => {
    const { id } = await run();
    await rm(join(dataDir, 'ledger'), { recursive: true });
    restart();
    expect(kindsFor(await reconcile(), id)).toEqual(['grant_without_effect']);
  });

  test('shows what a person has resolved as resolved, unless the ledger says otherwise', async () => {
    lab.mode = 'half';
    const { body: filed } = await gateway.submit('nadia', { action: 'lab.change-blindly', reason: 'a look at receipts' });
    const lost = await gateway.until(filed.id, 'unknown');
    lab.mode = 'succeed';
    const path = `/v1/requests/${lost.id}/resolve`;
    const body = { outcome: 'succeeded', reason: 'I looked at the thing itself' };
    expect((await gateway.call('amine', 'POST', path, { body })).status).toBe(200);
    expect((await reconcile()).findings.filter(({ request, resolved }) => request === lost.id && resolved === undefined)).toEqual(
      [],
    );
    const lines = (await readFile(await file(), 'utf8')).split('\n');
    await writeFile(await file(), lines.filter((line) => !line.includes(lost.run?.id ?? '?')).join('\n'));
    restart();
    expect((await reconcile()).findings.find(({ request }) => request === lost.id)).toMatchObject({
      kind: 'grant_without_effect',
      resolved: { by: { id: 'user:amine' }, comment: 'I looked at the thing itself' },
    });
  });

  test('is for those who may read the audit log, and names a provider that is not there', async () => {
    const machine = { token: await gateway.token('machine:ci-checkout') };
    expect((await gateway.call(machine, 'POST', '/v1/audit/reconcile', { body: { since } })).status).toBe(403);
    const { status, body } = await gateway.call('nadia', 'POST', '/v1/audit/reconcile', { body: { provider: 'lap', since } });
    expect({ status, body }).toMatchObject({
      status: 400,
      body: { code: 'input.invalid', remedy: expect.stringContaining('lab') },
    });
  });
});

test('a provider on the network signs, shows its ledger to the gateway, and to nobody else', async () => {
  const folder = await newFolder();
  const remote = new Lab();
  let server: ProviderServer | undefined;
  let own: TestGateway | undefined;
  try {
    const late = { find: (kid: string) => gatewayKeys(own?.app.url ?? '').find(kid) };
    server = await serve(labProvider(remote), { port: 0, keys: late, dataDir: folder, logger: SILENT });
    own = await startGateway({ mounted: 'none', config: { providers: [{ name: 'lab', url: server.url }] } });
    const { body } = await own.submit('nadia', { action: 'lab.change', reason: 'over the network' });
    const done = await own.until(body.id, 'succeeded');
    expect(done.run?.receipt).toMatchObject({ verdict: 'verified' });
    expect(await reconcile(own)).toMatchObject({ grants: 1, entries: 1, findings: [], next: null });
    expect((await fetch(`${server.url}/guichet/v1/ledger?since=${since}`)).status).toBe(401);
    await server.close();
    expect((await reconcile(own)).findings).toMatchObject([{ kind: 'ledger_unreadable' }]);
  } finally {
    await own?.close();
    await server?.close();
  }
});
