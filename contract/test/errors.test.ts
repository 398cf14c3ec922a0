import { readFileSync } from 'node:fs';
import { ERRORS, type ErrorCode, fromProblem, GuichetError, isErrorCode, toProblem } from '@guichet/contract';
import { expect, test } from 'vitest';

const DOCUMENT = readFileSync(new URL('../../docs/spec/errors.md', import.meta.url), 'utf8');
const codes = Object.keys(ERRORS) as ErrorCode[]; // the keys of the table are the codes

/** Each `### code` of the document with what stands under it. */
const sections = new Map(
  DOCUMENT.split(/^### /m)
    .slice(1)
    .map((section) => [/^`([^`]+)`/.exec(section)?.[1] ?? section, section.split(/^## /m)[0] ?? '']),
);

test('every code of the table is documented once, and no other', () => {
  expect([...sections.keys()].sort()).toEqual([...codes].sort());
  expect(DOCUMENT.match(/^### /gm)).toHaveLength(codes.length);
});

test.each(codes)('%s is documented as the table has it, with when it happens and what to do', (code) => {
  const { title, status, retryable, exit } = ERRORS[code];
  const facts = [
    title,
    status === 0 ? 'not sent over HTTP' : `HTTP ${status}`,
    retryable ? 'retryable' : 'not retryable',
    `exit ${exit}`,
  ];
  const section = sections.get(code) ?? '';
  expect(section.split('\n')[2]).toBe(facts.join(' · '));
  expect(section).toMatch(/^\*\*When\.\*\* .{20,}/m);
  expect(section).toMatch(/^\*\*Do\.\*\* .{10,}/m);
});

test.each(codes)('%s survives the way over the wire', (code) => {
  const error = new GuichetError(code, 'It happened.', {
    remedy: 'Do that.',
    errors: [{ field: '/a', message: 'is wrong' }],
    details: { state: 'queued' },
  });
  const problem = JSON.parse(JSON.stringify(toProblem(error, 'trace-1')));
  expect(problem).toMatchObject({ type: `urn:guichet:error:${code}`, code, retryable: ERRORS[code].retryable });
  expect(problem.status).toBeGreaterThanOrEqual(400);
  const back = fromProblem(problem);
  expect(back).toMatchObject({ code, message: 'It happened.', remedy: 'Do that.' });
  expect(back.errors).toEqual([{ field: '/a', message: 'is wrong' }]);
  expect(back.details).toEqual({ state: 'queued', trace: 'trace-1' });
});

test('an unknown code of a newer gateway becomes the fallback and keeps its words', () => {
  const problem = { ...toProblem(new GuichetError('internal', 'Something new.')), code: 'brand.new' };
  expect(fromProblem(problem, 'gateway.protocol')).toMatchObject({ code: 'gateway.protocol', message: 'Something new.' });
  expect(isErrorCode('toString')).toBe(false);
});
