import { beforeAll, describe, expect, test } from 'vitest';
import { isParsable, QueryMask } from '../src/query-mask.ts';

let mask: QueryMask;
beforeAll(async () => {
  mask = await QueryMask.load();
});
const shown = (text: string) => mask.mask(text, false);

describe('shows what a statement does, with ? for its literals', () => {
  test.each([
    ["update customers set name = 'Ada', age = 36 where id = $1", 'update customers set name = ? , age = ? where id = $1'],
    ['select * from t limit 10', 'select * from t limit ?'],
    ['insert into "Order Lines" (a, b) values (1, true)', 'insert into "Order Lines" (a, b) values (?, true)'],
    ["select a\n\tfrom   t\nwhere b = 'x'::text", 'select a from t where b = ?::text'],
    ['begin', 'begin'],
    ["explain analyze select 'x' from t", 'explain analyze select ? from t'],
    ['alter table orders add column note varchar(20)', 'alter table orders add column note varchar(?)'],
    ['lock table orders in access exclusive mode', 'lock table orders in access exclusive mode'],
    [
      'create index concurrently i on orders (cents) where cents > 500',
      'create index concurrently i on orders (cents) where cents > ?',
    ],
    ["select data -> 'key' ? 'x', é from t; select 2", 'select data -> ? ? ?, é from t; select ?'],
  ])('%s', (text, masked) => {
    expect(shown(text).replaceAll(' ,', ',')).toBe(masked.replaceAll(' ,', ','));
  });
});

const C = 'canary';
const HIDDEN: readonly string[] = [
  `select '${C}'`,
  `select E'it\\'s ${C}'`,
  `select $$${C}$$, $tag$ ${C} $tag$`,
  `select U&'${C}' UESCAPE '!'`,
  `select N'${C}', b'01', x'ca'`,
  `select 'a'\n  '${C}'`,
  `select 1 -- ${C}`,
  `select /* ${C} /* nested ${C} */ ${C} */ 1`,
  `/* ${C} */ update t set a = 1`,
  `-- ${C}\nupdate t set a = '${C}'`,
  `select '${C}'::text, cast('${C}' as text), text '${C}', interval '${C}'`,
  `prepare p as select '${C}'`,
  `execute p('${C}')`,
  `alter role app password '${C}'`,
  `create role app login password '${C}'`,
  `alter user app with encrypted password '${C}'`,
  `create user mapping for app server s options (user 'u', password '${C}')`,
  `alter user mapping for app server s options (set password '${C}')`,
  `create subscription s connection 'password=${C}' publication p`,
  `copy t from program 'curl ${C}'`,
  `copy t to '/tmp/${C}'`,
  `do $$ begin perform '${C}'; end $$`,
  `set my.token = ${C}`,
  `set my.token = '${C}'`,
  `notify ch, '${C}'`,
  `call p('${C}')`,
  `create function f() returns text language sql as $$ select '${C}' $$`,
  `comment on table t is '${C}'`,
  `create table t2 as select '${C}' as a`,
  `create table t (a text default '${C}')`,
  `select * from json_table('{}', '$.${C}' columns (a int path '$.${C}'))`,
  `merge into t using s on t.a = s.a when matched then update set b = '${C}'`,
  `declare c cursor for select '${C}'`,
  `explain (analyze) execute p('${C}')`,
  `select 1; alter role app password '${C}'`,
  // What only parses by chance: with standard_conforming_strings = off the literal goes on after the backslash.
  `select 'x\\' as ${C}, '2'`,
  // What does not parse at all.
  `select 'open ${C}`,
  `select /* open ${C}`,
  `select $$ open ${C}`,
  `selec '${C}'`,
  `${C}`,
  `my password is ${C}`,
  `update t set a = ${C} ${C} '`,
  `CREATE USER app PASSWORD '${C}`,
];

test.each(HIDDEN)('never shows the canary of: %s', (text) => {
  for (const cut of [false, true]) expect(mask.mask(text, cut)).not.toContain(C);
});

test('never shows a canary wherever the server cuts the statement off', () => {
  for (const text of HIDDEN) {
    // The first letters of a canary that was cut off itself count as well.
    for (let length = 1; length < text.length; length++) expect(mask.mask(text.slice(0, length), true)).not.toMatch(/canar|cana/);
  }
});

test('never shows numbers', () => {
  for (const text of ['select 4111111', 'select -4111111.5e3', 'select 0x4111111, 4111111_000', 'select 4111111::text']) {
    expect(shown(text)).not.toContain('4111111');
  }
});

