import { GuichetError, type LedgerEntry, type Principal, type Reconciled, type ReconcileFinding } from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import { askLedger, type Catalog, type Grants, type ProviderSource } from '../catalog/index.ts';
import type { Database } from '../db/index.ts';
import { suggestion } from '../findings/index.ts';
import { denied, type Policy } from '../policy/index.ts';
import { badReceipt, compareEnds, foreignEntry, recordedReceipt, unknownToLedger } from './compare.ts';
import { checkReceipt } from './judge.ts';
import { keysOf } from './key-store.ts';
import { grantsById, grantsIssued, type IssuedGrant, runsBeforeGrants } from './reconcile-store.ts';

const DAY_MS = 86_400_000;
/** A grant is used at most so long after it was issued, the difference of clocks included. */
const APART_MS = 180_000;
/** As much as one call looks at, and as long as it takes. */
const ENOUGH = 2000;
const ENOUGH_MS = 10_000;
const PAGE = '500';
/** The ledger of one day; a provider that answers without end is not read without end. */
const MOST_PAGES = 2000;

export interface ReconcilerOptions {
  readonly db: Database;
  readonly catalog: Catalog;
  readonly grants: Grants;
  readonly policy: Policy;
}

type Mutable = { -readonly [Name in keyof Reconciled]: Reconciled[Name] };
interface Span {
  readonly from: Date;
  readonly to: Date;
}
interface Ledger {
  readonly entries: readonly LedgerEntry[];
  /** It knows of nothing before, in ms. */
  readonly knowsFrom: number;
  readonly damaged: number;
}

/** Holds the gateway's record of grants against the ledgers of providers. */
export class Reconciler {
  readonly #options: ReconcilerOptions;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** The next part of a comparison. It is recorded before its answer leaves. */
  async reconcile(
    principal: Principal,
    { provider, since, cursor }: { provider?: string | undefined; since: string; cursor?: string | undefined },
  ): Promise<Reconciled> {
    const decision = this.#options.policy.decide({ operation: 'audit.see', principal });
    if (decision.effect !== 'permit') throw denied(decision);
    const all = this.#sources(provider);
    const sources = all.filter(({ hasLedger }) => hasLedger);
    const skipped = all
      .filter(({ hasLedger }) => !hasLedger)
      .map(({ source, unavailable }) => ({
        provider: source.name,
        reason: unavailable ?? 'It keeps no ledger that could be read.',
      }));
    const answer: Mutable = { provider: null, through: null, grants: 0, entries: 0, findings: [], skipped, next: null };
    const now = Date.now();
    const startedAt = performance.now();
    let at = placeOf(cursor) ?? { provider: sources[0]?.source.name ?? '', from: new Date(since) };
    for (let index = sources.findIndex(({ source }) => source.name === at.provider); index >= 0 && index < sources.length; ) {
      const source = sources[index]?.source;
      if (source === undefined) break;
      const to = new Date(Math.min(at.from.getTime() + DAY_MS, now));
      const readable = await this.#day(principal, source, { from: at.from, to }, answer);
      answer.provider = source.name;
      answer.through = to.toISOString();
      const isOver = to.getTime() >= now || !readable;
      if (isOver) index += 1;
      at = { provider: sources[index]?.source.name ?? '', from: isOver ? new Date(since) : to };
      const enough = answer.grants + answer.entries >= ENOUGH || performance.now() - startedAt >= ENOUGH_MS;
      if (enough && index < sources.length) {
        answer.next = `${at.provider}|${at.from.toISOString()}`;
        break;
      }
    }
    await this.#record(principal, { provider: provider ?? null, since, cursor: cursor ?? null }, answer);
    return answer;
  }

