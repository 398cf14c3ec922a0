import { harness } from '@guichet/sdk/testing';
import { expect, test } from 'vitest';
import { provider } from './flags.ts';

const flags = harness(provider, { environment: 'staging', caller: { id: 'user:nadia', name: 'Nadia' } });

test('switches a flag on', async () => {
  const { plan, output, logs } = await flags.run('set', { flag: 'new-checkout', on: true });
  expect(plan.summary).toBe("Switch 'new-checkout' on");
  expect(output).toMatchObject({ summary: "'new-checkout' is on." });
  expect(logs).toHaveLength(1);
  expect(await flags.read('list')).toMatchObject({ rows: [{ flag: 'new-checkout', on: true }] });
});

test('refuses a flag that does not exist', async () => {
  await expect(flags.plan('set', { flag: 'nope', on: true })).rejects.toMatchObject({ code: 'action.refused' });
});
