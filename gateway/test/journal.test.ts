import { GuichetError } from '@guichet/contract';
import { expect, test } from 'vitest';
import { Journal } from '../src/runner/journal.ts';
import type { RunLine } from '../src/runner/store.ts';

const log = (message: string) => ({ type: 'log', level: 'info', message }) as const;
const never = () => false;

function makeJournal(write: (lines: readonly RunLine[]) => Promise<boolean>) {
  const errors: unknown[] = [];
  let fencedOut = 0;
  const journal = new Journal({ write, onFencedOut: () => (fencedOut += 1), onError: (error) => errors.push(error) });
  return { journal, errors, fencedOut: () => fencedOut };
}

const messages = (lines: readonly RunLine[]): unknown[] => lines.map(({ data }) => data['message']);

test('lines are written in order, many at once, and all of them before it closes', async () => {
  const batches: unknown[][] = [];
  const { journal } = makeJournal(async (lines) => batches.push(messages(lines)) > 0);
  for (const word of ['a', 'b', 'c']) journal.add(log(word));
  await journal.close(never);
  expect(batches).toEqual([['a', 'b', 'c']]);
});

test('of progress messages that follow each other the last is kept', async () => {
  const written: unknown[] = [];
  const { journal } = makeJournal(async (lines) => written.push(...lines.map(({ data }) => data['done'])) > 0);
  for (const done of [1, 2, 3]) journal.add({ type: 'progress', done, total: 3 });
  await journal.close(never);
  expect(written).toEqual([3]);
});

test('a database that is away while the run ends delays lines and loses none', async () => {
  const written: unknown[] = [];
  let failures = 2;
  const { journal, errors } = makeJournal(async (lines) => {
    if (failures-- > 0) throw new GuichetError('database.unavailable', 'away');
    return written.push(...messages(lines)) > 0;
  });
  journal.add(log('a'));
  journal.add(log('b'));
  await journal.close(never);
  expect(written).toEqual(['a', 'b']);
  expect(errors).toEqual([]);
});

test('it closes without its lines when it is told to give up', async () => {
  const { journal } = makeJournal(async () => {
    throw new GuichetError('database.unavailable', 'away');
  });
  journal.add(log('a'));
  let tries = 0;
  await journal.close(() => ++tries > 1);
  expect(tries).toBe(2);
});

test('lines that the database refuses are dropped aloud, and the next ones are written', async () => {
  const written: unknown[] = [];
  let first = true;
  const { journal, errors } = makeJournal(async (lines) => {
    if (first) {
      first = false;
      throw new Error('no such column');
    }
    return written.push(...messages(lines)) > 0;
  });
  journal.add(log('a'));
  await expect.poll(() => errors.length).toBe(1);
  journal.add(log('b'));
  await journal.close(never);
  expect(written).toEqual(['b']);
});

test('a run that is no longer ours is told once, and writes nothing more', async () => {
  let writes = 0;
  const { journal, fencedOut } = makeJournal(async () => {
    writes += 1;
    return false;
  });
  journal.add(log('a'));
  await expect.poll(fencedOut).toBe(1);
  journal.add(log('b'));
  await journal.close(never);
  expect(writes).toBe(1);
  expect(fencedOut()).toBe(1);
});

test('a flood is cut at ten thousand lines, and says so', async () => {
  const written: unknown[] = [];
  const { journal } = makeJournal(async (lines) => written.push(...messages(lines)) > 0);
  for (let line = 0; line < 10_500; line++) journal.add(log(`${line}`));
  await journal.close(never);
  expect(written.length).toBe(10_001);
  expect(written.at(-1)).toBe('Only the first 10000 lines are kept.');
});

test('a line longer than 4000 characters is cut', async () => {
  const written: unknown[] = [];
  const { journal } = makeJournal(async (lines) => written.push(...messages(lines)) > 0);
  journal.add(log('x'.repeat(5000)));
  await journal.close(never);
  expect(written).toEqual([`${'x'.repeat(3999)}…`]);
});