  #sources(provider: string | undefined): Catalog['ledgers'] {
    const all = this.#options.catalog.ledgers;
    if (provider === undefined) return all;
    const names = all.map(({ source }) => source.name);
    if (names.includes(provider)) return all.filter(({ source }) => source.name === provider);
    const remedy = suggestion(provider, names) ?? `There are: ${names.join(', ')}.`;
    throw new GuichetError('input.invalid', `There is no provider '${provider}'.`, {
      remedy,
      errors: [{ field: '/provider', message: 'There is no such provider.', remedy }],
    });
  }

  /** Looks at a day of one provider. False when its ledger cannot be read. */
  async #day(principal: Principal, source: ProviderSource, span: Span, answer: Mutable): Promise<boolean> {
    const { db } = this.#options;
    const { name: provider } = source;
    let ledger: Ledger;
    try {
      ledger = await this.#read(principal, source, span);
    } catch (error) {
      if (!(error instanceof GuichetError)) throw error;
      answer.findings.push(unreadable(provider, error));
      return false;
    }
    if (ledger.damaged > 0) answer.findings.push(damagedLedger(provider, ledger.damaged, span));
    const within = (time: number): boolean => time >= span.from.getTime() && time < span.to.getTime();
    const own = ledger.entries.filter(({ startedAt }) => within(Date.parse(startedAt)));
    const known = await grantsById(
      db,
      own.map(({ grant }) => grant),
    );
    answer.entries += own.length;
    answer.findings.push(...(await this.#lookAtEntries(provider, own, known)));
    const issued = await grantsIssued(db, provider, span);
    answer.grants += issued.length;
    const used = new Set(ledger.entries.map(({ grant }) => grant));
    for (const grant of issued) {
      const missing = used.has(grant.grantId) ? undefined : unknownToLedger(grant, ledger);
      for (const found of [missing, recordedReceipt(grant)]) if (found !== undefined) answer.findings.push(found);
    }
    return true;
  }

  /** The ledger of a day and of the minutes around it: a grant of one day may be used on the next. */
  async #read(caller: Principal, source: ProviderSource, { from, to }: Span): Promise<Ledger> {
    const { grants } = this.#options;
    const query = {
      since: new Date(from.getTime() - APART_MS).toISOString(),
      until: new Date(to.getTime() + APART_MS).toISOString(),
      limit: PAGE,
    };
    const entries: LedgerEntry[] = [];
    let damaged = 0;
    let knowsFrom = 0;
    let cursor: string | null = null;
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const asked: typeof query & { cursor?: string } = { ...query, ...(cursor !== null && { cursor }) };
      const page = await askLedger({ grants, source, query: asked, caller });
      entries.push(...page.entries);
      damaged += page.damaged ?? 0;
      if (page.knowsFrom !== undefined) knowsFrom = Date.parse(page.knowsFrom);
      cursor = page.next;
      if (cursor === null) break;
    }
    return { entries, damaged, knowsFrom };
  }

  async #lookAtEntries(
    provider: string,
    entries: readonly LedgerEntry[],
    known: ReadonlyMap<string, IssuedGrant>,
  ): Promise<ReconcileFinding[]> {
    const keys = await keysOf(this.#options.db, provider);
    const findings: ReconcileFinding[] = [];
    const unrecorded = entries.filter(({ grant }) => !known.has(grant));
    const older = await runsBeforeGrants(this.#options.db, provider, unrecorded);
    for (const entry of entries) {
      const grant = known.get(entry.grant);
      if (grant === undefined && older.has(entry.run)) continue;
      const foreign = foreignEntry(provider, entry, grant);
      if (foreign !== undefined || grant === undefined) {
        if (foreign !== undefined) findings.push(foreign);
        continue;
      }
      const ends = compareEnds(entry, grant);
      if (ends !== undefined) findings.push(ends);
      if (entry.receipt === null || grant.verdict === 'refused') continue;
      const claims = await checkReceipt({ token: entry.receipt, keys, issuedAt: grant.issuedAt });
      if (typeof claims === 'string') findings.push(badReceipt(grant, claims));
      else if (
        claims.grant !== entry.grant ||
        claims.run !== entry.run ||
        claims.status !== entry.status ||
        claims.result !== entry.result
      )
        findings.push(badReceipt(grant, 'it says something else than the entry beside it.'));
    }
    return findings;
  }

  async #record(principal: Principal, asked: Readonly<Record<string, unknown>>, answer: Reconciled): Promise<void> {
    const { grants, entries, findings, skipped, through, next } = answer;
    const kinds: Record<string, number> = {};
    const open = findings.filter(({ resolved }) => resolved === undefined);
    for (const { kind } of open) kinds[kind] = (kinds[kind] ?? 0) + 1;
    await appendAudit(this.#options.db, {
      type: 'audit.reconciled',
      actor: { id: principal.id, name: principal.name },
      outcome: open.length === 0 ? 'ok' : 'failed',
      data: {
        ...asked,
        through,
        grants,
        entries,
        findings: open.length,
        resolved: findings.length - open.length,
        kinds,
        skipped: skipped.map(({ provider }) => provider),
        isLast: next === null,
      },
    });
  }
}

function placeOf(cursor: string | undefined): { provider: string; from: Date } | undefined {
  if (cursor === undefined) return undefined;
  const [provider = '', time = ''] = cursor.split('|');
  const from = new Date(time);
  if (Number.isNaN(from.getTime()))
    throw new GuichetError('input.invalid', 'The cursor is none of ours.', {
      remedy: 'Leave it out, to begin anew.',
      errors: [{ field: '/cursor', message: 'is not what the part before has given' }],
    });
  return { provider, from };
}

const about = (provider: string) => ({ provider, request: null, run: null, grant: null });

function unreadable(provider: string, error: GuichetError): ReconcileFinding {
  const message = `Its ledger cannot be read: ${error.message}`;
  const remedy = 'Try again when the provider answers; until then nothing can be said of its runs.';
  return { ...about(provider), kind: 'ledger_unreadable', at: null, message, remedy };
}

function damagedLedger(provider: string, lines: number, { from }: Span): ReconcileFinding {
  return {
    ...about(provider),
    kind: 'ledger_damaged',
    at: from.toISOString(),
    message: `${lines} ${lines === 1 ? 'line' : 'lines'} of its ledger cannot be read.`,
    remedy: 'A crash leaves half a line, whose run never began. More than that, and somebody has changed the file: ask its team.',
  };
}
