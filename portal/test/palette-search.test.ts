import { expect, test } from 'vitest';
import { type Entry, PaletteSearch } from '../src/app/palette-search.ts';

const page = (id: string): Entry => ({ kind: 'page', id, label: id, path: `/${id}` });
const action = (id: string, label: string): Entry => ({ kind: 'action', id, label, path: `/actions/${id}` });
const person = (id: string, label: string): Entry => ({ kind: 'person', id, label, path: `/people/${id}` });
const request = (id: string, summary: string): Entry => ({
  kind: 'request',
  id,
  label: `${id} ${summary}`,
  path: `/requests/${id}`,
});

const search = new PaletteSearch([
  page('Audit'),
  page('Requests'),
  action('postgres.cancel-query', 'Cancel a query'),
  action('postgres.terminate-session', 'Terminate a session'),
  action('orders.refund', 'Refund an order'),
  person('nadia', 'Nadia Benali'),
  person('amine', 'Amine Diallo'),
  request('REQ-12', 'Terminate session 4711'),
  { kind: 'command', id: 'theme-dark', label: 'Theme: dark', run: () => undefined },
]);
const ids = (typed: string, recent: readonly string[] = []): string[] =>
  search.find(typed, recent).flatMap(({ entries }) => entries.map(({ id }) => id));

test('letters of a label or of an id find an entry, wherever they stand', () => {
  expect(ids('cnclq')).toContain('postgres.cancel-query');
  expect(ids('orders.ref')[0]).toBe('orders.refund');
  expect(ids('NADIA')).toContain('nadia');
  expect(ids('xyzzy')).toEqual([]);
});

test('the kind of what fits best comes first', () => {
  expect(search.find('terminate')[0]?.entries.map(({ kind }) => kind)).toEqual(['action']);
  expect(search.find('amine')[0]?.kind).toBe('person');
});

test('a sign at the beginning narrows the search to one kind', () => {
  expect(new Set(search.find('>an').map(({ kind }) => kind))).toEqual(new Set(['action']));
  expect(ids('@')).toEqual(['nadia', 'amine']);
  expect(ids('#4711')[0]).toBe('REQ-4711');
  expect(ids('#session')).toEqual(['REQ-12']);
});

test('a number is a request, once, whether it is among the latest or not', () => {
  expect(ids('12')).toEqual(['REQ-12']);
  expect(ids('req-4000')[0]).toBe('REQ-4000');
  expect(search.find('REQ-4000')[0]?.entries[0]?.path).toBe('/requests/REQ-4000');
});

test('before anything is typed, what was used lately comes first and is there once; what is gone is left out', () => {
  const groups = search.find('', ['person:amine', 'page:Audit', 'action:gone']);
  expect(groups.map(({ kind }) => kind)).toEqual(['recent', 'page', 'command']);
  expect(groups[0]?.entries.map(({ id }) => id)).toEqual(['amine', 'Audit']);
  expect(groups[1]?.entries.map(({ id }) => id)).toEqual(['Requests']);
});

test('of two that fit alike, the one that was used lately comes first', () => {
  const two = new PaletteSearch([action('a.one', 'Restart app'), action('b.two', 'Restart app')]);
  const [first] = two.find('restart', ['action:b.two']);
  expect(first?.entries[0]?.id).toBe('b.two');
});

test('of thousands of entries a few of each kind are shown', () => {
  const many = new PaletteSearch([
    ...Array.from({ length: 2000 }, (_, index) => action(`team.action-${index}`, `Restart service ${index}`)),
    ...Array.from(
      { length: 5000 },
      (_, index): Entry => ({ kind: 'service', id: `service-${index}`, label: `Service ${index}` }),
    ),
  ]);
  const found = many.find('service 17');
  expect(found.map(({ kind }) => kind).toSorted()).toEqual(['action', 'service']);
  for (const { entries } of found) expect(entries.length).toBeLessThanOrEqual(7);
  expect(found.flatMap(({ entries }) => entries).map(({ id }) => id)).toContain('service-17');
});
