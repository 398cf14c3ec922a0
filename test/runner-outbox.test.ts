import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { Lab } from './support/lab-provider.ts';

const SECRET_VARIABLE = 'GUICHET_TEST_HOOK_SECRET';
const SECRET = 'a secret of the receiver';

interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: { id: string; event: { type: string; actor: { id: string } | null; data: object }; request: { id: string } };
}

const lab = new Lab();
const heard: Heard[] = [];
/** How many of the next deliveries are answered with an error. */
let failures = 0;
let gateway: TestGateway;
const receiver = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  request.on('end', () => {
    heard.push({ headers: request.headers, text, body: JSON.parse(text) as Heard['body'] });
    response.writeHead(failures-- > 0 ? 500 : 204).end();
  });
});

beforeAll(async () => {
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
  const { port } = receiver.address() as AddressInfo; // it listens on TCP
  gateway = await startGateway({
    lab,
    env: { [SECRET_VARIABLE]: SECRET },
    config: { webhooks: [{ name: 'chat', url: `http://127.0.0.1:${port}/`, secretFromEnv: SECRET_VARIABLE }] },
  });
});
afterAll(async () => {
  await gateway.close();
  receiver.close();
});
beforeEach(() => {
  heard.length = 0;
  failures = 0;
  lab.mode = 'succeed';
});

const about = (id: string): Heard[] => heard.filter(({ body }) => body.request.id === id);
const untilHeard = (id: string, count: number) =>
  expect.poll(() => about(id).length, { timeout: 25_000 }).toBeGreaterThanOrEqual(count);

test('every event of a request is delivered once, signed', async () => {
  const { body } = await gateway.submit('nadia', { action: 'lab.change' });
  await gateway.until(body.id, 'succeeded');
  await untilHeard(body.id, 5);
  expect(
    about(body.id)
      .map((each) => each.body.event.type)
      .sort(),
  ).toEqual(['request.dispatched', 'request.queued', 'request.started', 'request.submitted', 'request.succeeded']);
  for (const { headers, text } of about(body.id)) {
    const [, seconds, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['guichet-signature'])) ?? [];
    expect(signature).toBe(createHmac('sha256', SECRET).update(`${seconds}.${text}`).digest('hex'));
  }
  expect(about(body.id).find((each) => each.body.event.type === 'request.submitted')?.body).toMatchObject({
    event: { actor: { id: 'user:nadia' } },
    request: { id: body.id, action: 'lab.change', environment: 'staging', summary: "Changes 'alpha' by 3" },
  });
});

test('a delivery that the receiver refuses is tried again, under the same id', async () => {
  failures = 1;
  const { body } = await gateway.submit('nadia', { action: 'lab.destroy', reason: 'in the way' });
  await untilHeard(body.id, 2);
  expect(new Set(about(body.id).map((each) => each.body.id)).size).toBe(1);
});

test('what a provider says with characters that the queue cannot keep is delivered with others, and ends the run as ever', async () => {
  lab.mode = 'fail';
  lab.complaint = 'stuck \0 here \ud800';
  const { body } = await gateway.submit('nadia', { action: 'lab.change' });
  expect((await gateway.until(body.id, 'failed')).failure?.message).toContain('stuck');
  await untilHeard(body.id, 5);
  const failed = about(body.id).find((each) => each.body.event.type === 'request.failed');
  expect(failed?.body.event.data).toMatchObject({ failure: { message: 'stuck \uFFFD here \uFFFD' } });
});
