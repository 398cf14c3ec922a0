import { REQUEST_EVENTS, REQUEST_STATES, SECRET_MARKER } from '@guichet/contract';
import { describe, expect, test } from 'vitest';
import { requestEvents as en } from '../src/messages/en/request-events.ts';
import { requestEvents as fr } from '../src/messages/fr/request-events.ts';
import { readLength } from '../src/pages/requests/dialogs/length.ts';
import { toldEvent } from '../src/pages/requests/request/event-facts.ts';
import { lineDiff } from '../src/pages/requests/request/line-diff.ts';
import { withoutSecrets } from '../src/pages/requests/request/without-secrets.ts';
import { queryOf, readRequestFilter, STATES } from '../src/pages/requests/request-filter.ts';

const signs = { same: ' ', removed: '-', added: '+' } as const;
const diff = (before: string, after: string): string =>
  lineDiff(before.split(' '), after.split(' '))
    .map(({ kind, text }) => signs[kind] + text)
    .join('');

describe('the difference between two plans', () => {
  test('keeps what stayed in its place, and puts what went before what came', () => {
    expect(diff('a b c', 'a x c')).toBe(' a-b+x c');
    expect(diff('a b c d', 'b d e')).toBe('-a b-c d+e');
    expect(diff('a', 'a')).toBe(' a');
    expect(lineDiff([], ['a'])).toEqual([{ kind: 'added', text: 'a' }]);
    expect(lineDiff(['', 'a'], ['a', ''])).toHaveLength(3);
  });

  test('holds every line of both sides, whatever they are', () => {
    const pick = (seed: number): string[] =>
      Array.from({ length: 12 }, (_, at) => 'abc'[(seed * (at + 3) * 7919 + at * seed) % 3] ?? 'a');
    for (let seed = 1; seed < 200; seed++) {
      const [before, after] = [pick(seed), pick(seed * 31)];
      const lines = lineDiff(before, after);
      expect(lines.filter(({ kind }) => kind !== 'added').map(({ text }) => text)).toEqual(before);
      expect(lines.filter(({ kind }) => kind !== 'removed').map(({ text }) => text)).toEqual(after);
    }
  });

  test('does not compare thousands of lines with thousands', () => {
    const many = Array.from({ length: 2000 }, (_, at) => String(at));
    expect(lineDiff(many, many)).toHaveLength(4000);
  });
});

test('every event of a request has a sentence in both languages, whatever is known of it', () => {
  for (const words of [en, fr])
    for (const type of REQUEST_EVENTS) {
      const known = {
        by: 'Nadia',
        other: 'REQ-2',
        giver: 'Amine',
        incident: 'INC-7',
        attempt: 2,
        told: 3,
        state: 'failed',
        was: 'queued',
      };
      for (const facts of [{}, known]) {
        expect(words[type](facts), type).toMatch(/^\S.*\S$/);
        expect(words[type](facts), type).not.toMatch(/undefined|null|_/);
      }
    }
});

test('takes from an event what the timeline tells, and nothing that is of another kind than expected', () => {
  const event = { number: 3, type: 'request.extended', at: '2026-11-20T09:30:00.000Z', actor: null } as const;
  expect(toldEvent({ ...event, data: { by: 'REQ-9', undoAt: '2026-11-20T11:00:00.000Z' } })).toMatchObject({
    link: 'REQ-9',
    when: '2026-11-20T11:00:00.000Z',
  });
  const strange = toldEvent({
    ...event,
    type: 'request.failed',
    data: { failure: 'x', comment: 7, approvers: {}, attempt: 'two' },
  });
  expect(strange).not.toHaveProperty('because');
  expect(strange).not.toHaveProperty('quote');
  expect(strange.facts).toMatchObject({ told: undefined, attempt: undefined });
  expect(toldEvent({ ...event, type: 'request.failed', data: { failure: { message: 'disk full' } } }).because).toBe('disk full');
});

test('a form that is filled in again holds no secret', () => {
  expect(
    withoutSecrets({
      user: 'orders',
      password: SECRET_MARKER,
      nested: { token: `x ${SECRET_MARKER}`, keep: 1 },
      list: ['a', SECRET_MARKER],
    }),
  ).toEqual({ user: 'orders', nested: { keep: 1 }, list: ['a', ''] });
});

test('reads lengths as people write them, and nothing else', () => {
  const lengths = { '90s': 90, '30m': 1800, '2h': 7200, '1d': 86_400, '1h 30m': 5400, '1H30MIN': 5400, ' 5 m ': 300 };
  for (const [text, seconds] of Object.entries(lengths)) expect(readLength(text), text).toBe(seconds);
  for (const text of ['', '0s', '5', 'h', '-1h', '1.5h', '2 weeks', '1h x']) expect(readLength(text), text).toBeUndefined();
});

describe('the filter of the list', () => {
  test('knows all states', () => expect([...STATES].sort()).toEqual([...REQUEST_STATES].sort()));

  test('leaves out of an address what is no filter', () => {
    expect(
      readRequestFilter({
        view: 'nonsense',
        state: 'void,nonsense,queued',
        since: 'day',
        until: 'never',
        action: ['orders.refund'],
        environment: 7,
        undo: 'held',
      }),
    ).toEqual({ state: 'queued,void', environment: '7', since: 'day', undo: 'held' });
  });

  test('asks for what its view shows', () => {
    const reader = { teams: ['payments'], now: Date.parse('2026-11-21T12:00:00Z') };
    expect(queryOf({}, reader)).toEqual({ toApprove: 'true' });
    expect(queryOf({ view: 'mine', since: 'hour' }, reader)).toEqual({ requester: 'me', since: '2026-11-21T11:00:00.000Z' });
    expect(queryOf({ view: 'team' }, reader)).toEqual({ team: 'payments' });
    expect(queryOf({ view: 'unknown', environment: 'staging' }, reader)).toEqual({ state: 'unknown', environment: 'staging' });
    expect(queryOf({ view: 'all', state: 'queued,void' }, reader)).toEqual({ state: 'queued,void' });
  });
});
