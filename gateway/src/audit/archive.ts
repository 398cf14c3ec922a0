import { sign } from 'node:crypto';
import { resolve } from 'node:path';
import { type Actor, GuichetError } from '@guichet/contract';
import { type AuditHead, archiveBytes, HeadChain, headHash } from '@guichet/contract/audit-log';
import type { Database } from '../db/index.ts';
import { type Archive, archivesIn } from './archive-files.ts';
import { BEHIND, LAST_ARCHIVE, LAST_BEFORE, LIVE, RECORD, RECORD_ANEW, RECORD_EVENT, SEALED_BY } from './archive-statements.ts';
import { inTurn } from './archive-turn.ts';
import type { HeldKey } from './audit-keys.ts';
import { dropArchived, goneOnWith, refuseUndroppable } from './drop-archived.ts';
import { checkArchive, madeArchive, notWhole, startOf } from './make-archive.ts';
import { allHeads } from './sealed-log.ts';

export interface ArchiveOptions {
  readonly db: Database;
  /** Of the same database. */
  readonly url: string;
  readonly keys: readonly HeldKey[];
  /** The first of a month, UTC. */
  readonly before: Date;
  readonly folder: string;
  /** Readers of the log that must have been told all of it. */
  readonly readers: readonly LogReader[];
  readonly by: Actor;
  /** Comes back when what was written is sealed. */
  readonly untilSealed: (isSealed: () => Promise<boolean>) => Promise<void>;
  readonly onProgress?: (text: string) => void;
}

export interface LogReader {
  /** Of its cursor, in audit_cursors. */
  readonly name: string;
  /** Where it begins when it has no cursor yet. */
  readonly from: 'beginning' | 'now';
}

/** What was done. */
export interface ArchiveReport {
  /** Undefined when there was nothing to archive. */
  readonly archive: Archive | undefined;
  readonly before: Date;
  /** What kept it from going further, in words. */
  readonly heldBy: string | undefined;
}

interface Recorded {
  readonly from: number;
  readonly to: number;
  readonly before: Date;
  readonly manifest: string;
  readonly event: string;
  readonly droppedAt: Date | null;
}

/**
 * Archives the events of whole heads from before a month, and takes them out of the database:
 *
 *   write --> read back and check --> name --> record (an event, signed) --> wait for its head --> drop
 *
 * Whoever dies on the way leaves everything in the database, or a whole archive of which a sealed event says so; the next
 * one goes on from there.
 */
export const archiveAudit = (options: ArchiveOptions): Promise<ArchiveReport> => inTurn(options.url, () => archiveAlone(options));

async function archiveAlone(options: ArchiveOptions): Promise<ArchiveReport> {
  const { db } = options;
  const chain = await wholeChain(db);
  const [last] = await db.query<Recorded>(LAST_ARCHIVE);
  if (last !== undefined && last.droppedAt === null)
    return { archive: await goOn(options, { chain, recorded: last }), before: last.before, heldBy: undefined };
  const { before, heldBy } = await limited(db, options.before);
  const from = (last?.to ?? 0) + 1;
  const to = (await db.query<{ head: number }>(LAST_BEFORE, [before]))[0]?.head ?? 0;
  const head = chain.heads[to - 1];
  if (to < from || head === undefined) return { archive: undefined, before, heldBy };
  const range = { chain, from, head, before };
  await refuseBehind(options, before);
  await refuseUndroppable(db, { from, to, events: head.size - startOf(range), before });
  const archive = await madeArchive(options, range);
  const recorded = await record(options, { archive, head });
  return { archive: await finish(options, { chain, recorded, archive }), before, heldBy };
}

/** An archive is recorded whose events are still in the database. */
async function goOn(options: ArchiveOptions, { chain, recorded }: { chain: HeadChain; recorded: Recorded }): Promise<Archive> {
  const { db, folder, onProgress = () => {} } = options;
  const { from, to, before } = recorded;
  const head = chain.heads[to - 1];
  if (head === undefined) throw notWhole(`an archive is recorded of head ${to}, which is not there.`);
  onProgress('An archive is recorded whose events are still in the database: going on with it.');
  await refuseBehind(options, before);
  const found = (await archivesIn(folder)).find(({ digest }) => digest === recorded.manifest);
  if (found !== undefined) return finish(options, { chain, recorded, archive: found });
  // It was lost, or is in another folder. All of its events are here: nothing is lost with it.
  onProgress(`It is not in ${resolve(folder)}: writing it again.`);
  await refuseUndroppable(db, { from, to, events: head.size - startOf({ chain, from }), before });
  const archive = await madeArchive(options, { chain, from, head, before });
  const again = archive.digest === recorded.manifest ? recorded : await record(options, { archive, head, instead: recorded });
  return finish(options, { chain, recorded: again, archive });
}

