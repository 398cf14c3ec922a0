import { expect, test } from 'vitest';
import { type AuditHead, headHash, inOrder } from '../src/audit-log/index.ts';

/** As much of a head as its order depends on. */
function headAfter(previous: AuditHead | null, more: Partial<AuditHead> = {}): AuditHead {
  const number = (previous?.number ?? 0) + 1;
  const at = '2026-11-21T12:00:00.000Z';
  const zeros = '0'.repeat(64);
  return {
    ...{ v: 1, log: 'log', number, at, until: at, size: number, root: zeros, batch: zeros, ids: [], key: 'key', signature: '' },
    previous: previous === null ? null : headHash(previous),
    ...more,
  };
}

test('heads of a folder are in order whatever the names of their files, and copies count once', () => {
  const first = headAfter(null);
  const second = headAfter(first);
  const third = headAfter(second);
  expect(inOrder([third, first, second, first])).toEqual([first, second, third]);
});

test('heads that a restore has lost stand before the head that declares it', () => {
  const first = headAfter(null);
  const lost = headAfter(first, { size: 5 });
  const lastLost = headAfter(lost);
  const restore = { after: 1, lost: 3, lostHash: headHash(lastLost), reason: 'Restored' };
  const declaring = headAfter(first, { restore });
  const next = headAfter(declaring);
  const more = headAfter(next);
  expect(inOrder([more, declaring, lost, next, lastLost, first])).toEqual([first, lost, lastLost, declaring, next, more]);
});
