import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { sql } from './support/beside.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ config: { worker: { enabled: false } } });
});
afterAll(() => gateway.close());

const file = (path: string): Promise<string> => readFile(new URL(`../${path}`, import.meta.url), 'utf8');

async function scrape(from = gateway): Promise<string> {
  const answer = await fetch(`${from.app.url}/metrics`);
  expect(answer.status).toBe(200);
  return answer.text();
}

/** The value of one sample; undefined when it is not there. */
function sampleOf(text: string, sample: string): number | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length + 1));
}

/** `NAME type` of all that is told, but what prom-client tells of the process. */
const told = (text: string): string[] =>
  [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
    .map(([, name, type]) => `${name} ${type}`)
    .filter((each) => !/^(process|nodejs)_/.test(each));

test('the page describes every metric with its type, and no other', async () => {
  const page = await file('docs/spec/metrics.md');
  const described = [...page.matchAll(/^\| `(\w+)` \| (counter|gauge|histogram) \|/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  expect(described.sort()).toEqual(told(await scrape()).sort());
});

test('the dashboard and the alert rules name only metrics that there are, and every runbook is a heading of the guide', async () => {
  const text = await scrape();
  const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name, type]) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
  const dashboard = JSON.parse(await file('deploy/grafana-dashboard.json')) as { panels: { targets?: { expr: string }[] }[] };
  const alerts = parse(await file('deploy/prometheus-alerts.yaml')) as {
    groups: { rules: { alert: string; expr: string; annotations: { summary: string; runbook: string } }[] }[];
  };
  const rules = alerts.groups.flatMap((group) => group.rules);
  const expressions = [...dashboard.panels.flatMap(({ targets = [] }) => targets), ...rules].map(({ expr }) => expr);
  expect(expressions.length).toBeGreaterThan(30);
  for (const expression of expressions) {
    const used = expression.replace(/"[^"]*"/g, '').match(/\b(?:guichet|http|nodejs|process)_\w+/g) ?? [];
    expect(used.length, expression).toBeGreaterThan(0);
    expect(names, expression).toEqual(expect.arrayContaining(used));
  }
  const guide = await file('docs/guide/operations.md');
  const headings = [...guide.matchAll(/^#+ (.*)$/gm)].map(([, words = '']) =>
    words
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  for (const { alert, annotations } of rules) {
    const [path, heading] = annotations.runbook.split('#');
    expect([path, headings.includes(heading ?? '')], alert).toEqual(['docs/guide/operations.md', true]);
  }
});

test('what waits is counted for all gateways together, and how long the oldest has been waiting', async () => {
  const own = await startGateway({ config: { worker: { enabled: false } } });
  try {
    const queued = await own.submit('nadia', { action: 'lab.change' });
    const waiting = await own.submit('nadia', { action: 'lab.destroy', environment: 'production', reason: 'to see it wait' });
    expect([queued.body.state, waiting.body.state]).toEqual(['queued', 'awaiting_approval']);
    await sql(
      own.databaseUrl,
      `update requests set created_at = now() - interval '1 hour', updated_at = now() - interval '5 minutes'`,
    );
    const text = await scrape(own);
    expect(sampleOf(text, 'guichet_database_up')).toBe(1);
    for (const [state, count] of [
      ['queued', 1],
      ['awaiting_approval', 1],
      ['running', 0],
      ['unknown', 0],
    ] as const)
      expect([state, sampleOf(text, `guichet_requests{state="${state}"}`)]).toEqual([state, count]);
    expect(sampleOf(text, 'guichet_requests_oldest_age_seconds{state="awaiting_approval"}')).toBeGreaterThanOrEqual(3600);
    const queuedFor = sampleOf(text, 'guichet_requests_oldest_age_seconds{state="queued"}') ?? 0;
    expect(queuedFor >= 300 && queuedFor < 3600, String(queuedFor)).toBe(true);
    expect(sampleOf(text, 'guichet_requests_oldest_age_seconds{state="unknown"}')).toBe(0);
    expect(sampleOf(text, 'guichet_reviews_open')).toBe(0);
    expect(sampleOf(text, 'guichet_outbox_jobs{queue="request-expiry"}')).toBe(0);
  } finally {
    await own.close();
  }
});

test('a run is counted by its action and how it ended, with the calls of its provider', async () => {
  const own = await startGateway();
  try {
    const { body } = await own.submit('nadia', { action: 'lab.change' });
    await own.until(body.id, 'succeeded');
    own.lab.mode = 'fail';
    await own.until((await own.submit('nadia', { action: 'lab.change' })).body.id, 'failed');
    const text = await scrape(own);
    expect(sampleOf(text, 'guichet_runs_total{action="lab.change",result="succeeded"}')).toBe(1);
    expect(sampleOf(text, 'guichet_runs_total{action="lab.change",result="failed"}')).toBe(1);
    expect(sampleOf(text, 'guichet_run_wait_seconds_count')).toBe(2);
    expect(sampleOf(text, 'guichet_provider_calls_total{provider="lab",phase="run",outcome="ok"}')).toBe(1);
    expect(sampleOf(text, 'guichet_provider_calls_total{provider="lab",phase="run",outcome="provider.failed"}')).toBe(1);
    expect(sampleOf(text, 'guichet_provider_up{provider="lab"}')).toBe(1);
    expect(sampleOf(text, 'http_requests_total{method="POST",route="/v1/requests",status="201"}')).toBe(2);
    expect(sampleOf(text, 'http_requests_in_flight')).toBe(1); // the scrape itself
  } finally {
    await own.close();
  }
});
