import type { Request } from '@guichet/contract';
import { gatewayKeys, type KeySource, type ProviderServer, serve } from '@guichet/sdk';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startEvilProvider } from './support/evil-provider.ts';
import { SILENT, startGateway, type TestGateway } from './support/gateway.ts';
import { Lab, labProvider } from './support/lab-provider.ts';

let gateway: TestGateway;
let provider: ProviderServer;
const lab = new Lab();

beforeAll(async () => {
  // The provider is there before the gateway whose keys it trusts.
  const keys: KeySource = { find: (kid) => source.find(kid) };
  provider = await serve(labProvider(lab), { port: 0, keys, logger: SILENT });
  // A grace that no test waits for: what ends here was asked to end, and said how.
  const config = { providers: [{ name: 'lab', url: provider.url }], worker: { tickMs: 200, leaseSeconds: 5, graceMs: 20_000 } };
  gateway = await startGateway({ lab, mounted: 'none', config });
  const source = gatewayKeys(gateway.app.url);
});
afterAll(async () => {
  await gateway.close();
  await provider.close();
});
beforeEach(() => {
  lab.effects.length = 0;
});

async function hanging(action: string): Promise<string> {
  lab.mode = 'hang';
  const entry = lab.nextEntry();
  const { body } = await gateway.submit('nadia', { action });
  await entry;
  return body.id;
}

test('a run on the network that is cancelled says itself how it ended', async () => {
  const id = await hanging('lab.change');
  await gateway.call<Request>('nadia', 'POST', `/v1/requests/${id}/cancel`, { body: { comment: 'wrong one' } });
  expect(await gateway.until(id, 'cancelled')).toMatchObject({ decidedBy: { id: 'user:nadia' }, comment: 'wrong one' });
  expect(lab.effects).toEqual([]);
});

test('a run on the network that is over its time is asked to stop, and fails by its own word', async () => {
  const id = await hanging('lab.change-quickly');
  expect((await gateway.until(id, 'failed')).failure).toMatchObject({ code: 'run.deadline_exceeded' });
  expect(lab.effects).toEqual([]);
});

test('a wish to cancel that overtakes its run is told again until the provider knows of it', async () => {
  const evil = await startEvilProvider();
  const config = { providers: [{ name: 'evil', url: evil.url }], worker: { tickMs: 200, leaseSeconds: 5, graceMs: 20_000 } };
  const other = await startGateway({ mounted: 'none', config });
  let end = (): void => {};
  let wishes = 0;
  const entered = new Promise<void>((resolve) => {
    evil.answer = (response, request) => {
      if (request.url?.endsWith('/plan'))
        return response.end(JSON.stringify({ summary: 'Changes it', resource: { type: 'thing', id: 'a' }, fingerprint: 'f' }));
      if (request.url?.endsWith('/cancel')) {
        wishes += 1;
        if (wishes === 2) end();
        return response.end(JSON.stringify({ running: wishes === 2 }));
      }
      response.write('{"type":"heartbeat"}\n');
      end = () => response.end('{"type":"failure","failure":{"kind":"cancelled","message":"Stopped."}}\n');
      resolve();
    };
  });
  const { body } = await other.submit('nadia', { action: 'evil.change', input: {} });
  await entered;
  await other.call('nadia', 'POST', `/v1/requests/${body.id}/cancel`, { body: {} });
  await other.until(body.id, 'cancelled');
  expect(wishes).toBe(2);
  await other.close();
  await evil.close();
});
