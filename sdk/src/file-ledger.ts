import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LedgerPage, LedgerQuery } from '@guichet/contract';
import type { Ledger, LedgerIntent, LedgerRecord } from './ledger.ts';
import { LedgerSegment, type SegmentEntry } from './ledger-segment.ts';
import { RunIndex } from './run-index.ts';
import { livenessOf, SELF } from './writer-process.ts';

export interface FileLedgerOptions {
  /** Files of days longer ago are removed; 90 when absent. */
  readonly keepDays?: number | undefined;
  readonly now?: () => number;
}

const DAY_MS = 86_400_000;
/** Runs that this process is at. */
const AT_WORK = new Set<string>();
const FILE = /^([0-9]{4}-[0-9]{2}-[0-9]{2})\.jsonl$/;
const PAGE = 500;

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);
const days = (day: string, by: number): string => dayOf(Date.parse(day) + by * DAY_MS);

/**
 * A ledger in a folder, for any number of processes of one machine (or of a file system that appends atomically; NFS does
 * not). A run is in the file of the day on which its grant was issued, so that all who may claim it look at the same file.
 */
export function fileLedger(folder: string, { keepDays = 90, now = Date.now }: FileLedgerOptions = {}): Ledger {
  const madeAt = openFolder(folder, now);
  const segments = new Map<string, LedgerSegment>();
  let older: { day: string; segment: LedgerSegment } | undefined;
  /** Of days that are long ago: no run begins there any more. */
  const indexes = new Map<string, RunIndex>();
  let sweptOn = '';
  const synced = new Set<string>();

  /** Files of these days are written to: of yesterday, for a grant lives across midnight; of tomorrow, for clocks differ. */
  const isRecent = (day: string): boolean => day >= days(dayOf(now()), -2) && day <= days(dayOf(now()), 2);

  async function segmentOf(day: string): Promise<LedgerSegment> {
    const known = segments.get(day) ?? (older?.day === day ? older.segment : undefined);
    const segment = known ?? new LedgerSegment(join(folder, `${day}.jsonl`));
    // Of what is long ago one file is kept at hand: it is read page by page.
    if (isRecent(day)) segments.set(day, segment);
    else older = { day, segment };
    await segment.read();
    return segment;
  }

  function recorded(): string[] {
    const found = readdirSync(folder).flatMap((name) => FILE.exec(name)?.[1] ?? []);
    return found.sort();
  }

  function sweep(): void {
    const today = dayOf(now());
    if (sweptOn === today) return;
    sweptOn = today;
    for (const day of recorded()) if (day < days(today, -keepDays)) rmSync(join(folder, `${day}.jsonl`), { force: true });
    for (const day of segments.keys()) if (!isRecent(day)) segments.delete(day);
    for (const day of indexes.keys()) if (day < days(today, -keepDays)) indexes.delete(day);
  }

  /** A file that is not there yet has to be found again after a power cut too. */
  async function append(day: string, line: Parameters<LedgerSegment['append']>[0]): Promise<LedgerSegment> {
    const segment = await segmentOf(day);
    await segment.append(line);
    if (!synced.has(day)) syncFolder(folder);
    synced.add(day);
    await segment.read();
    return segment;
  }

  async function find(run: string): Promise<{ day: string; entry: SegmentEntry } | undefined> {
    for (const day of recorded().reverse()) {
      if (indexes.get(day)?.mayHave(run) === false) continue;
      const segment = await segmentOf(day);
      if (!isRecent(day) && !indexes.has(day)) indexes.set(day, new RunIndex(segment.runs));
      const entry = segment.run(run);
      if (entry !== undefined && !entry.isVoid) return { day, entry };
    }
    return undefined;
  }

  return {
    async begin(intent) {
      sweep();
      const issuedAt = Date.parse(intent.issuedAt);
      if (issuedAt < madeAt) return false;
      const day = dayOf(issuedAt);
      const beside = [days(day, -1), days(day, 1)];
      const own = await segmentOf(day);
      const others = await Promise.all(beside.map(segmentOf));
      // Only to spare the line: what counts is the order of lines.
      if ([own, ...others].some((segment) => segment.knows(intent))) return false;
      const id = randomUUID();
      AT_WORK.add(intent.run);
      try {
        await append(day, { t: 'begin', id, by: SELF, intent });
        const isFirst = own.run(intent.run)?.id === id;
        if (isFirst && !(await knownIn(others, intent))) return true;
        // Between two files there is no order: neither of the two goes on.
        if (isFirst) await append(day, { t: 'void', id });
      } catch (error) {
        AT_WORK.delete(intent.run);
        throw error;
      }
      if (own.run(intent.run)?.by.process !== SELF.process || own.run(intent.run)?.isVoid) AT_WORK.delete(intent.run);
      return false;
    },

    async end(run, outcome) {
      try {
        const found = await find(run);
        if (found !== undefined) await append(found.day, { t: 'end', run, outcome });
      } finally {
        // Written down or not, the handler is over.
        AT_WORK.delete(run);
      }
    },

    async close(run) {
      if ((await find(run)) !== undefined) return false;
      const segment = await append(dayOf(now()), { t: 'close', run });
      return segment.closed.has(run) && (await find(run)) === undefined;
    },

    async find(run) {
      const found = await find(run);
      return found && toRecord(found.entry, now());
    },

    list: async (query) => {
      const page = await list(query, { recorded, segmentOf, now });
      const kept = Date.parse(days(dayOf(now()), -keepDays));
      return { ...page, knowsFrom: new Date(Math.max(madeAt, kept)).toISOString() };
    },
  };
}

