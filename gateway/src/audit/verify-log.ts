import {
  type AuditFinding,
  type AuditHead,
  clockInWords,
  compareWithPublished,
  HeadChain,
  LeafPages,
  LogVerifier,
} from '@guichet/contract/audit-log';
import type { Queryable } from '../db/index.ts';
import { headsAfter, type SealedPage, sealedAfter } from './sealed-log.ts';

const HEADS_A_PAGE = 2000;

export interface Verified {
  readonly heads: number;
  readonly events: number;
  readonly key: string | undefined;
  readonly findings: readonly AuditFinding[];
  /** What is no fault, and should be known. */
  readonly notes: readonly string[];
  /** Heads that declare a restore. */
  readonly restores: readonly AuditHead[];
}

export interface VerifyOptions {
  /** The public key of the log, when it is known from elsewhere. */
  readonly key?: string | undefined;
  /** Heads that were published, to compare with. */
  readonly published?: readonly AuditHead[] | undefined;
  readonly onProgress?: (events: number, of: number) => void;
}

/** Checks the whole log as the database has it: all heads, and all events under them. */
export async function verifyLog(db: Queryable, { key, published = [], onProgress }: VerifyOptions = {}): Promise<Verified> {
  const chain = new HeadChain({ key });
  for (let after = 0; ; ) {
    const heads = await headsAfter(db, after, HEADS_A_PAGE);
    for (const head of heads) chain.add(head);
    const last = heads.at(-1);
    if (last === undefined || heads.length < HEADS_A_PAGE) break;
    after = last.number;
  }
  chain.end();
  const leaves = new LeafPages();
  const verifier = new LogVerifier({ heads: chain.heads, leafAt: leaves.at });
  const total = chain.heads.at(-1)?.size ?? 0;
  let seen = 0;
  // The next page is read while this one is checked.
  for (let next: Promise<SealedPage> | undefined = sealedAfter(db, 0); next !== undefined; ) {
    const page: SealedPage = await next;
    next = page.next === undefined ? undefined : sealedAfter(db, page.next);
    next?.catch(() => {}); // it rejects where it is waited for
    leaves.add(page.start, page.hashes);
    for (const line of page.lines) verifier.line(line);
    seen += page.lines.length;
    onProgress?.(seen, total);
  }
  verifier.end();
  const findings = [...chain.findings, ...compareWithPublished(chain.heads, published), ...verifier.findings];
  return {
    heads: chain.heads.length,
    events: verifier.events,
    key: chain.key?.public,
    findings,
    restores: chain.restores,
    notes: clockInWords(verifier),
  };
}
