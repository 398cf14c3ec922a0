import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Actor, GuichetError } from '@guichet/contract';
import { type AuditHead, checkedKey, HeadChain, inOrder, readHead, unknownRestores } from '@guichet/contract/audit-log';
import { withKeys } from './app.ts';
import {
  type ArchiveReport,
  acceptRestore,
  archiveAudit,
  archivedLines,
  destinationsOf,
  type KeyVault,
  loadAuditKeys,
  refuseWhatIsNotLost,
  rotateAuditKey,
  SealLoop,
  sequenceIn,
  type Verified,
  verifyLog,
} from './audit/index.ts';
import type { Config } from './config.ts';
import type { Database, Transaction } from './db/index.ts';
import { whyUnreadable } from './findings/index.ts';
import { type AfterRestore, afterRestore, afterRestoreInWords } from './restored.ts';

const OPERATOR: Actor = { id: 'system', name: 'operator' };

export interface VerifyFlags {
  readonly heads: string | undefined;
  readonly key: string | undefined;
  /** Heads of restores that the operator knows of. */
  readonly restores?: readonly number[] | undefined;
  /** A folder of archives. */
  readonly archive?: string | undefined;
  readonly onProgress: (text: string) => void;
}

/** `verify-audit`: checks the log straight from the database, without a gateway. What came out, in words. */
export async function verifyAudit(
  config: Config,
  { heads, key: given, restores, archive, onProgress }: VerifyFlags,
): Promise<{ ok: boolean; text: string }> {
  const key = checkedKey(given);
  const published = heads === undefined ? undefined : publishedHeads(heads, key);
  const archived = archive === undefined ? undefined : archivedLines(await sequenceIn(archive));
  const started = performance.now();
  const verified = await withKeys(config, async ({ db }) =>
    verifyLog(db, {
      key,
      published: published?.heads,
      archived,
      onProgress: (events, of) => {
        if (performance.now() - started > 1000)
          onProgress(`Checked ${events.toLocaleString('en')} of ${of.toLocaleString('en')} events …`);
      },
    }),
  );
  const unknown = unknownRestores(verified.restores, restores);
  const findings = [...(published?.findings ?? []), ...verified.findings, ...unknown];
  return { ok: findings.length === 0, text: inWords({ ...verified, findings }, unknown.length < verified.restores.length) };
}

function inWords({ events, heads, findings, key, restores, notes, archived }: Verified, hasKnown: boolean): string {
  const lines = findings.map(({ kind, message }) => `${kind.replaceAll('_', ' ')}  ${message}`);
  const sum = `${events.toLocaleString('en')} events, ${heads.toLocaleString('en')} heads`;
  const end =
    findings.length === 0
      ? `${sum}, ${archived === undefined ? 'all hold' : 'what is here holds'}. The key is ${key ?? 'none yet'}.`
      : `${sum}: the log does not hold.`;
  const known = hasKnown ? [`Restores that are declared: by head ${restores.map(({ number }) => number).join(', ')}.`] : [];
  return `${[...lines, ...known, ...notes, end].join('\n')}\n`;
}

function publishedHeads(path: string, key: string | undefined): HeadChain {
  let text: string;
  let isFolder = false;
  try {
    isFolder = statSync(path).isDirectory();
    const files = isFolder
      ? readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => /\.jsonl?$/.test(name))
      : [];
    text = isFolder ? files.map((name) => readFileSync(join(path, name), 'utf8')).join('\n') : readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GuichetError('usage.invalid', `${path} cannot be read: ${whyUnreadable(cause)}.`, { cause });
  }
  const chain = new HeadChain({ key });
  const heads = text.split('\n').flatMap((line) => headOf(line) ?? []);
  for (const head of isFolder ? inOrder(heads) : heads) chain.add(head);
  if (chain.heads.length === 0) throw new GuichetError('usage.invalid', `${path} holds no head of an audit log.`);
  chain.end();
  return chain;
}

/** Half a line, which a gateway left that died while it wrote, is no head. */
function headOf(line: string): AuditHead | undefined {
  try {
    return readHead(JSON.parse(line));
  } catch {
    return undefined;
  }
}

const MONTH = /^(\d{4})-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?$/;
/** A gateway that runs seals every second; one that does not is not needed. */
const SEALS_WITHIN_MS = 90_000;
const LOOK_MS = 500;

