import type { TreeNode } from '@guichet/contract';
import { expect, test } from 'vitest';
import { boundedTree } from '../src/outputs/bounded-tree.ts';
import { inputOf, readCommand } from '../src/outputs/command.ts';
import { commandsIn } from '../src/outputs/commands-in.ts';
import { fileName, toCsv } from '../src/outputs/export-rows.ts';
import { sampleOf, seriesOf } from '../src/pages/postgres/slow/samples.ts';

const commandsOf = (text: string): string[] => commandsIn(text).flatMap((part) => (part.command ? [part.text] : []));

test('finds the commands in a sentence, and nothing of the words around them', () => {
  expect(commandsOf('4 sessions wait; see whom on: guichet postgres blocking --instance pg1 --env production')).toEqual([
    'guichet postgres blocking --instance pg1 --env production',
  ]);
  expect(commandsOf("drop it: guichet postgres drop-index --index 'a b; (c)' --env staging (the first of 3)")).toEqual([
    "guichet postgres drop-index --index 'a b; (c)' --env staging",
  ]);
  expect(commandsOf('Run `select 1` there, then guichet audit list.')).toEqual(['select 1', 'guichet audit list']);
  expect(commandsOf('Roles of guichet are left out.')).toEqual([]);
});

test('takes nothing into a command that a shell would do something with', () => {
  const expected = ['guichet postgres roles --instance pg1'];
  for (const more of ['; rm -rf ~', '`id`', '$(id)', '"$(id)"', '| sh', '&& id', '> ~/.profile'])
    expect(commandsOf(`see guichet postgres roles --instance pg1 ${more}`).slice(0, 1)).toEqual(expected);
  expect(commandsOf('guichet postgres roles --instance pg1;id')).toEqual(expected);
});

test('puts a sentence together again from its parts', () => {
  const text = 'first guichet postgres health --env production → then (why)';
  expect(
    commandsIn(text)
      .map((part) => part.text)
      .join(''),
  ).toBe(text);
});

test('reads the action, the environment and the input that a command stands for', () => {
  const command = readCommand(
    "its owner: guichet postgres leases revoke --instance pg1 --pid 14 --column a --column 'b c' --any-statement --env production (why)",
  );
  expect(command).toMatchObject({ action: 'postgres.leases.revoke', environment: 'production' });
  expect(
    command &&
      inputOf(command, {
        properties: {
          instance: { type: 'string' },
          pid: { type: 'integer' },
          column: { type: 'array' },
          anyStatement: { type: 'boolean' },
        },
      }),
  ).toEqual({ instance: 'pg1', pid: 14, column: ['a', 'b c'], anyStatement: true });
});

test('takes no statement of SQL for a command', () => {
  expect(readCommand('a superuser: ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf();')).toBeUndefined();
});

test('writes rows that a spreadsheet reads, and none that it would run', () => {
  const columns = [
    { key: 'a', title: 'Name, quoted', type: 'text', wide: false },
    { key: 'b', title: 'N', type: 'number', wide: false },
  ] as const;
  const rows = [
    { a: '=HYPERLINK("x")', b: -2 },
    { a: 'say "so"', b: null },
    { a: '-2597904983569679890', b: 1 },
  ];
  expect(toCsv({ columns: [...columns], rows })).toBe(
    '"Name, quoted",N\r\n"\'=HYPERLINK(""x"")",-2\r\n"say ""so""",\r\n-2597904983569679890,1\r\n',
  );
});

test('names a file by what a file name may have', () => {
  expect(fileName('postgres.activity: pg1/a', 'csv')).toBe('postgres.activity-pg1-a.csv');
});

test('draws calls a second and time a call from two samples, and nothing across a reset of the counters', () => {
  const row = (calls: number, total: number) => ({ queryId: '1', database: 'd', user: 'u', query: 'select 1', calls, total });
  const samples = [sampleOf([row(10, 1)], 0), sampleOf([row(20, 2)], 5000), sampleOf([row(1, 0.1)], 10_000)];
  const { calls, mean } = seriesOf(samples);
  expect(calls[0]?.points.map(([, value]) => value)).toEqual([2, null]);
  expect(mean[0]?.points.map(([, value]) => value)).toEqual([100, null]);
});

test('draws of a tree that is too wide or too deep its upper part, and of any other all', () => {
  const node = (label: string): TreeNode => ({ label });
  const small: TreeNode[] = [{ label: 'a', children: [node('b'), node('c')] }];
  expect(boundedTree(small)).toEqual({ roots: small, isCut: false });
  const wide = boundedTree([node('first'), { label: 'wide', children: Array.from({ length: 100_000 }, (_, n) => node(`${n}`)) }]);
  expect(wide.isCut).toBe(true);
  expect(wide.roots[1]?.children).toHaveLength(1_998);
  let deep = node('the deepest');
  for (let level = 0; level < 50_000; level++) deep = { label: `${level}`, children: [deep] };
  const cut = boundedTree([deep]);
  expect(cut.isCut).toBe(true);
  let levels = 0;
  for (let at: TreeNode | undefined = cut.roots[0]; at !== undefined; at = at.children?.[0]) levels++;
  expect(levels).toBe(60);
});
