import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from './support/gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

test('a write in staging runs alone and its receipt is kept', async () => {
  const { status, body } = await gateway.submit('nadia', { action: 'lab.change' });
  expect(status, JSON.stringify(body)).toBe(201);
  const ended = await gateway.until(body.id, 'succeeded');
  expect(ended.output).toMatchObject({ kind: 'record', summary: "Changed 'alpha'" });
  expect(ended.input).toEqual({ target: 'alpha', size: 3 });
});
