import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AuditEvent, type Problem, type Request, TUNNEL_CLOSE } from '@guichet/contract';
import { type ProviderServer, serve, staticKeys } from '@guichet/sdk';
import { RefusedError, SocketStream } from '@guichet/tunnel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, SILENT, startGateway, type TestGateway } from './support/gateway.ts';
import { Pipes, pipeProvider } from './support/pipe-provider.ts';
import { connect } from './support/tunnel-client.ts';

const PATIENT = { timeout: 15_000 };
const WAYS = ['in the process of the gateway', 'on the network'] as const;

describe.each(WAYS)('a provider %s', (way) => {
  const pipes = new Pipes();
  let gateway: TestGateway;
  let server: ProviderServer | undefined;

  beforeAll(async () => {
    const provider = pipeProvider(pipes);
    if (way === WAYS[0]) {
      gateway = await startGateway({ mounted: [{ name: 'pipes', endpoint: provider.endpoint({ logger: SILENT }) }] });
      return;
    }
    // It verifies grants with the gateway's own keys, which are known once that has started.
    const keys = { find: async (kid: string) => (await keysOf(gateway)).find(kid) };
    server = await serve(provider, { port: 0, keys, logger: SILENT });
    gateway = await startGateway({ mounted: 'none', config: { providers: [{ name: 'pipes', url: server.url }] } });
  });
  afterAll(async () => {
    await gateway.close();
    await server?.close();
  });

  const opened = async (more: Record<string, unknown> = {}): Promise<Request> => {
    const { body } = await gateway.submit('nadia', { action: 'pipes.open', input: { name: 'blue' }, ...more });
    return gateway.until(body.id, 'succeeded');
  };
  const shown = async (id: string): Promise<Request> => (await gateway.call<Request>('nadia', 'GET', `/v1/requests/${id}`)).body;
  const audited = async (id: string): Promise<AuditEvent[]> => {
    const { body } = await gateway.call<{ items: AuditEvent[] }>('sven', 'GET', `/v1/audit?request=${id}&limit=200`);
    return body.items.filter(({ type }) => type.startsWith('tunnel.')).reverse();
  };
  const undone = (id: string) => expect.poll(() => shown(id), PATIENT).toMatchObject({ temporary: { state: 'undone' } });

  test('carries what a connection says, and what it records stands in the audit log first', async () => {
    const { id } = await opened();
    const client = await connect(gateway, id);
    client.send('select 1');
    client.send('select 2');
    expect(await client.line()).toBe('select 1');
    expect(await client.line()).toBe('select 2');
    client.stream.end();
    expect(await client.stream.over).toMatchObject({ code: TUNNEL_CLOSE.over });
    await expect.poll(async () => (await audited(id)).map(({ type }) => type), PATIENT).toHaveLength(4);
    expect(await audited(id)).toMatchObject([
      { type: 'tunnel.opened', actor: { id: 'user:nadia' }, action: 'pipes.open', resource: 'pipe:blue', data: { hold: false } },
      { type: 'tunnel.statement', data: { number: 1, summary: 'select 1', details: { length: 8 } } },
      { type: 'tunnel.statement', data: { number: 2, summary: 'select 2' } },
      { type: 'tunnel.closed', outcome: 'ok', data: { statements: 2, bytesIn: 18, bytesOut: 18, why: 'Closed.' } },
    ]);
    // It was no hold: what it leads to is still there.
    expect(pipes.open.size).toBeGreaterThan(0);
    expect((await shown(id)).allowed).toContain('connect');
  });

  test('ends what a hold kept open as soon as whoever had it leaves', async () => {
    const { id, run } = await opened();
    const [first, second] = [await connect(gateway, id, { hold: true }), await connect(gateway, id, { hold: true })];
    await expect.poll(() => first.notices, PATIENT).toMatchObject([{ type: 'until', seconds: expect.closeTo(600, -1) }]);
    const data = await connect(gateway, id);
    data.send('still here');
    expect(await data.line()).toBe('still here');
    first.stream.end();
    await first.stream.over;
    second.stream.end();
    await second.stream.over;
    // The connection that is left is closed in words, for good.
    expect(await data.stream.over).toMatchObject({ code: TUNNEL_CLOSE.ended, reason: `The time of ${id} is over.` });
    await undone(id);
    expect(pipes.open.has(run?.id ?? '')).toBe(false);
    await expect(connect(gateway, id)).rejects.toMatchObject({ status: 409, body: { code: 'request.not_connectable' } });
  });

  test('closes what is open when the request is undone, and says who did', async () => {
    const { id } = await opened();
    const [hold, data] = [await connect(gateway, id, { hold: true }), await connect(gateway, id)];
    const { body } = await gateway.call<Request>('sven', 'POST', `/v1/requests/${id}/undo`, { body: { reason: 'an incident' } });
    for (const { stream, notices } of [hold, data]) {
      expect(await stream.over).toMatchObject({ code: TUNNEL_CLOSE.ended });
      expect(notices.at(-1)).toEqual({ type: 'ended', reason: `${id} was ended by Sven Lindqvist (${body.id}).` });
    }
    await expect.poll(() => pipes.tunnels.size, PATIENT).toBe(0);
  });

  test('tells whoever holds it that it was extended', async () => {
    const { id } = await opened();
    const { notices, stream } = await connect(gateway, id, { hold: true });
    await expect.poll(() => notices.length, PATIENT).toBe(1);
    const extend = (seconds: number): Promise<Answer<Problem>> =>
      gateway.call('nadia', 'POST', `/v1/requests/${id}/extend`, { body: { seconds } });
    expect((await extend(1200)).status).toBe(201);
    await expect.poll(() => notices.at(-1), PATIENT).toMatchObject({ type: 'until', seconds: expect.closeTo(1800, -1) });
    expect((await extend(3000)).body).toMatchObject({ code: 'input.invalid', errors: [{ field: '/seconds' }] });
    stream.end();
    await undone(id);
  });

  test('is refused to everybody but the requester, and that is written down', async () => {
    const { id } = await opened();
    const refused = await connect(gateway, id, { who: 'marta' }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RefusedError);
    expect(refused).toMatchObject({ status: 403, body: { code: 'policy.denied' } });
    expect(await audited(id)).toMatchObject([{ type: 'tunnel.denied', actor: { id: 'user:marta' }, outcome: 'denied' }]);
    expect((await shown(id)).allowed).toContain('connect');
    expect((await gateway.call<Request>('marta', 'GET', `/v1/requests/${id}`)).body.allowed).not.toContain('connect');
  });

  test('is opened with a token alone, and by no page', async () => {
    const { id } = await opened();
    await expect(connect(gateway, id, { who: { token: 'gct_u_nobody' } })).rejects.toMatchObject({ status: 401 });
    await expect(connect(gateway, id, { headers: { origin: gateway.app.url } })).rejects.toMatchObject({
      status: 403,
      body: { code: 'csrf.refused' },
    });
    const plain = await gateway.call<Problem>('nadia', 'GET', `/v1/requests/${id}/tunnel`);
    expect(plain).toMatchObject({ status: 426, body: { code: 'http.upgrade_required' } });
    const elsewhere = await connect(gateway, 'REQ-999999').catch((error: unknown) => error);
    expect(elsewhere).toMatchObject({ status: 404, body: { code: 'request.unknown' } });
  });

  test('says what its provider refuses', async () => {
    const { id } = await opened();
    const client = await connect(gateway, id);
    client.send('fail');
    expect(await client.stream.over).toMatchObject({ code: TUNNEL_CLOSE.failed });
    expect(client.notices).toMatchObject([
      { type: 'failed', problem: { code: 'action.refused', detail: 'The pipe is clogged.', remedy: 'Call a plumber.' } },
    ]);
    await expect
      .poll(async () => (await audited(id)).at(-1), PATIENT)
      .toMatchObject({ type: 'tunnel.closed', outcome: 'failed' });
  });

  test('takes no messages of a client', async () => {
    const { id } = await opened();
    const { stream } = await connect(gateway, id);
    stream.socket.send(JSON.stringify([[], [], []]));
    expect(await stream.over).toMatchObject({ code: TUNNEL_CLOSE.failed });
    await expect.poll(() => pipes.tunnels.size, PATIENT).toBe(0);
  });

  test('lets nobody have more of them than there may be, however many are asked for at once', async () => {
    const { id } = await opened();
    const asked = await Promise.allSettled(Array.from({ length: 560 }, () => connect(gateway, id)));
    const open = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    expect(open).toHaveLength(512);
    const refused = asked.find((each) => each.status === 'rejected');
    expect(refused?.reason).toMatchObject({ status: 429, body: { code: 'rate.limited' } });
    for (const { stream } of open) stream.destroy();
    await expect.poll(() => pipes.tunnels.size, PATIENT).toBe(0);
  });

  test('closes in order when its provider does', async () => {
    const { id } = await opened();
    const client = await connect(gateway, id);
    client.send('pour 300000');
    client.send('bye');
    let bytes = 0;
    for await (const chunk of client.stream) bytes += chunk.length;
    expect(bytes).toBe(300_000);
    expect(await client.stream.over).toMatchObject({ code: TUNNEL_CLOSE.over });
  });

  test('changes no byte on the way there and back, in pieces of any size', async () => {
    const { id } = await opened();
    const client = await connect(gateway, id);
    client.send('mirror');
    expect(await client.line()).toBe('from now on');
    const [sent, got] = [createHash('sha256'), createHash('sha256')];
    const total = 48 * 1024 * 1024;
    let bytes = 0;
    const over = Promise.withResolvers<void>();
    client.stream.on('data', (chunk: Buffer) => {
      got.update(chunk);
      bytes += chunk.length;
      if (bytes === total) over.resolve();
    });
    let size = 1;
    for (let left = total; left > 0; left -= size) {
      size = Math.min(left, (size * 7) % 300_007 || 1);
      const piece = randomBytes(size);
      sent.update(piece);
      if (!client.stream.write(piece)) await once(client.stream, 'drain');
    }
    await over.promise;
    expect(got.digest('hex')).toBe(sent.digest('hex'));
    client.stream.end();
  });

  test('makes a provider wait for a client that does not read', async () => {
    const { id } = await opened();
    const client = await connect(gateway, id);
    client.stream.pause();
    const before = pipes.poured;
    client.send(`pour ${256 * 1024 * 1024}`);
    // It pours until all that lies between is full, and then no more.
    let [last, still] = [-1, 0];
    await expect
      .poll(
        () => {
          still = pipes.poured === last && last > before ? still + 1 : 0;
          last = pipes.poured;
          return still;
        },
        { timeout: 20_000, interval: 50 },
      )
      .toBeGreaterThan(10);
    expect(pipes.poured - before).toBeLessThan(32 * 1024 * 1024);
    client.stream.destroy();
    await expect.poll(() => pipes.tunnels.size, PATIENT).toBe(0);
  });

  // One in the gateway's own process dies with it.
  const onNetwork = way === WAYS[1] ? test : undefined;
  onNetwork?.('is opened again when its provider was killed', async () => {
    const { id } = await opened();
    const { stream, notices } = await connect(gateway, id, { hold: true });
    await expect.poll(() => pipes.tunnels.size, PATIENT).toBe(1);
    // On the network it is one: as if the process were gone.
    for (const { stream: own } of pipes.tunnels) if (own instanceof SocketStream) own.socket.terminate();
    expect(await stream.over).toMatchObject({ code: TUNNEL_CLOSE.restart, reason: "The connection to provider 'pipes' broke." });
    expect(notices.every(({ type }) => type === 'until')).toBe(true);
    const again = await connect(gateway, id, { hold: true });
    again.stream.end();
    await again.stream.over;
    expect((await shown(id)).undoneBy).toBeNull(); // the hold that broke may still come back
  });

  test('closes what a session had open when it is signed out', async () => {
    const { id } = await opened();
    const token = await gateway.app.tokens.issue({
      ...{ name: 'short', principalId: 'user:nadia', expiresInDays: 1, scope: {} },
      createdBy: { id: 'user:nadia', name: 'Nadia' },
    });
    const client = await connect(gateway, id, { who: { token: token.secret } });
    await gateway.call('nadia', 'DELETE', `/v1/tokens/${token.id}`);
    const { reason } = await client.stream.over;
    expect(reason).toBe('You were signed out, or the token was revoked.');
  });
});

async function keysOf({ app }: TestGateway) {
  const response = await fetch(`${app.url}/v1/keys`);
  return staticKeys(((await response.json()) as { keys: { kid: string; paserk: string }[] }).keys); // what the route answers
}
