import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type ArchiveStatement,
  type AuditFinding,
  type AuditHead,
  type AuditKey,
  findingOf,
  HeadChain,
  headHash,
  isArchiveProven,
  LeafPages,
  LogVerifier,
  type MerkleTree,
} from '@guichet/contract/audit-log';
import type { Queryable } from '../db/index.ts';
import { archivedHead, headsAfter, pagesOf, sealedEvents } from './sealed-log.ts';

/** Heads that a step takes at most; of their events about 5,000 are looked at, or those of one head. */
const HEADS = 300;
/** Events that are hashed before others have their turn. */
const AT_ONCE = 500;
/** A log that does not hold is said not to hold; all that is wrong with it is for whoever is called. */
const MOST_FINDINGS = 100;

/** `more`: there may be more to check at once; `end`: all is checked; `gone`: what was checked last is not in the log any more. */
export type Came = 'more' | 'end' | 'gone';

/**
 * One pass over the audit log from its beginning, in steps: the same checks as verifyLog makes of all of it at once. Whoever
 * has come to the end goes on from there as the log grows. It holds the last head, the tree up to it, and what was found;
 * nothing that grows with the log.
 */
export class LogPass {
  readonly findings: AuditFinding[] = [];
  /** Numbers of heads that declare a restore, each with the last head that it kept. */
  readonly restores: { readonly head: number; readonly after: number }[] = [];
  readonly #db: Queryable;
  readonly #leaves = new LeafPages();
  #head: AuditHead | undefined;
  #keys: readonly AuditKey[] = [];
  #tree: MerkleTree | undefined;
  #events = 0;
  /** Heads without events, of which an archive must tell. */
  #absent: { readonly from: AuditHead; readonly to: AuditHead }[] = [];
  readonly #statements: { readonly statement: ArchiveStatement; readonly head: number }[] = [];

  constructor(db: Queryable) {
    this.#db = db;
  }

  /** The last head that was checked. */
  get head(): AuditHead | undefined {
    return this.#head;
  }

  /** Events that were found in their place. */
  get events(): number {
    return this.#events;
  }

  /** Checks some of what comes next. */
  async step(): Promise<Came> {
    const after = this.#head?.number ?? 0;
    // The head that it came to is read once more: a log that is another one now is not gone on with.
    const found = await headsAfter(this.#db, Math.max(0, after - 1), HEADS + 1);
    if (this.#head !== undefined) {
      const here = found.shift();
      if (here === undefined || headHash(here) !== headHash(this.#head)) return 'gone';
    }
    if (found.length === 0) {
      await this.#settleAbsent();
      return 'end';
    }
    const page = pagesOf(found, { first: this.#head, archived: await archivedHead(this.#db) }).next().value;
    if (page === undefined) return 'end';
    const isLast = page.isEnd && found.length < HEADS;
    const { events, start, hashes } = await sealedEvents(this.#db, { ...page, isEnd: isLast });
    this.#chain(page.heads);
    this.#leaves.add(start, hashes);
    const part = { before: this.#head };
    const verifier = new LogVerifier({
      heads: page.heads,
      leafAt: this.#leaves.at,
      keys: this.#keys,
      part,
      ...(this.#tree !== undefined && { tree: this.#tree }),
    });
    for (const [index, event] of events.entries()) {
      verifier.event(event);
      if (index % AT_ONCE === AT_ONCE - 1) await nextTurn();
    }
    verifier.end();
    this.#take(verifier);
    this.#head = page.heads.at(-1);
    if (!isLast) return 'more';
    await this.#settleAbsent();
    return 'end';
  }

  #chain(heads: readonly AuditHead[]): void {
    const head = this.#head;
    const chain = new HeadChain(head === undefined ? {} : { after: { head, keys: this.#keys } });
    for (const each of heads) chain.add(each);
    chain.end();
    this.#keys = [...chain.keys];
    this.#find(chain.findings);
    for (const { number, restore } of chain.restores)
      if (restore !== undefined) this.restores.push({ head: number, after: restore.after });
  }

  #take(verifier: LogVerifier): void {
    this.#events += verifier.events;
    this.#tree = verifier.tree;
    this.#find(verifier.findings);
    this.#statements.push(...verifier.statements);
    const from = verifier.absent[0];
    const to = verifier.absent.at(-1);
    if (from !== undefined && to !== undefined) this.#absent.push({ from, to });
  }

  /** Heads without any event were archived, as a whole event under a later head says, signed with a key of the log; or they are gone. */
  async #settleAbsent(): Promise<void> {
    if (this.#absent.length === 0) return;
    const proven: ArchiveStatement[] = [];
    for (const { statement, head } of this.#statements) {
      const heads = await headsAfter(this.#db, statement.to - 1, 1);
      if (head > statement.to && isArchiveProven(statement, { keys: this.#keys, heads })) proven.push(statement);
    }
    for (const { from, to } of this.#absent) {
      if (isCovered(proven, { from: from.number, to: to.number })) continue;
      const which =
        from.number === to.number
          ? `head ${from.number} (${from.at})`
          : `the heads ${from.number} (${from.at}) to ${to.number} (${to.at})`;
      this.#find([findingOf('deleted', `All events of ${which} are gone.`, { head: from.number })]);
    }
    this.#absent = [];
  }

  #find(found: readonly AuditFinding[]): void {
    this.findings.push(...found.slice(0, Math.max(0, MOST_FINDINGS - this.findings.length)));
  }
}

/** Whether statements leave none of these heads out. */
function isCovered(proven: readonly ArchiveStatement[], { from, to }: { from: number; to: number }): boolean {
  let next = from;
  for (const statement of proven.toSorted((one, other) => one.from - other.from))
    if (statement.from <= next && statement.to >= next) next = statement.to + 1;
  return next > to;
}