describe('keeps the first words of what it does not show', () => {
  test.each([
    ["update orders set a = 'cut of", 'UPDATE orders …(masked)'],
    ["  /* x */ -- y\n insert into public.orders values ('cut of", 'INSERT INTO public.orders …(masked)'],
    ['delete from only "Order Lines" where \'cut', 'DELETE FROM ONLY "Order Lines" …(masked)'],
    ["select 'cut", 'SELECT …(masked)'],
    ["alter role app password 'x'", 'ALTER ROLE …(masked)'],
    ["copy orders from program 'x'", 'COPY orders …(masked)'],
    ['do $$ begin end $$', 'DO …(masked)'],
    ['set a.b = c', 'SET …(masked)'],
    ['update ord', 'UPDATE …(masked)'],
    ['hello', '…(masked)'],
  ])('%s', (text, masked) => {
    expect(mask.mask(text, true)).toBe(masked);
  });
});

describe('a fingerprint', () => {
  const fingerprint = (text: string) => mask.fingerprint(text, false);

  test('is the same for statements that differ in literals, parameters, comments and layout only', () => {
    const [first, ...others] = [
      "update t set name = 'Ada' where id in (1, 2)",
      'UPDATE t\n  SET name = $1 WHERE id IN ($2) /* of the checkout */',
      'update t set name = null::text, id = 1 where id in (7)',
    ].map(fingerprint);
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(others[0]).toBe(first);
    expect(others[1]).not.toBe(first);
  });

  test.each([
    ["alter role orders password 'canary'"],
    ["set app.token = 'canary'"],
    ['select 1; do $$ begin end $$'],
    ['selec 1'],
    ['-- nothing'],
    [''],
    [`select ${'1, '.repeat(20_000)} 1`],
  ])('is not made of a text that is not shown whole: %.40s', (text) => {
    expect(fingerprint(text)).toBeUndefined();
  });

  test('is not made of a text that the server cut off, though it may parse', () => {
    expect(mask.fingerprint('select a from t', true)).toBeUndefined();
    expect(mask.fingerprint('select a from t', false)).toBeDefined();
  });
});

test('masks a text that is long or deeply nested without choking, and goes on working', () => {
  expect(shown(`select ${'not '.repeat(100_000)}true`)).toBe('SELECT …(masked)');
  expect(shown(`select ${'('.repeat(7000)}1${')'.repeat(7000)}`)).toMatch(/^(SELECT …\(masked\)|select \()/);
  expect(shown('select 1')).toBe('select ?');
  expect(shown('')).toBe('');
});

test('keeps at most so many texts, and gives the same for those that it has forgotten', () => {
  for (let index = 0; index < 4500; index++) expect(shown(`set a = ${index}`)).toBe('SET …(masked)');
  expect(shown('set a = 0')).toBe('SET …(masked)');
});

test.each([
  ["((state)::text = 'canary'::text)", '((state)::text = ?::text)'],
  ['(tags @> \'{canary,"can ary"}\'::text[])', '(tags @> ?::text[])'],
  ["(name ~~ 'it''s canary%'::text)", '(name ~~ ?::text)'],
  ["(path = E'canary\\\\n'::text)", '(path = ?::text)'],
  ['((a = 42) AND (b = $1))', '((a = ?) AND (b = $1))'],
  ['(hashed SubPlan 1)', '(hashed SubPlan ?)'],
  ['note COLLATE "C" DESC', 'note COLLATE "C" DESC'],
  ["(x = 'canary", '…(masked)'],
])('masks the condition %s of a plan', (condition, masked) => {
  expect(mask.expression(condition)).toBe(masked);
});

test('shows each of several statements, so that none hides behind the first', async () => {
  expect(mask.mask("select 1; do $$ begin perform 'canary'; end $$; delete from orders where id = 7", false)).toBe(
    'select ?; DO …(masked); delete from orders where id = ?',
  );
  expect(mask.mask("set x = 'canary'; select 'é', 2", false)).toBe('SET …(masked); select ?, ?');
  // With standard_conforming_strings = off what follows the backslash is a literal still.
  expect(mask.mask(String.raw`select 'a\'; set x = 1; select canary; --'`, false)).toBe('SELECT …(masked)');
});

test('parses nothing that would take the scanner seconds', async () => {
  for (const run of ['+-', '/**/', '/*', '*/']) {
    expect(mask.mask(`select 1 ${run.repeat(7000)}`, false)).toBe('SELECT …(masked)');
    expect(isParsable(`select 1 ${run.repeat(7000)}`)).toBe(false);
  }
});
