import { ERRORS, type ErrorCode, isErrorCode, Problem } from '@guichet/contract';
import { expect } from 'vitest';

/** The problem that an answer is; fails when it is none, has no code of the table, or tells of our inside. */
export async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text();
  expect(response.headers.get('content-type'), text.slice(0, 300)).toContain('application/problem+json');
  return checkProblem(JSON.parse(text), response.status);
}

export function checkProblem(body: unknown, status: number): Problem {
  const problem = Problem.parse(body);
  expect(isErrorCode(problem.code), problem.code).toBe(true);
  const row = ERRORS[problem.code as ErrorCode]; // checked on the line before
  expect([problem.status, problem.title, problem.retryable]).toEqual([status, row.title, row.retryable]);
  expect(problem.status, problem.detail).not.toBe(500);
  expect(problem.detail).toMatch(/^\S.{9,}$/s);
  expect(problem.remedy, `${problem.code}: ${problem.detail} has no remedy`).toMatch(/.{5,}/);
  for (const { field, message } of problem.errors ?? []) {
    expect(field).toMatch(/^\//);
    expect(message).toMatch(/^[a-z]/);
  }
  // Neither a stack nor a library's own words.
  expect(JSON.stringify(body)).not.toMatch(/node_modules|\.ts:\d|\n\s+at |Invalid input|expected \w+, received|FST_|NOT have/);
  return problem;
}