async function knownIn(others: readonly LedgerSegment[], intent: LedgerIntent): Promise<boolean> {
  await Promise.all(others.map((segment) => segment.read()));
  return others.some((segment) => segment.knows(intent));
}

interface Files {
  recorded(): string[];
  segmentOf(day: string): Promise<LedgerSegment>;
  now(): number;
}

/** Cursors are `DAY:INDEX`: lines are only appended, so that an entry keeps its place. */
async function list(query: LedgerQuery, { recorded, segmentOf, now }: Files): Promise<LedgerPage> {
  const since = Date.parse(query.since);
  const until = query.until === undefined ? Number.POSITIVE_INFINITY : Date.parse(query.until);
  const limit = Math.min(1000, Math.max(1, Number(query.limit ?? PAGE)));
  const [from = days(dayOf(since), -1), start = '0'] = query.cursor?.split(':') ?? [];
  const last = Number.isFinite(until) ? days(dayOf(until), 1) : '9999-12-31';
  const page: LedgerPage = { entries: [], next: null };
  let damaged = 0;
  for (const day of recorded().filter((each) => each >= from && each <= last)) {
    const segment = await segmentOf(day);
    const first = day === from ? Number(start) : 0;
    if (first === 0) damaged += segment.damaged;
    for (let index = first; index < segment.entries.length; index += 1) {
      const entry = segment.entries[index];
      if (entry === undefined || entry.isVoid) continue;
      const at = Date.parse(entry.intent.startedAt);
      if (at < since || at >= until) continue;
      if (page.entries.length === limit) return { ...page, next: `${day}:${index}`, ...(damaged > 0 && { damaged }) };
      const { told: _, handler: __, ...shown } = toRecord(entry, now());
      page.entries.push(shown);
    }
  }
  return { ...page, ...(damaged > 0 && { damaged }) };
}

function toRecord({ intent, outcome, by }: SegmentEntry, now: number): LedgerRecord {
  const { issuedAt: _, deadlineAt, ...subject } = intent;
  if (outcome !== undefined) return { ...subject, ...outcome, handler: 'over' };
  const handler = handlerOf(by, { run: intent.run, isLate: now >= Date.parse(deadlineAt) });
  return { ...subject, status: 'started', finishedAt: null, result: null, receipt: null, handler };
}

/** A process that lives may be at it whatever the time: handlers that do not heed their signal are not stopped. */
function handlerOf(by: SegmentEntry['by'], { run, isLate }: { run: string; isLate: boolean }): LedgerRecord['handler'] {
  if (by.process === SELF.process) return AT_WORK.has(run) ? 'running' : 'over';
  const liveness = livenessOf(by);
  if (liveness === 'gone') return 'over';
  return liveness === 'unknown' && isLate ? 'unknown' : 'running';
}

/**
 * When the ledger was made: grants that are older may have been used before, by a process with another ledger. Of two that
 * make it at once one does.
 */
function openFolder(folder: string, now: () => number): number {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'made-at');
  const temporary = `${path}.${randomUUID()}`;
  writeFileSync(temporary, `${new Date(now()).toISOString()}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    linkSync(temporary, path);
    syncFolder(folder);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(temporary);
  }
  const madeAt = Date.parse(readFileSync(path, 'utf8').trim());
  if (Number.isFinite(madeAt)) return madeAt;
  throw new Error(`${path} does not hold a time; remove the folder to begin a new ledger`);
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
