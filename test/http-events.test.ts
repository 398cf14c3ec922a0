import { testDatabase } from '@guichet/postgres-server/testing';
import fc from 'fast-check';
import pg from 'pg';
import { expect, test } from 'vitest';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { Lab } from './support/lab-provider.ts';

interface Received {
  readonly id: number;
  readonly type: string;
  readonly data: unknown;
}

/** A stream of events that is read by hand, so that it can be cut anywhere. */
class Stream {
  text = '';
  readonly #controller = new AbortController();
  #done = false;
  #changed: () => void = () => {};

  static async open(
    gateway: TestGateway,
    id: string,
    { after, token }: { after?: number; token?: string } = {},
  ): Promise<Stream> {
    const stream = new Stream();
    const response = await fetch(`${gateway.app.url}/v1/requests/${id}/events`, {
      headers: {
        authorization: `Bearer ${token ?? (await gateway.token('user:nadia'))}`,
        ...(after !== undefined && { 'last-event-id': String(after) }),
      },
      signal: stream.#controller.signal,
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    void stream.#read(response);
    return stream;
  }

  async #read(response: Response): Promise<void> {
    try {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        this.text += chunk;
        this.#changed();
      }
    } catch {
      // cut, by us or by the gateway
    }
    this.#done = true;
    this.#changed();
  }

  /** Resolves when the text fulfils the wish; rejects when the stream ends first. */
  async until(wish: (stream: Stream) => boolean): Promise<this> {
    while (!wish(this)) {
      if (this.#done) throw new Error(`The stream ended: ${this.text}`);
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
    return this;
  }

  async ended(): Promise<this> {
    while (!this.#done)
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    return this;
  }

  cut(): void {
    this.#controller.abort();
  }

  get sawEnd(): boolean {
    return this.text.includes('\nevent: end\n');
  }

  /** Whole events only, as a reader takes them. */
  get events(): Received[] {
    return received(this.text);
  }
}

function received(text: string): Received[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .flatMap((block) => {
      const [, id, type, data] = /^id: (\d+)\nevent: (\S+)\ndata: (.*)$/.exec(block) ?? [];
      return id === undefined || type === undefined || data === undefined
        ? []
        : [{ id: Number(id), type, data: JSON.parse(data) }];
    });
}

async function finished(gateway: TestGateway): Promise<{ id: string; whole: Stream }> {
  const { body } = await gateway.submit('nadia', { action: 'lab.change' });
  const whole = await (await Stream.open(gateway, body.id)).ended();
  return { id: body.id, whole };
}

test('a stream that is cut anywhere and resumed misses nothing and repeats nothing', async () => {
  const gateway = await startGateway();
  const { id, whole } = await finished(gateway);
  expect(whole.sawEnd).toBe(true);
  expect(whole.events.map((event) => event.id)).toEqual(whole.events.map((_, index) => index + 1));
  expect(whole.events.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['request.submitted', 'run.log', 'run.progress', 'request.succeeded']),
  );
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.text.length), async (length) => {
      const before = received(whole.text.slice(0, length));
      const rest = await (await Stream.open(gateway, id, { after: before.at(-1)?.id ?? 0 })).ended();
      expect([...before, ...rest.events]).toEqual(whole.events);
      expect(rest.sawEnd).toBe(true);
    }),
    { numRuns: 60 },
  );
  const authorization = `Bearer ${await gateway.token('user:nadia')}`;
  const byQuery = await fetch(`${gateway.app.url}/v1/requests/${id}/events?after=2`, { headers: { authorization } });
  expect(received(await byQuery.text())).toEqual(whole.events.slice(2));
  await gateway.close();
});

test('watchers of a run that is going on, cut and resumed many times, see all of it', async () => {
  const lab = new Lab();
  lab.mode = 'hang';
  const gateway = await startGateway({ lab });
  const entered = lab.nextEntry();
  const { body } = await gateway.submit('nadia', { action: 'lab.change' });
  await entered;
  const seen: Received[] = [];
  for (let round = 0; round < 5; round++) {
    const stream = await Stream.open(gateway, body.id, { after: seen.at(-1)?.id ?? 0 });
    if (round < 4) await stream.until(({ text }) => text.includes('retry'));
    else lab.release();
    if (round === 4) await stream.ended();
    stream.cut();
    seen.push(...stream.events);
  }
  const whole = await (await Stream.open(gateway, body.id)).ended();
  expect(seen).toEqual(whole.events);
  await gateway.close();
});

