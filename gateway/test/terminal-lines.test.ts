import { expect, test } from 'vitest';
import { terminalLine } from '../src/terminal-lines.ts';

const line = (more: Record<string, unknown>): string =>
  terminalLine(
    JSON.stringify({
      level: 'warn',
      time: '2026-11-21T12:30:05.123Z',
      service: 'guichet-gateway',
      pid: 7,
      msg: 'call failed',
      ...more,
    }),
  );

test('a line in a terminal has the time, the level, the message and the facts', () => {
  expect(line({ request_id: 'ticket-42', status: 503, trace_id: 'a'.repeat(32) })).toBe(
    '12:30:05 warn  call failed request_id=ticket-42 status=503\n',
  );
});

test('an error keeps its stack', () => {
  expect(line({ err: { type: 'Error', message: 'no', stack: 'Error: no\n    at here' } })).toBe(
    '12:30:05 warn  call failed\nError: no\n    at here\n',
  );
});

test('what a terminal would obey is shown, not obeyed', () => {
  const said = line({ detail: '\u001b[2Jgone\r\u009b', msg: 'a\nb', err: { stack: 'Error: \u001b]0;x\u0007' } });
  expect(said).toContain(String.raw`\u{1b}[2Jgone\u{d}\u{9b}`);
  expect(said).toContain(String.raw`a\u{a}b`);
  expect(said.split('\n')).toHaveLength(3);
  expect(said).not.toMatch(/[^\P{C}\n]/u);
});
