import type { AuditProof } from '@guichet/contract';
import { canonicalJson } from '@guichet/contract';

/** Bytes of a buffer of their own, as WebCrypto wants them. */
type Bytes = Uint8Array<ArrayBuffer>;

/**
 * What is checked of a proof, one after the other: docs/spec/audit.md says which bytes. The gateway does none of it: the
 * browser does, so that nobody has to believe the gateway that showed the event.
 */
export type ProofStep =
  | { readonly step: 'leaf'; readonly holds: true; readonly hash: string }
  | { readonly step: 'path'; readonly holds: boolean; readonly root: string | undefined; readonly hashes: number }
  | { readonly step: 'key'; readonly holds: boolean; readonly kid: string | undefined }
  | { readonly step: 'signature'; readonly holds: boolean | 'unsupported' };

const SIGNED = 'guichet audit head v1\n';
const encoder = new TextEncoder();

/** Checks a proof step by step, and ends at the first that does not hold. `key` is 32 bytes in base64. */
export async function* verifyProof(proof: AuditProof, key: string): AsyncGenerator<ProofStep> {
  const { event, index, path, head } = proof;
  const leaf = await sha256(joined([0], encoder.encode(event)));
  yield { step: 'leaf', holds: true, hash: hexOf(leaf) };

  const found = await rootOfPath({ leaf, index, size: head.size, path: path.map(bytesOfHex) });
  const root = found && hexOf(found);
  yield { step: 'path', holds: root === head.root, root, hashes: path.length };
  if (root !== head.root) return;

  const raw = bytesOfBase64(key);
  const kid = raw && hexOf(await sha256(raw)).slice(0, 16);
  yield { step: 'key', holds: kid !== undefined && kid === head['key'], kid };
  if (raw === undefined || kid !== head['key']) return;

  yield { step: 'signature', holds: await isSigned(head, raw) };
}

/** The root that an inclusion proof leads to (RFC 9162, 2.1.3.2); undefined when the proof does not fit the tree. */
async function rootOfPath({
  leaf,
  index,
  size,
  path,
}: {
  readonly leaf: Bytes;
  readonly index: number;
  readonly size: number;
  readonly path: readonly Bytes[];
}): Promise<Bytes | undefined> {
  if (index < 0 || index >= size) return undefined;
  let node = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of path) {
    if (last === 0) return undefined;
    if (node % 2 === 1 || node === last) {
      hash = await sha256(joined([1], sibling, hash));
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else hash = await sha256(joined([1], hash, sibling));
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : undefined;
}

async function isSigned({ signature, ...head }: AuditProof['head'], raw: Bytes): Promise<boolean | 'unsupported'> {
  const given = bytesOfBase64(signature);
  if (given === undefined) return false;
  let key: CryptoKey;
  try {
    key = await crypto.subtle.importKey('raw', raw, { name: 'Ed25519' }, false, ['verify']);
  } catch (error) {
    // A browser without it says NotSupportedError; one that has it says DataError of bytes that are no key.
    if (error instanceof DOMException && error.name === 'NotSupportedError') return 'unsupported';
    return false;
  }
  return crypto.subtle.verify({ name: 'Ed25519' }, key, given, encoder.encode(SIGNED + canonicalJson(head)));
}

const sha256 = async (bytes: Bytes): Promise<Bytes> => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));

function joined(...parts: readonly ArrayLike<number>[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const hexOf = (bytes: Bytes): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

const bytesOfHex = (hex: string): Bytes => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** Undefined when it is no base64. */
function bytesOfBase64(text: string): Bytes | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