/** `archive-audit`: what was done, in words. */
export async function archiveAuditLog(
  config: Config,
  { before, to, onProgress }: { before: string | undefined; to: string | undefined; onProgress: (text: string) => void },
): Promise<string> {
  const [, year, month] = MONTH.exec(before ?? '') ?? [];
  if (year === undefined || month === undefined)
    throw new GuichetError('usage.invalid', 'Say before which month events are archived.', {
      remedy: 'Pass --before 2026-03: what is older than March 1st, UTC.',
    });
  if (to === undefined)
    throw new GuichetError('usage.invalid', 'Say where the archive goes.', { remedy: 'Pass --to FOLDER, on another disk.' });
  const until = new Date(Date.UTC(Number(year), Number(month) - 1, 1));
  const { keep } = config.audit;
  if (until.getTime() > Date.now() - keep)
    throw new GuichetError('usage.invalid', `Events of the last ${keep / 86_400_000} days are not archived (audit.keep).`, {
      remedy: `Pass a month up to ${new Date(Date.now() - keep).toISOString().slice(0, 7)}.`,
    });
  const report = await withKeys(config, async ({ db, sealer, url }) =>
    archiveAudit({
      db,
      url,
      keys: await loadAuditKeys(db, sealer),
      before: until,
      folder: resolve(to),
      readers: config.auditSinks.map(({ name, from }) => ({ name: `sink:${name}`, from })),
      by: OPERATOR,
      untilSealed: (isSealed) => seal({ config, db, sealer, url }, isSealed),
      onProgress,
    }),
  );
  return archiveInWords(report);
}

/** Seals as a gateway does until something is sealed; while a gateway does it, this waits for it. */
async function seal<Envelope>(
  { config, db, sealer, url }: { config: Config; db: Database; sealer: KeyVault<Envelope>; url: string },
  isSealed: () => Promise<boolean>,
): Promise<void> {
  const destinations = destinationsOf(config.audit, { folder: config.folder, db, vault: sealer });
  const loop = new SealLoop({ url, db, vault: sealer, destinations, onNews: () => {}, onError: () => {} });
  loop.start();
  try {
    const started = performance.now();
    while (!(await isSealed())) {
      if (performance.now() - started > SEALS_WITHIN_MS)
        throw new GuichetError(
          'internal',
          `The archive was written, and is not under a head yet${loop.problem === undefined ? '' : `: ${loop.problem}`}.`,
          {
            remedy: 'Nothing was taken out of the database. Run archive-audit again: it goes on from here.',
          },
        );
      await wait(LOOK_MS);
    }
  } finally {
    await loop.stop();
  }
}

function archiveInWords({ archive, before, heldBy }: ArchiveReport): string {
  const held = heldBy === undefined ? '' : `Not further, for ${heldBy}.\n`;
  if (archive === undefined) return `Nothing to archive from before ${before.toISOString().slice(0, 10)}.\n${held}`;
  const { from, to, start, size } = archive.manifest;
  return `${(size - start).toLocaleString('en')} events from before ${archive.manifest.before.slice(0, 10)}, under the heads ${from} to ${to}, are in ${archive.path}, and not in the database any more.
${held}Keep the folder: verify-audit --archive and guichet audit verify --archive check the log with it. Its manifest has the SHA-256 ${archive.digest}.\n`;
}

/** `accept-restore`: what was done, in words. */
export async function acceptAuditRestore(
  config: Config,
  { lost, reason }: { lost: string | undefined; reason: string | undefined },
): Promise<string> {
  if (reason === undefined || reason.trim().length < 10)
    throw new GuichetError('usage.invalid', 'Say why in at least 10 characters: it is recorded and signed.', {
      remedy: 'Pass --reason "Restored from the backup of 03:00 after the disk failed".',
    });
  const accepted = { lostHash: lost?.trim() ?? '', reason: reason.trim(), by: OPERATOR };
  let ended: AfterRestore = { voided: [], underWay: [], held: [], paused: [] };
  const within = async (tx: Transaction) => {
    ended = await afterRestore(tx);
    return { ...ended };
  };
  await withKeys(config, async ({ db, sealer: vault }) => {
    const destinations = destinationsOf(config.audit, { folder: config.folder, db, vault });
    await refuseWhatIsNotLost(db, { lostHash: accepted.lostHash, destinations, vault });
    await acceptRestore(db, { ...accepted, vault, within });
  });
  return `Recorded. The next head says which published heads are lost; a gateway that runs goes on within seconds.\n${afterRestoreInWords(ended)}`;
}

/** `rotate-audit-key`: what was done, in words. */
export async function rotateKeyOfAudit(config: Config): Promise<string> {
  const key = await withKeys(config, ({ db, sealer }) => rotateAuditKey(db, sealer, OPERATOR));
  return `A new key: ${key.public} (${key.kid}). The next head announces it, signed by the one before; those after it are signed by it.\n`;
}
