import { expect } from '@playwright/test';
import type { GatewayCalls } from './gateway-calls.ts';
import type { World } from './running.ts';

export async function makeWorld(calls: GatewayCalls): Promise<World> {
  const refund = (environment: string, amount: number) =>
    calls.send<{ id: string }>('nadia', 'POST', '/v1/requests', {
      body: { action: 'orders.refund', environment, input: { order: 'A-1044', amount }, reason: 'damaged goods' },
    });
  const done = await refund('staging', 1250);
  const waiting = await refund('production', 990);
  await calls.send('amine', 'POST', `/v1/requests/${done.id}/approve`, { body: { comment: 'go' } });
  await expect
    .poll(async () => (await calls.send<{ state: string }>('nadia', 'GET', `/v1/requests/${done.id}`)).state)
    .toBe('succeeded');
  const { items } = await calls.send<{ items: { id: string | number }[] }>('nadia', 'GET', '/v1/audit?limit=1');
  return { waiting: waiting.id, done: done.id, event: String(items[0]?.id) };
}
