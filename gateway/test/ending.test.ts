import { type ErrorCode, GuichetError, type ProviderFailure } from '@guichet/contract';
import { describe, expect, test } from 'vitest';
import type { RequestRow } from '../src/requests/index.ts';
import { endOfError, endOfFailure, type StopReason } from '../src/runner/ending.ts';
import { abortable } from '../src/runner/stream.ts';

// Only these members of a row are looked at.
const rowOf = (more: Partial<RequestRow>): RequestRow =>
  ({ timeoutSeconds: 30, idempotent: false, attempt: 1, ...more }) as RequestRow;
const about = (stops: StopReason[], more: Partial<RequestRow> = {}) => ({
  row: rowOf(more),
  stops: new Set(stops),
  startWindowMs: 1000,
});

describe('a provider that says that a run did not succeed', () => {
  const failure = (kind: ProviderFailure['kind']): ProviderFailure => ({ kind, message: 'no' });
  test.each<[ProviderFailure['kind'], StopReason[], Partial<RequestRow>, object]>([
    ['permanent', [], {}, { type: 'fail', failure: { code: 'run.failed', retryable: false } }],
    ['retryable', [], {}, { type: 'fail', failure: { code: 'run.failed', retryable: true } }],
    ['retryable', [], { idempotent: true }, { type: 'requeue', unsent: false, delayMs: 1000, failure: { code: 'run.failed' } }],
    ['retryable', [], { idempotent: true, attempt: 4 }, { type: 'requeue', delayMs: 8000 }],
    ['cancelled', ['cancel'], {}, { type: 'confirm_cancel' }],
    ['cancelled', ['cancel', 'deadline'], {}, { type: 'confirm_cancel' }],
    ['permanent', ['cancel'], {}, { type: 'fail' }],
    ['cancelled', ['deadline'], {}, { type: 'fail', failure: { code: 'run.deadline_exceeded' } }],
    ['cancelled', ['drain'], {}, { type: 'lose' }],
    ['cancelled', [], {}, { type: 'fail' }],
  ])('%s, stopped for %j, %j', (kind, stops, row, event) => {
    expect(endOfFailure(failure(kind), about(stops, row))).toMatchObject(event);
  });
});

describe('a call that broke', () => {
  test.each<[ErrorCode, object]>([
    ['provider.unreachable', { type: 'requeue', unsent: true }],
    ['action.unavailable', { type: 'requeue', unsent: true }],
    ['action.refused', { type: 'fail', failure: { code: 'action.refused' } }],
    ['grant.invalid', { type: 'fail' }],
    ['body.too_large', { type: 'fail' }],
    ['grant.used', { type: 'lose' }],
    ['provider.failed', { type: 'lose' }],
    ['provider.protocol', { type: 'lose' }],
    ['internal', { type: 'lose' }],
  ])('with %s', (code, event) => {
    expect(endOfError(new GuichetError(code, 'no'), about([]))).toMatchObject(event);
  });

  test.each<StopReason>(['cancel', 'deadline', 'drain', 'fenced_out'])(
    'because we closed it (%s) leaves the run lost',
    (reason) => {
      expect(endOfError(reason, about([reason]))).toMatchObject({ type: 'lose' });
    },
  );
});

describe('a stream that can be cut', () => {
  const collect = async (stream: AsyncIterable<number>): Promise<number[]> => {
    const seen: number[] = [];
    for await (const value of stream) seen.push(value);
    return seen;
  };

  test('is passed on whole', async () => {
    async function* three() {
      yield* [1, 2, 3];
    }
    expect(await collect(abortable(three(), new AbortController().signal))).toEqual([1, 2, 3]);
  });

  test('ends with the reason when it is cut, also when its source never moves again', async () => {
    const controller = new AbortController();
    let returned = false;
    const stuck: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: () => {
          returned = true;
          return new Promise(() => {});
        },
      }),
    };
    const reading = collect(abortable(stuck, controller.signal));
    controller.abort('deadline');
    await expect(reading).rejects.toBe('deadline');
    expect(returned).toBe(true);
  });

  test('that was cut before it began is not begun', async () => {
    let begun = false;
    async function* source() {
      begun = true;
      yield 1;
    }
    await expect(collect(abortable(source(), AbortSignal.abort('drain')))).rejects.toBe('drain');
    expect(begun).toBe(false);
  });
});
