import type { Action } from '@guichet/contract';
import { describe, expect, test } from 'vitest';
import { readCatalogueFilter, readPrefill } from '../src/pages/actions/action-search.ts';
import { type CatalogueAction, filtered, finderOf } from '../src/pages/actions/catalogue.ts';
import { commandLine, curlCommand } from '../src/pages/actions/elsewhere.ts';

const action = (more: Partial<Action>): Action => ({
  ...{ id: 'orders.refund', name: 'refund', title: 'Refund an order', description: 'Pays money back.', version: '1' },
  ...{ provider: 'orders', team: 'payments', available: true, options: [], examples: [], timeoutSeconds: 60 },
  ...{ kind: 'write', risk: 'destructive', output: 'record', idempotent: false, observable: true },
  input: {
    type: 'object',
    properties: {
      order: { type: 'string' },
      notify: { type: 'boolean' },
      tags: { type: 'array', items: { type: 'string' } },
      password: { type: 'string', writeOnly: true },
    },
  },
  ...more,
});

describe('the command that does the same', () => {
  const call = { action: action({}), environment: 'production' };

  test('quotes what a shell would read, and leaves secrets to be asked for', () => {
    const shown = { order: "A'1 $(id)", notify: false, tags: ['a', 'b c', null], password: '••••••' };
    expect(commandLine({ ...call, shown, reason: 'paid twice', lastsSeconds: 5400, startAt: '2026-12-01T09:00:00.000Z' })).toBe(
      "guichet orders refund --order 'A'\\''1 $(id)' --no-notify --tags a --tags 'b c' --password @FILE --env production --reason 'paid twice' --for 90m --at 2026-12-01T09:00:00.000Z",
    );
  });

  test('gives a document where flags cannot say it', () => {
    expect(commandLine({ ...call, shown: { order: null, password: '••••••' } })).toBe(
      `printf %s '{"order":null}' | guichet orders refund --password @FILE --input - --env production`,
    );
  });

  test('over HTTP takes the token from the shell', () => {
    const text = curlCommand({ ...call, shown: { order: 'A-1' } }, 'https://guichet.example.com');
    expect(text).toContain('curl https://guichet.example.com/v1/requests');
    expect(text).toContain('"Authorization: Bearer $GUICHET_TOKEN"');
    expect(text).toContain('Idempotency-Key');
    const read = { ...call, action: action({ kind: 'read' }), shown: {} };
    expect(curlCommand(read, 'https://guichet.example.com')).toContain('/v1/actions/orders.refund/read');
  });
});

describe('the catalogue', () => {
  const all: readonly CatalogueAction[] = [
    action({}),
    action({ id: 'orders.list', title: 'List orders', kind: 'read', risk: 'safe', description: '' }),
    action({ id: 'postgres.cancel-query', provider: 'postgres', team: 'platform', environments: ['staging'] }),
  ];
  const ids = (found: readonly CatalogueAction[]): string[] => found.map(({ id }) => id);

  test('is searched by letters in their order, by several words, and by what descriptions say', () => {
    const find = finderOf(all);
    expect(ids(find('olst'))[0]).toBe('orders.list');
    expect(ids(find('list order'))).toEqual(['orders.list']);
    expect(ids(find('money back'))).toContain('orders.refund');
    expect(find('  ')).toBe(all);
  });

  test('is narrowed by each filter, and by where an action is offered', () => {
    expect(ids(filtered(all, { kind: 'read' }))).toEqual(['orders.list']);
    expect(ids(filtered(all, { environment: 'production' }))).toEqual(['orders.refund', 'orders.list']);
    expect(ids(filtered(all, { team: 'platform', risk: 'safe' }))).toEqual([]);
  });

  test('takes from an address what it knows, and nothing else', () => {
    expect(readCatalogueFilter({ search: 42, kind: 'none', risk: 'safe', only: 'recent', team: '', other: 1 })).toEqual({
      search: '42',
      risk: 'safe',
      only: 'recent',
    });
    expect(readPrefill({ environment: 'staging', input: { a: 1 }, reason: 7 })).toEqual({
      environment: 'staging',
      input: { a: 1 },
      reason: '7',
    });
    expect(readPrefill({ input: [1] })).toEqual({ input: '1' });
  });
});
