import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { canonicalJson } from '../canonical.ts';
import { GuichetError } from '../errors.ts';

/** A key that signs heads: its id, and its 32 bytes in base64. */
export interface AuditKey {
  readonly kid: string;
  readonly public: string;
}

/** That published heads are no more: the database was restored to an earlier time, and somebody has accepted that. */
export interface DeclaredRestore {
  /** The last head that is still there. */
  readonly after: number;
  /** The last head that had been published, and its hash. */
  readonly lost: number;
  readonly lostHash: string;
  readonly reason: string;
}

/** A signed head of the audit log: what all events up to it come to. docs/spec/audit.md describes each member. */
export interface AuditHead {
  readonly v: 1;
  /** The log that it is of; chosen at random when the log began. */
  readonly log: string;
  /** Counts from 1 without a gap. */
  readonly number: number;
  readonly at: string;
  /** The latest time of an event so far, and never after `at`. */
  readonly until: string;
  /** How many events the log has, with those of this head. */
  readonly size: number;
  /** Root of the Merkle tree over all events so far, in hex. */
  readonly root: string;
  /** Root of the tree over the events of this head alone. */
  readonly batch: string;
  /** Ids of the events of this head, as ranges, both ends within. */
  readonly ids: readonly (readonly [first: number, last: number])[];
  /** Hash of the head before; null for the first. */
  readonly previous: string | null;
  /** Id of the key that signed it. */
  readonly key: string;
  /** The key that signs from the next head on; in the first head, its own. */
  readonly announces?: AuditKey;
  readonly restore?: DeclaredRestore;
  /** Ed25519, in base64. */
  readonly signature: string;
}

const SIGNED = 'guichet audit head v1\n';

/** What the signature is over. */
export function signedBytes({
  signature: _,
  ...head
}: AuditHead | (Omit<AuditHead, 'signature'> & { signature?: string })): Buffer {
  return Buffer.from(SIGNED + canonicalJson(head));
}

/** A head as one line of a file: canonical JSON. */
export const headLine = (head: AuditHead): string => canonicalJson(head);

/** The hash by which the next head names this one: SHA-256 of its line, in hex. */
export const headHash = (head: AuditHead): string => createHash('sha256').update(headLine(head)).digest('hex');

const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** The id of a public key: the first 16 hex digits of its SHA-256. */
export const kidOf = (publicKey: string): string =>
  createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex').slice(0, 16);

/** The key that these 32 bytes in base64 are; undefined when they are none. */
export function publicKeyOf(publicKey: string): KeyObject | undefined {
  const bytes = Buffer.from(publicKey, 'base64');
  if (bytes.length !== 32) return undefined;
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: 'der', type: 'spki' });
}

/** True when the key signed the head. */
export function isSignedBy(head: AuditHead, publicKey: string): boolean {
  const key = publicKeyOf(publicKey);
  return key !== undefined && verify(null, signedBytes(head), key, Buffer.from(head.signature, 'base64'));
}

/** The public key of a log, as somebody gave it; `usage.invalid` when it is none: every head would look like another log's. */
export function checkedKey(given: string | undefined): string | undefined {
  if (given === undefined || publicKeyOf(given) !== undefined) return given;
  throw new GuichetError('usage.invalid', '--key is no public key of an audit log.', {
    remedy: 'It is 44 characters of base64, as verify-audit and rotate-audit-key of the gateway say it: qgbc...8c=.',
  });
}

const HEX = /^[0-9a-f]{64}$/;

/** The head that a text or a document is, or undefined. Says nothing of whether it holds. */
export function readHead(found: unknown): AuditHead | undefined {
  if (typeof found !== 'object' || found === null) return undefined;
  const head = found as AuditHead; // each member is looked at here
  const whole = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
  const fits =
    head.v === 1 &&
    typeof head.log === 'string' &&
    whole(head.number) &&
    whole(head.size) &&
    typeof head.at === 'string' &&
    typeof head.until === 'string' &&
    HEX.test(head.root) &&
    HEX.test(head.batch) &&
    (head.previous === null || HEX.test(head.previous)) &&
    typeof head.key === 'string' &&
    typeof head.signature === 'string' &&
    Array.isArray(head.ids) &&
    head.ids.every((range) => Array.isArray(range) && whole(range[0]) && whole(range[1]) && range[0] <= range[1]);
  return fits ? head : undefined;
}

export const countOf = ({ ids }: Pick<AuditHead, 'ids'>): number => ids.reduce((sum, [first, last]) => sum + last - first + 1, 0);
