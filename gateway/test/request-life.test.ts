import { existsSync, readFileSync } from 'node:fs';
import { isFinal, REQUEST_STATES, type RequestState } from '@guichet/contract';
import { describe, expect, test } from 'vitest';
import { ACCEPTED, transition } from '../src/requests/index.ts';
import { EVENTS, livesIn, NOW } from './support/lives.ts';

const HOME = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/spec/request-life.md', HOME), 'utf8');

const cells = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

/** The lines of the table whose head begins with these cells. */
function tableOf(...head: string[]): { columns: string[]; rows: string[][] } {
  const lines = page.split('\n');
  const first = lines.findIndex((line) => line.startsWith('|') && head.every((cell, index) => cells(line)[index] === cell));
  const body = lines.slice(first + 2);
  const length = body.findIndex((line) => !line.startsWith('|'));
  return { columns: cells(lines[first] ?? ''), rows: body.slice(0, length).map(cells) };
}

/** The states that an event of a type leads to from a state, over everything else that matters. */
function reachable(state: RequestState, type: string): RequestState[] {
  const states = livesIn(state)
    .flatMap((life) => EVENTS.filter((event) => event.type === type).map((event) => transition(life, event, NOW)))
    .flatMap((next) => (next.ok ? [next.changes.state] : []));
  return [...new Set(states)].sort();
}

describe('docs/spec/request-life.md', () => {
  test('the table of states and events is that of the code', () => {
    const { columns, rows } = tableOf('event', 'awaiting_approval');
    const shown = Object.fromEntries(
      rows.map(([event = '', ...targets]) => [
        event.replaceAll('`', ''),
        Object.fromEntries(targets.map((target, index) => [columns[index + 1], target.split(', ').filter(Boolean).sort()])),
      ]),
    );
    const real = Object.fromEntries(
      [...new Set(EVENTS.map(({ type }) => type))].map((type) => [
        type,
        Object.fromEntries(REQUEST_STATES.filter((state) => !isFinal(state)).map((state) => [state, reachable(state, type)])),
      ]),
    );
    expect(shown).toEqual(real);
    for (const [state, types] of Object.entries(ACCEPTED))
      for (const type of types) expect(Object.keys(real), state).toContain(type);
  });

  test('every state and every event is explained', () => {
    const names = (text: string | undefined): string[] => [...(text ?? '').matchAll(/`([a-z_]+)`/g)].map(([, name = '']) => name);
    expect(
      tableOf('state', 'what it means')
        .rows.flatMap(([state]) => names(state))
        .sort(),
    ).toEqual([...REQUEST_STATES].sort());
    const events = tableOf('event', 'what happened').rows.flatMap(([event]) => names(event));
    expect(events.sort()).toEqual([...new Set(EVENTS.map(({ type }) => type))].sort());
  });

  const invariants = [...page.matchAll(/^- \*\*INV-(\d+)\*\* (.+)\n((?: {2}- .*\n?)*)/gm)].map(
    ([, number, text, proofs = '']) => ({
      number: Number(number),
      text,
      proofs: [...proofs.matchAll(/^ {2}- `([^`]+)`: (.+)$/gm)].map(([, file = '', title = '']) => ({ file, title })),
      lines: proofs.split('\n').filter(Boolean).length,
    }),
  );

  test('the invariants are numbered from one, and each names its proof', () => {
    expect(invariants.map(({ number }) => number)).toEqual(invariants.map((_, index) => index + 1));
    expect(invariants.length).toBeGreaterThan(40);
    for (const { number, proofs, lines } of invariants) {
      expect(proofs.length, `INV-${number} names a test`).toBeGreaterThan(0);
      expect(proofs.length, `INV-${number}: every line is a file and a title`).toBe(lines);
    }
  });

  test.each(invariants.flatMap(({ number, proofs }) => proofs.map(({ file, title }) => [number, file, title] as const)))(
    'INV-%i is proved by a test that exists: %s: %s',
    (_, file, title) => {
      const path = new URL(file, HOME);
      expect(existsSync(path), file).toBe(true);
      expect(titlesOf(readFileSync(path, 'utf8'))).toContain(title);
    },
  );
});

/** The titles of the tests in a source: the first text after `test(` or after the rows of `test.each(...)(`. */
function titlesOf(source: string): string[] {
  return [...source.matchAll(/(?:\btest\(|\)\()\s*(['"`])((?:\\.|(?!\1).)*)\1\s*,\s*(?:async\s*)?\(/g)].map(
    ([, , title = '']) => title,
  );
}
