import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import type { PolicyExplained, PolicyFinding, PolicyInForce, PolicyRule } from '@guichet/contract';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PLAIN } from '../src/output/paint.ts';
import { drawTable } from '../src/output/table.ts';
import { widthOf } from '../src/output/width.ts';
import { findingsText } from '../src/policy/findings-text.ts';
import { baseHandlers, GATE } from './support/catalogue.ts';
import { type Home, makeHome } from './support/run-cli.ts';

let server: RouteServer;
let home: Home;
beforeEach(async () => {
  server = await serveRoutes(baseHandlers());
  home = makeHome(server.url);
});
afterEach(async () => {
  home[Symbol.dispose]();
  await server.close();
});

const widest = (text: string): number => Math.max(...text.split('\n').map(widthOf));

it('policy explain breaks its lines between words', async () => {
  const explained: PolicyExplained = {
    principal: { id: 'user:nadia', name: 'Nadia Benali' },
    operation: 'action.submit',
    action: 'postgres.terminate-session',
    environment: 'production',
    resource: { type: 'postgres.instance', id: 'pg1', owner: 'payments' },
    request: null,
    decision: { effect: 'needs', gates: [GATE] },
    rules: [{ id: GATE.policy, role: 'gate', reason: GATE.reason, path: 'default.cedar', line: 24 }],
    errors: [],
    changes: [
      {
        change: 'owner',
        what: "if team 'platform' owned it",
        values: ['platform'],
        decision: { effect: 'needs', gates: [GATE, { ...GATE, approvers: 'team:platform' }] },
      },
    ],
  };
  server.handlers['policy.explain'] = () => explained;
  const argv = ['policy', 'explain', '--action', 'postgres.terminate-session', '--env', 'production'];
  const { stdout } = await home.run(argv, { columns: 60 });
  expect(widest(stdout)).toBeLessThanOrEqual(60);
  const piped = (await home.run(argv)).stdout;
  expect(stdout.replaceAll(/\s+/g, ' ')).toBe(piped.replaceAll(/\s+/g, ' '));
});

it.each([
  ['audit.see', 'May Nadia Benali see the audit log?'],
  ['policy.test', 'May Nadia Benali test policies?'],
  ['token.create', 'May Nadia Benali create a token?'],
] as const)('policy explain asks about %s in words', async (operation, words) => {
  server.handlers['policy.explain'] = () => ({
    principal: { id: 'user:nadia', name: 'Nadia Benali' },
    operation,
    action: null,
    environment: null,
    resource: null,
    request: null,
    decision: { effect: 'permit', policies: ['people-see-audit'] },
    rules: [],
    errors: [],
    changes: [],
  });
  expect((await home.run(['policy', 'explain', '--operation', operation])).stdout).toContain(words);
});

it('policy list cuts reasons before the names of rules, and shortens the digest', async () => {
  const rule: PolicyRule = {
    id: 'a-rule-with-a-rather-long-name',
    effect: 'forbid',
    annotations: { reason: 'A reason that needs more room than there is in a terminal as narrow as this one' },
    path: 'default.cedar',
    line: 24,
    text: 'forbid (principal, action, resource);',
  };
  const state: PolicyInForce = {
    digest: `sha256:${'4dbb1e0f2a11'.padEnd(64, '0')}`,
    since: '2026-03-02T08:00:00.000Z',
    rules: [rule],
    problem: null,
  };
  server.handlers['policy.show'] = () => state;
  const { stdout } = await home.run(['policy', 'list'], { columns: 80 });
  expect(widest(stdout)).toBeLessThanOrEqual(80);
  expect(stdout).toMatch(/^a-rule-with-a-rather-long-name .*A reason.*… {2}default\.cedar:24$/m);
  expect(stdout).toContain('(sha256:4dbb1e0f2a11…)');
});

it('a finding breaks its words between them, and its place stays whole', () => {
  const finding: PolicyFinding = {
    path: 'policies/own.cedar',
    line: 5,
    column: 1,
    severity: 'warning',
    message: "No provider offers an action 'kafka.topics.delete' now",
    remedy: 'Did you mean something that is quite as long as this line, and does not fit?',
  };
  const text = findingsText([finding], [], { width: 60, wide: false, paint: PLAIN, now: new Date() });
  expect(widest(text)).toBeLessThanOrEqual(60);
  expect(text).toMatch(/^policies\/own\.cedar:5:1 {2}warning: No provider/);
});

it('a column that is to be kept gives way last', () => {
  const column = (key: string) => ({ key, title: key, type: 'text', wide: false }) as const;
  const table = {
    kind: 'table',
    columns: [column('id'), column('why')],
    rows: [{ id: 'x'.repeat(20), why: 'y'.repeat(10) }],
  } as const;
  const draw = (width: number) =>
    drawTable(
      { ...table, columns: [...table.columns], rows: [...table.rows] },
      { width, wide: false, paint: PLAIN, now: new Date() },
      { keep: ['id'] },
    );
  expect(draw(28)).toContain(`${'x'.repeat(20)}  yyyyy…`);
  expect(draw(24)).toMatch(/x{15}… {2}yyyyy…$/);
});

it('audit list says in whole words what happened, on 80 columns', async () => {
  server.handlers['audit.list'] = () => ({
    items: [
      {
        id: '1',
        at: '2026-03-01T10:00:00.000Z',
        type: 'request.undo_scheduled',
        actor: { id: 'user:nadia', name: 'Nadia Benali' },
        action: 'orders.reindex-everything',
        environment: 'production',
        resource: null,
        request: 'REQ-12',
        outcome: 'ok',
        data: { comment: 'a comment that goes on and on and on' },
      },
    ],
    next: null,
  });
  const { stdout } = await home.run(['audit', 'list'], { columns: 80 });
  expect(stdout).toContain('request.undo_scheduled');
  expect(widest(stdout)).toBeLessThanOrEqual(80);
});