/** All heads; rejects when they are no chain that holds. */
async function wholeChain(db: Database): Promise<HeadChain> {
  const chain = new HeadChain();
  for await (const head of allHeads(db)) chain.add(head);
  chain.end();
  const [finding] = chain.findings;
  if (finding !== undefined) throw notWhole(finding.message);
  return chain;
}

/** What requests still need stays: the log is archived up to the month of the oldest of them. */
async function limited(db: Database, before: Date): Promise<{ before: Date; heldBy: string | undefined }> {
  const [live] = await db.query<{ number: string; state: string; at: Date }>(LIVE);
  if (live === undefined) return { before, heldBy: undefined };
  const month = new Date(Date.UTC(live.at.getUTCFullYear(), live.at.getUTCMonth(), 1));
  if (month >= before) return { before, heldBy: undefined };
  return {
    before: month,
    heldBy: `REQ-${live.number} (${live.state}) of ${live.at.toISOString().slice(0, 10)} has not come to its end`,
  };
}

async function refuseBehind({ db, readers }: ArchiveOptions, before: Date): Promise<void> {
  const names = readers.map(({ name }) => name);
  const fromNow = readers.map(({ from }) => from === 'now');
  const behind = await db.query<{ name: string }>(BEHIND, [before, names, fromNow]);
  if (behind.length > 0)
    throw new GuichetError(
      'usage.invalid',
      `Not everybody has been told these events yet: ${behind.map(({ name }) => name).join(', ')}.`,
      {
        remedy:
          'Run a gateway with this configuration until the sinks have taken them (guichet_audit_sink_lag_seconds), or take a sink out of it.',
      },
    );
}

/**
 * The event that says what was archived, signed with the key of the log, and what the database keeps of it: for the first time,
 * or instead of one of the same heads that was lost.
 */
async function record(
  { db, keys, by }: ArchiveOptions,
  { archive, head, instead }: { archive: Archive; head: AuditHead; instead?: Recorded },
): Promise<Recorded> {
  const { manifest, digest } = archive;
  const { from, to, before } = manifest;
  const key = keys.find(({ kid }) => kid === (head.announces?.kid ?? head.key));
  if (key === undefined) throw notWhole(`its head ${to} is signed with a key that is not here.`);
  const unsigned = {
    from,
    to,
    head: headHash(head),
    events: manifest.size - manifest.start,
    before,
    manifest: digest,
    key: key.kid,
  };
  const data = { ...unsigned, signature: sign(null, archiveBytes(unsigned), key.secret).toString('base64') };
  const event = await db.transaction(async (tx) => {
    const [row] = await tx.query<{ id: string }>(RECORD_EVENT, [by.id, by.name, JSON.stringify(data)]);
    if (row === undefined) throw new GuichetError('internal', 'The event of the archive was not written.');
    if (instead === undefined) await tx.query(RECORD, [from, to, before, digest, row.id]);
    else if ((await tx.query(RECORD_ANEW, [from, digest, row.id, instead.event])).length === 0) throw goneOnWith();
    return row.id;
  });
  return { from, to, before: new Date(before), manifest: digest, event, droppedAt: null };
}

/** Waits until the archive is under a head, looks at the archive once more, and takes its events out of the database. */
async function finish(
  { db, untilSealed, onProgress = () => {} }: ArchiveOptions,
  { chain, recorded, archive }: { chain: HeadChain; recorded: Recorded; archive: Archive },
): Promise<Archive> {
  await checkArchive(db, archive, chain);
  onProgress('Waiting until the archive is recorded under a head …');
  await untilSealed(async () => {
    const rows = await db.query<{ number: number }>(SEALED_BY, [recorded.event]);
    return rows.some(({ number }) => number > recorded.to);
  });
  await dropArchived(db, { ...recorded, events: archive.manifest.size - archive.manifest.start });
  return archive;
}
