import { generateKeyPairSync, sign } from 'node:crypto';
import type { AuditProof } from '@guichet/contract';
import {
  type AuditHead,
  isSignedBy,
  kidOf,
  leafHash,
  nodeHash,
  rootOf,
  rootOfProof,
  signedBytes,
  splitOf,
} from '@guichet/contract/audit-log';
import { expect, test } from 'vitest';
import { type ProofStep, verifyProof } from '../src/pages/audit/verify-proof.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const KEY = Buffer.from(privateKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64');

const linesOf = (size: number): string[] =>
  Array.from({ length: size }, (_, index) => `{"id":"${index + 1}","type":"é${index} – ✓","data":{}}`);

/** The hashes beside the way from a leaf to the root, deepest first (RFC 9162, 2.1.3.1). */
function pathOf(index: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length <= 1) return [];
  const split = splitOf(leaves.length);
  return index < split
    ? [...pathOf(index, leaves.slice(0, split)), rootOf(leaves.slice(split))]
    : [...pathOf(index - split, leaves.slice(split)), rootOf(leaves.slice(0, split))];
}

function proofOf(index: number, size: number): AuditProof {
  const lines = linesOf(size);
  const leaves = lines.map(leafHash);
  const root = rootOf(leaves).toString('hex');
  const unsigned = {
    v: 1 as const,
    log: 'test',
    number: 7,
    at: '2026-11-21T12:00:00.000000Z',
    until: '2026-11-21T12:00:00.000000Z',
    size,
    root,
    batch: root,
    ids: [[1, size]] as [number, number][],
    previous: null,
    key: kidOf(KEY),
  };
  const head = { ...unsigned, signature: sign(null, signedBytes(unsigned), privateKey).toString('base64') };
  return { event: lines[index] ?? '', index, path: pathOf(index, leaves).map((hash) => hash.toString('hex')), head };
}

async function stepsOf(proof: AuditProof, key = KEY): Promise<ProofStep[]> {
  const steps: ProofStep[] = [];
  for await (const step of verifyProof(proof, key)) steps.push(step);
  return steps;
}

const holds = (steps: readonly ProofStep[]): boolean => steps.length === 4 && steps.every((step) => step.holds === true);

test('every event of logs of many lengths is proven as the contract proves it', async () => {
  for (const size of [1, 2, 3, 5, 8, 13, 256, 257])
    for (const index of new Set([0, 1, Math.floor(size / 2), size - 2, size - 1].filter((at) => at >= 0 && at < size))) {
      const proof = proofOf(index, size);
      const path = proof.path.map((hash) => Buffer.from(hash, 'hex'));
      const root = rootOfProof({ leaf: leafHash(proof.event), index, size, path })?.toString('hex');
      const steps = await stepsOf(proof);
      expect(holds(steps), `${index} of ${size}`).toBe(true);
      expect(steps[0]).toMatchObject({ hash: leafHash(proof.event).toString('hex') });
      expect(steps[1]).toMatchObject({ root });
    }
});

test('an event that was changed leads to another root, and nothing is said of the signature', async () => {
  const proof = proofOf(3, 9);
  const steps = await stepsOf({ ...proof, event: proof.event.replace('é', 'e') });
  expect(steps.map(({ step, holds }) => [step, holds])).toEqual([
    ['leaf', true],
    ['path', false],
  ]);
});

test('an event at another place, a path too long and one too short do not hold', async () => {
  const proof = proofOf(3, 9);
  const [first = ''] = proof.path;
  for (const wrong of [
    { ...proof, index: 4 },
    { ...proof, index: 9 },
    { ...proof, index: -1 },
    { ...proof, path: [...proof.path, first] },
    { ...proof, path: proof.path.slice(0, -1) },
    { ...proof, path: [] },
  ])
    expect(holds(await stepsOf(wrong))).toBe(false);
});

test('a node that is given as an event does not pass for one', async () => {
  const leaves = linesOf(2).map(leafHash);
  const [left, right] = leaves;
  if (left === undefined || right === undefined) throw new Error('two leaves');
  const proof = proofOf(0, 2);
  const node = nodeHash(left, right).toString('latin1');
  expect(holds(await stepsOf({ ...proof, event: node, path: [] }))).toBe(false);
});

test('a head that was changed, or is signed by another key, does not hold', async () => {
  const proof = proofOf(0, 4);
  const changed = { ...proof, head: { ...proof.head, at: '2026-11-20T12:00:00.000000Z' } };
  expect((await stepsOf(changed)).at(-1)).toEqual({ step: 'signature', holds: false });
  // The head is a document of the contract with these members.
  expect(isSignedBy(changed.head as unknown as AuditHead, KEY)).toBe(false);

  const other = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const steps = await stepsOf(proof, Buffer.from(other.x ?? '', 'base64url').toString('base64'));
  expect(steps.at(-1)).toMatchObject({ step: 'key', holds: false });
});

test('a key or a signature that is none is refused, and nothing is thrown', async () => {
  const proof = proofOf(0, 4);
  expect((await stepsOf(proof, '%%%')).at(-1)).toMatchObject({ step: 'key', holds: false });
  const unsigned = { ...proof, head: { ...proof.head, signature: '%%%' } };
  expect((await stepsOf(unsigned)).at(-1)).toEqual({ step: 'signature', holds: false });
});
