import { describe, expect, test } from 'vitest';
import { readSource } from '../imports/read-source.ts';
import type { House, Room } from '../imports/rooms.ts';
import { violationsOf } from '../imports/rules.ts';

function room(folder: string, name: string, dependencies: readonly string[] = []): Room {
  return { folder, name, exports: new Map([['.', `${folder}/src/index.ts`]]), dependencies: new Set(dependencies) };
}

const ROOMS = [
  room('.', 'guichet', ['vitest']),
  room('contract', '@guichet/contract', ['zod']),
  room('client', '@guichet/client'),
  room('sdk', '@guichet/sdk'),
  room('gateway', '@guichet/gateway', ['pg']),
  room('cli', '@guichet/cli'),
  room('postgres-server', '@guichet/postgres-server'),
  room('providers/postgres', '@guichet/provider-postgres'),
  room('providers/kafka', '@guichet/provider-kafka'),
  room('demo', '@guichet/demo'),
];

/** The violations of a house of some files, as `file:line message`. */
function violations(files: Readonly<Record<string, string>>): string[] {
  const house: House = { rooms: ROOMS, sources: Object.entries(files).map(([path, text]) => readSource(path, text)) };
  return violationsOf(house).map(({ file, line, message }) => `${file}:${line} ${message}`);
}

describe('which package may import which', () => {
  test.each([
    ['contract/src/a.ts', '@guichet/client'],
    ['client/src/a.ts', '@guichet/sdk'],
    ['sdk/src/a.ts', '@guichet/client'],
    ['postgres-server/src/a.ts', '@guichet/gateway'],
    ['cli/src/a.ts', '@guichet/sdk'],
    ['gateway/src/a.ts', '@guichet/provider-postgres'],
    ['gateway/src/a.ts', '@guichet/sdk'],
    ['providers/postgres/src/a.ts', '@guichet/gateway'],
    ['providers/postgres/src/a.ts', '@guichet/provider-kafka'],
    ['providers/kafka/src/a.ts', '@guichet/postgres-server'],
  ])('%s may not import %s', (file, imported) => {
    expect(violations({ [file]: `\nimport type { A } from '${imported}';` })).toEqual([expect.stringContaining(`${file}:2 `)]);
    expect(violations({ [file]: `import { a } from '${imported}';` })).toEqual([expect.stringContaining('may not import')]);
  });

  test.each([
    ['client/src/a.ts', '@guichet/contract'],
    ['cli/src/a.ts', '@guichet/client'],
    ['gateway/src/a.ts', '@guichet/postgres-server'],
    ['providers/postgres/src/a.ts', '@guichet/sdk'],
    ['providers/postgres/src/a.ts', '@guichet/postgres-server'],
    ['providers/kafka/test/a.test.ts', '@guichet/postgres-server'],
    ['demo/src/a.ts', '@guichet/gateway'],
    ['scripts/a.ts', '@guichet/postgres-server'],
  ])('%s may import %s', (file, imported) => {
    expect(violations({ [file]: `import { a } from '${imported}';` })).toEqual([]);
  });

  test.each([
    "export { a } from '@guichet/sdk';",
    "export * from '@guichet/sdk';",
    "const a = await import('@guichet/sdk');",
    "type A = import('@guichet/sdk').A;",
  ])('sees the import in: %s', (text) => {
    expect(violations({ 'client/src/a.ts': text })).toEqual([expect.stringContaining('client may not import sdk')]);
  });

  test('does not take a comment or a string for an import', () => {
    expect(violations({ 'client/src/a.ts': `// import { a } from '@guichet/sdk';\nconst a = "import '@guichet/sdk'";` })).toEqual(
      [],
    );
  });
});

