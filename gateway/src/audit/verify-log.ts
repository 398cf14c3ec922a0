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
import { headsAfter, pagesOf, type SealedEvents, sealedEvents } from './sealed-log.ts';

const HEADS_A_PAGE = 2000;
/** Pages that are read while one is checked. */
const AHEAD = 2;

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
  const all: AuditHead[] = [];
  for (let after = 0; ; ) {
    const heads = await headsAfter(db, after, HEADS_A_PAGE);
    for (const head of heads) {
      chain.add(head);
      all.push(head);
    }
    const last = heads.at(-1);
    if (last === undefined || heads.length < HEADS_A_PAGE) break;
    after = last.number;
  }
  chain.end();
  const leaves = new LeafPages();
  const verifier = new LogVerifier({ heads: chain.heads, leafAt: leaves.at });
  const total = chain.heads.at(-1)?.size ?? 0;
  let seen = 0;
  // The log grows meanwhile: what comes after these heads is for the next time.
  for await (const { start, hashes, events } of readAhead(db, all)) {
    leaves.add(start, hashes);
    for (const event of events) verifier.event(event);
    seen += events.length;
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

async function* readAhead(db: Queryable, heads: readonly AuditHead[]): AsyncGenerator<SealedEvents> {
  const pages = pagesOf(heads);
  const coming: Promise<SealedEvents>[] = [];
  for (;;) {
    while (coming.length < AHEAD) {
      const { value } = pages.next();
      if (value === undefined) break;
      const page = sealedEvents(db, value);
      page.catch(() => {}); // it rejects where it is waited for
      coming.push(page);
    }
    const page = coming.shift();
    if (page === undefined) return;
    yield await page;
  }
}
