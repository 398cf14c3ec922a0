import {
  type ArchivedEvents,
  type AuditFinding,
  type AuditHead,
  archivedInWords,
  clockInWords,
  compareWithPublished,
  HeadChain,
  LeafPages,
  LogVerifier,
} from '@guichet/contract/audit-log';
import type { Queryable } from '../db/index.ts';
import { allHeads, archivedHead, pagesOf, type SealedEvents, sealedEvents } from './sealed-log.ts';

/** Pages that are read while one is checked. */
const AHEAD = 4;

export interface Verified {
  readonly heads: number;
  readonly events: number;
  readonly key: string | undefined;
  readonly findings: readonly AuditFinding[];
  /** What is no fault, and should be known. */
  readonly notes: readonly string[];
  /** Heads that declare a restore. */
  readonly restores: readonly AuditHead[];
  /** What is in an archive that was not given. */
  readonly archived: ArchivedEvents | undefined;
}

export interface VerifyOptions {
  /** The public key of the log, when it is known from elsewhere. */
  readonly key?: string | undefined;
  /** Heads that were published, to compare with. */
  readonly published?: readonly AuditHead[] | undefined;
  /** The lines of the archives of this log, oldest first. */
  readonly archived?: AsyncIterable<string> | undefined;
  readonly onProgress?: (events: number, of: number) => void;
}

/** Checks the whole log as the database has it: all heads, and all events under them. */
export async function verifyLog(
  db: Queryable,
  { key, published = [], archived, onProgress }: VerifyOptions = {},
): Promise<Verified> {
  const chain = new HeadChain({ key });
  const all: AuditHead[] = [];
  for await (const head of allHeads(db)) {
    chain.add(head);
    all.push(head);
  }
  chain.end();
  const leaves = new LeafPages();
  const verifier = new LogVerifier({ heads: chain.heads, leafAt: leaves.at, keys: chain.keys });
  const total = chain.heads.at(-1)?.size ?? 0;
  let seen = 0;
  for await (const line of archived ?? []) {
    verifier.line(line);
    seen += 1;
    if (seen % 10_000 === 0) onProgress?.(Math.min(seen, total), total);
  }
  verifier.archivesRead();
  // The log grows meanwhile: what comes after these heads is for the next time.
  for await (const { start, hashes, events } of readAhead(db, all)) {
    leaves.add(start, hashes);
    for (const event of events) verifier.event(event);
    if (events.length === 0) verifier.reached(start + hashes.length / 32);
    seen += events.length;
    onProgress?.(Math.min(seen, total), total); // what is in an archive may be in the database too
  }
  verifier.end();
  const findings = [...chain.findings, ...compareWithPublished(chain.heads, published), ...verifier.findings];
  return {
    heads: chain.heads.length,
    events: verifier.events,
    key: chain.key?.public,
    findings,
    restores: chain.restores,
    archived: verifier.archived,
    notes: [...clockInWords(verifier), ...archivedInWords(verifier)],
  };
}

async function* readAhead(db: Queryable, heads: readonly AuditHead[]): AsyncGenerator<SealedEvents> {
  const pages = pagesOf(heads, { archived: await archivedHead(db) });
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
