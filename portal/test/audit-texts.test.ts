import type { AuditEvent } from '@guichet/contract';
import { expect, test } from 'vitest';
import { auditQuery, readAuditFilter } from '../src/pages/audit/audit-filter.ts';
import { csvOf } from '../src/pages/audit/event-csv.ts';
import { detailOf } from '../src/pages/audit/event-detail.ts';

const NOW = Date.parse('2026-11-21T12:00:00.000Z');
const EVENT: AuditEvent = {
  id: '7',
  at: '2026-11-21T12:00:00.000Z',
  type: 'request.approved',
  actor: { id: 'user:amine', name: 'Amine Diallo' },
  action: 'orders.refund',
  environment: 'production',
  resource: 'orders.order:A-1042',
  request: 'REQ-7',
  outcome: 'ok',
  data: { comment: 'go' },
};

test('a filter is read from an address as far as it can be; what is not known is left out', () => {
  const written = { q: 'pay*', request: 7, outcome: 'perhaps', range: '9y', since: 'yesterday', environment: '', other: 'x' };
  expect(readAuditFilter(written)).toEqual({ q: 'pay*', request: '7' });
});

test('a range counts from when somebody looks, and goes before times that are written out', () => {
  const filter = readAuditFilter({ q: ' stuck ', range: '24h', since: '2020-01-01T00:00:00Z', until: '2020-01-02T00:00:00Z' });
  expect(auditQuery(filter, NOW)).toEqual({ search: 'stuck', since: '2026-11-20T12:00:00.000Z' });
  expect(auditQuery({ q: ' ', until: '2020-01-02T00:00:00Z' }, NOW)).toEqual({ until: '2020-01-02T00:00:00Z' });
});

test('a cell of a table that would be a formula is a text, and quotes are doubled', () => {
  const named = { ...EVENT, actor: { id: 'user:eve', name: '=HYPERLINK("http://x","click")' } };
  expect(csvOf(named)).toContain(`"'=HYPERLINK(""http://x"",""click"")"`);
  expect(csvOf({ ...EVENT, resource: '@cmd' })).toContain(",'@cmd,");
  expect(csvOf(EVENT)).toBe(
    '7,2026-11-21T12:00:00.000Z,request.approved,user:amine,Amine Diallo,orders.refund,production,orders.order:A-1042,REQ-7,ok,"{""comment"":""go""}"',
  );
});

test('the words beside an event are the most telling of its data, whatever else is in it', () => {
  expect(detailOf({ data: { comment: 'go', summary: 'Refund' } })).toBe('Refund');
  expect(detailOf({ data: { failure: { code: 'x', message: 'The order is paid out.' } } })).toBe('The order is paid out.');
  expect(detailOf({ data: { decision: { effect: 'deny', reasons: [{ policy: 'p', message: 'Not yours.' }] } } })).toBe(
    'Not yours.',
  );
  expect(detailOf({ data: { input: {}, comment: ' ' } })).toBe('');
});