test('a watcher on another replica sees the run as it goes, also after its listener was lost', async () => {
  await using database = await testDatabase();
  const lab = new Lab();
  const runs = await startGateway({ lab, databaseUrl: database.url });
  const watches = await startGateway({ lab, databaseUrl: database.url, config: { worker: { enabled: false } } });
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  for (const lost of [false, true]) {
    lab.mode = 'hang';
    const entered = lab.nextEntry();
    const { body } = await runs.submit('nadia', { action: 'lab.change' });
    await entered;
    const stream = await Stream.open(watches, body.id);
    await stream.until(({ text }) => text.includes('request.dispatched'));
    if (lost) {
      const { rowCount } = await admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'guichet-bus' and datname = current_database()`,
      );
      expect(rowCount).toBe(2);
    }
    lab.release();
    await stream.ended();
    expect(stream.sawEnd).toBe(true);
    expect(stream.events.at(-1)?.type).toBe('request.succeeded');
  }
  await admin.end();
  await watches.close();
  await runs.close();
});

test('a gateway that stops ends its streams, and the reader resumes at another replica', async () => {
  await using database = await testDatabase();
  const lab = new Lab();
  const runs = await startGateway({ lab, databaseUrl: database.url });
  const stops = await startGateway({ lab, databaseUrl: database.url, config: { worker: { enabled: false } } });
  lab.mode = 'hang';
  const entered = lab.nextEntry();
  const { body } = await runs.submit('nadia', { action: 'lab.change' });
  await entered;
  const stream = await Stream.open(stops, body.id);
  await stream.until(({ text }) => text.includes('request.dispatched'));
  await stops.close();
  await stream.ended();
  expect(stream.sawEnd).toBe(false);
  const resumed = await Stream.open(runs, body.id, { after: stream.events.at(-1)?.id ?? 0 });
  lab.release();
  await resumed.ended();
  const whole = await (await Stream.open(runs, body.id)).ended();
  expect([...stream.events, ...resumed.events]).toEqual(whole.events);
  await runs.close();
});

test('a caller may have five hundred streams open, and one more when another has ended', { timeout: 60_000 }, async () => {
  const gateway = await startGateway({ config: { worker: { enabled: false } } });
  try {
    const { body } = await gateway.submit('nadia', { action: 'lab.destroy', reason: 'it waits' });
    const open = () => Stream.open(gateway, body.id);
    const streams: Stream[] = [];
    for (let round = 0; round < 10; round++) streams.push(...(await Promise.all(Array.from({ length: 50 }, open))));
    const events = `/v1/requests/${body.id}/events`;
    expect(await gateway.call('nadia', 'GET', events)).toMatchObject({ status: 429, body: { code: 'rate.limited' } });
    expect((await gateway.call('nadia', 'GET', `/v1/requests/${body.id}`)).status).toBe(200);
    streams.pop()?.cut();
    await expect
      .poll(() =>
        open().then(
          (stream) => streams.push(stream),
          () => 'refused',
        ),
      )
      .toBe(500);
    for (const stream of streams) stream.cut();
  } finally {
    await gateway.close();
  }
});

test('a stream ends soon after its token was revoked', async () => {
  const lab = new Lab();
  lab.mode = 'hang';
  const gateway = await startGateway({ lab });
  const entered = lab.nextEntry();
  const { body } = await gateway.submit('nadia', { action: 'lab.change' });
  await entered;
  const made = await gateway.call<{ id: string; secret: string }>('nadia', 'POST', '/v1/tokens', {
    body: { name: 'short', expiresInDays: 1 },
  });
  const stream = await Stream.open(gateway, body.id, { token: made.body.secret });
  await stream.until(({ text }) => text.includes('request.dispatched'));
  await gateway.call('nadia', 'DELETE', `/v1/tokens/${made.body.id}`);
  // A stream looks at its token again when it has something to say and the last look is 5 s ago.
  await new Promise((resolve) => setTimeout(resolve, 5100));
  lab.release();
  await gateway.until(body.id, 'succeeded');
  await stream.ended();
  expect(stream.sawEnd).toBe(false);
  expect(stream.text).not.toContain('request.succeeded');
  await gateway.close();
});
