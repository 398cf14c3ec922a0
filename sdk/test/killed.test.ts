import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { RunMessage } from '@guichet/contract';
import { expect, test } from 'vitest';
import { generateGrantKey } from '../src/grants.ts';
import { callOf } from './calls.ts';
import { remoteEndpoint } from './remote-endpoint.ts';
import { openShop, shopProvider } from './shop-provider.ts';

const SCRIPT = fileURLToPath(new URL('./serve-shop.ts', import.meta.url));

test('a provider killed in the middle of a run ends the stream without a result', async () => {
  const key = await generateGrantKey('key-1');
  const child = spawn(process.execPath, [SCRIPT], {
    env: { ...process.env, KEY: JSON.stringify(key) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [url] = await once(createInterface({ input: child.stdout }), 'line');
  const body = { input: { item: 'apple', mood: 'wait' }, seen: { stock: 3 } };
  const run = remoteEndpoint(url, key).run(callOf(shopProvider(openShop()), 'run', 'items.sell', { body }));
  const messages: RunMessage[] = [];
  const listening = (async () => {
    for await (const message of run) {
      messages.push(message);
      if (message.type === 'log') child.kill('SIGKILL');
    }
  })();
  await expect(listening).rejects.toThrow(/terminated/);
  expect(messages.map(({ type }) => type)).toEqual(['log']);
});
