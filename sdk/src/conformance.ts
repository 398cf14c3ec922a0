import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Choices, Observation, Plan } from '@guichet/contract';
import { type ConformanceCheck, type ConformanceSubject, check, must } from './conformance-check.ts';
import { ConformanceClient, expectProblem, readRun, type SampleCall } from './conformance-client.ts';
import { receipts } from './conformance-receipts.ts';
import { bodies, refusals } from './conformance-refusals.ts';
import { tunnels } from './conformance-tunnels.ts';

/** The checks of provider protocol 1 (docs/spec/provider-protocol.md), for a provider in any language. */
export function conformance(subject: ConformanceSubject): ConformanceCheck[] {
  const client = new ConformanceClient({ environment: 'staging', ...subject });
  return [
    ...manifestChecks(client),
    ...refusals(client, subject),
    ...bodies(client, subject),
    ...answers(client, subject),
    ...stops(client, subject),
    ...receipts(client, subject),
    ...tunnels(client, subject),
  ];
}

function manifestChecks(client: ConformanceClient): ConformanceCheck[] {
  return [
    check('describes itself in a valid manifest with distinct names', async () => {
      const names = (await client.manifest()).actions.map(({ name }) => name);
      must(new Set(names).size === names.length, `an action is named twice: ${names.join(', ')}`);
    }),
    check('does not send a manifest again that the gateway has', async () => {
      const etag = (await client.get('/guichet/v1/manifest')).headers.get('etag');
      must(etag !== null, 'the manifest has no ETag');
      const { status } = await client.get('/guichet/v1/manifest', { 'if-none-match': etag ?? '' });
      must(status === 304, `expected 304, got ${status}`);
    }),
    check('says that it is healthy', async () => must((await client.get('/healthz')).ok, '/healthz is not well')),
  ];
}

function answers(client: ConformanceClient, { write, read, options }: ConformanceSubject): ConformanceCheck[] {
  const planned = async () => Plan.parse(await (await client.send({ sample: write, phase: 'plan' })).json());
  const checks = [
    check('plans the same effect twice with the same fingerprint', async () => {
      const [first, second] = [await planned(), await planned()];
      // The words may tell ages; what the approval is bound to may not move by itself.
      must(first.fingerprint === second.fingerprint, 'the fingerprint changed although nothing did');
      must(isDeepStrictEqual(first.resource, second.resource), 'the resource changed although nothing did');
    }),
    check('ends the stream of a read with a result or a failure', async () => {
      await readRun(await client.send({ sample: read, phase: 'run' }));
    }),
    check('runs a write once for a grant, also when it is sent many times at once', async () => {
      const { seen } = await planned();
      const sending = { sample: write, phase: 'run', body: { seen }, grant: { jti: randomUUID(), run: randomUUID() } } as const;
      const sent = await Promise.all(Array.from({ length: 5 }, () => client.send(sending)));
      sent.push(await client.send(sending));
      const [entered, ...more] = sent.filter(({ ok }) => ok);
      must(entered !== undefined && more.length === 0, `${more.length + (entered ? 1 : 0)} of ${sent.length} calls ran`);
      if (entered) await readRun(entered);
      for (const refused of sent) if (refused !== entered) await expectProblem(refused, 'grant.used', 409);
    }),
    check('answers what became of a run', async () => {
      const { seen } = await planned();
      const run = { sample: write, body: { seen }, grant: { run: randomUUID() } };
      const last = (await readRun(await client.send({ ...run, phase: 'run' }))).at(-1);
      const observed = Observation.parse(await (await client.send({ ...run, phase: 'observe' })).json());
      if (!(await client.action(write.action)).observable)
        return must(observed.status === 'unknown', 'observe is not declared, but answers');
      if (last?.type === 'result')
        must(observed.status === 'succeeded', `the run succeeded, and observe says ${observed.status}`);
    }),
    check('does not claim an effect for a run that never was', async () => {
      const { seen } = await planned();
      const answer = await client.send({ sample: write, phase: 'observe', body: { seen } });
      const { status } = Observation.parse(await answer.json());
      must(status === 'not_started' || status === 'unknown', `observe says ${status}`);
    }),
  ];
  if (options === undefined) return checks;
  const offered = check('offers choices for a field, also of an empty form', async () => {
    for (const input of [options.input, {}]) {
      const answer = await client.send({ sample: options, phase: 'options', body: { input, field: options.field, query: '' } });
      Choices.parse(await answer.json());
    }
  });
  return [...checks, offered];
}

function stops(client: ConformanceClient, { write, endless }: ConformanceSubject): ConformanceCheck[] {
  const cancel = async (sample: SampleCall, run: string): Promise<unknown> =>
    (await client.send({ sample, phase: 'cancel', body: { input: {} }, grant: { run } })).json();
  const unknown = check('says of a run that is not running that it cannot be cancelled', async () => {
    const said = await cancel(write, randomUUID());
    must(isDeepStrictEqual(said, { running: false }), `expected {"running":false}, got ${JSON.stringify(said)}`);
  });
  if (!endless) return [unknown];

  async function begin(signal?: AbortSignal): Promise<{ run: string; answer: Response }> {
    const run = randomUUID();
    const sample = endless as SampleCall; // narrowed above; function declarations lose it
    const { seen } = Plan.parse(await (await client.send({ sample, phase: 'plan' })).json());
    const answer = await client.send({
      sample,
      phase: 'run',
      body: { seen },
      grant: { run },
      request: { signal: signal ?? null },
    });
    return { run, answer };
  }
  async function stopped(run: string): Promise<void> {
    for (let tries = 0; tries < 200; tries += 1) {
      if (await endless?.stopped(run)) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error('the handler was not told to stop');
  }
  return [
    unknown,
    check('stops a run that is cancelled, and says so at the end of its stream', async () => {
      const { run, answer } = await begin();
      const said = await cancel(endless, run);
      must(isDeepStrictEqual(said, { running: true }), `expected {"running":true}, got ${JSON.stringify(said)}`);
      const last = (await readRun(answer)).at(-1);
      must(
        last?.type === 'failure' && last.failure.kind === 'cancelled',
        `expected a failure of kind cancelled, got ${JSON.stringify(last)}`,
      );
      await stopped(run);
    }),
    check('stops a run whose connection is closed', async () => {
      const connection = new AbortController();
      const { run } = await begin(connection.signal);
      connection.abort();
      await stopped(run);
    }),
  ];
}