describe('how a package is entered', () => {
  test('not by a path past its exports', () => {
    expect(violations({ 'client/src/a.ts': "import { a } from '@guichet/contract/src/ids.ts';" })).toEqual([
      expect.stringContaining('is not in the exports of @guichet/contract; it offers .'),
    ]);
  });

  test('not by a relative path, whoever asks', () => {
    expect(violations({ 'demo/src/a.ts': "import { a } from '../../gateway/src/app.ts';" })).toEqual([
      expect.stringContaining("'../../gateway/src/app.ts' reaches into gateway; import @guichet/gateway"),
    ]);
  });

  test('before anything is installed, by a relative path to what it exports', () => {
    expect(violations({ 'scripts/a.mjs': "import { a } from '../postgres-server/src/index.ts';" })).toEqual([]);
    expect(violations({ 'scripts/a.mjs': "import { a } from '../postgres-server/src/other.ts';" })).toHaveLength(1);
  });

  test('a library only when it is declared; for tests at the root is enough', () => {
    expect(violations({ 'client/src/a.ts': "import pg from 'pg';" })).toEqual([
      expect.stringContaining("'pg' is not in the dependencies of client/package.json"),
    ]);
    expect(violations({ 'client/src/a.ts': "import { test } from 'vitest';" })).toHaveLength(1);
    expect(
      violations({ 'client/test/a.test.ts': "import { test } from 'vitest';", 'gateway/src/a.ts': "import pg from 'pg';" }),
    ).toEqual([]);
  });
});

test('the contract has no input and no output', () => {
  expect(violations({ 'contract/src/a.ts': "import { readFile } from 'node:fs/promises';" })).toEqual([
    expect.stringContaining('no input and no output'),
  ]);
  expect(violations({ 'contract/src/a.ts': "import { createHash } from 'node:crypto';\nimport { z } from 'zod';" })).toEqual([]);
});

test('files do not import each other in a circle, not even of types', () => {
  const circle = (kind: string) => ({
    'client/src/a.ts': "import { b } from './b.ts';",
    'client/src/b.ts': "import { c } from './c.ts';",
    'client/src/c.ts': `import ${kind} { a } from './a.ts';`,
  });
  expect(violations(circle(''))).toEqual([
    'client/src/a.ts:1 imports in a circle: client/src/a.ts -> client/src/b.ts -> client/src/c.ts -> client/src/a.ts',
  ]);
  expect(violations(circle('type'))).toHaveLength(1);
});

describe('inside the gateway', () => {
  test('a state machine reaches nothing that acts, at any distance', () => {
    const files = {
      'gateway/src/requests/state.ts': "import { z } from '@guichet/contract';\nimport { next } from './next.ts';",
      'gateway/src/requests/next.ts': '',
    };
    expect(violations(files)).toEqual([]);
    expect(violations({ ...files, 'gateway/src/requests/next.ts': "import { randomUUID } from 'node:crypto';" })).toEqual([
      expect.stringContaining(
        "gateway/src/requests/next.ts:1 state.ts is pure, and reaches 'node:crypto' (gateway/src/requests/state.ts -> gateway/src/requests/next.ts)",
      ),
    ]);
    expect(violations({ 'gateway/src/requests/state.ts': "import pg from 'pg';" })).toEqual([
      expect.stringContaining("reaches 'pg'"),
    ]);
  });

  test.each(['process.env.HOME', "process.env['HOME']", "process['env']", "(await import('node:process')).env"])(
    'only config.ts reads the environment: %s',
    (read) => {
      expect(violations({ 'gateway/src/app.ts': `export const a = ${read};` })).toEqual([
        expect.stringContaining('only gateway/src/config.ts'),
      ]);
      expect(
        violations({ 'gateway/src/config.ts': `export const a = ${read};`, 'cli/src/a.ts': `export const a = ${read};` }),
      ).toEqual([]);
    },
  );

  test('routes see a domain through its index alone', () => {
    expect(violations({ 'gateway/src/http/a.ts': "import { a } from '../requests/store.ts';" })).toEqual([
      expect.stringContaining('http sees requests through'),
    ]);
    expect(
      violations({ 'gateway/src/http/a.ts': "import { a } from '../requests/index.ts';\nimport { b } from './b.ts';" }),
    ).toEqual([]);
  });

  test('a domain knows nothing of routes', () => {
    expect(violations({ 'gateway/src/audit/a.ts': "import { a } from '../http/index.ts';" })).toEqual([
      expect.stringContaining('audit may not import http'),
    ]);
    expect(violations({ 'gateway/src/app.ts': "import { a } from './http/index.ts';" })).toEqual([]);
  });
});
