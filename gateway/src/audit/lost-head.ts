import { GuichetError } from '@guichet/contract';
import { type AuditHead, headHash } from '@guichet/contract/audit-log';
import { type Database, statement } from '../db/index.ts';
import { type KeyVault, loadAuditKeys } from './audit-keys.ts';
import { declarationOf } from './declarations.ts';
import type { HeadDestination } from './destinations.ts';
import { isSeenLost } from './restore.ts';

const HASH = /^[0-9a-f]{64}$/;

interface Answers {
  /** What is published and is not here, the latest first. */
  readonly lost: readonly Found[];
  /** What each place that could be asked says, in words. */
  readonly said: readonly string[];
  /** Why places could not be asked. */
  readonly silent: readonly string[];
}

interface Found {
  readonly where: string;
  readonly head: AuditHead;
}

/**
 * Asks where heads are published whether this one is, and is lost: who accepts a restore ends all that waits, which is no
 * small thing where nothing was restored. Rejects with what to do when it is not, or when nobody can say.
 */
export async function refuseWhatIsNotLost<Envelope>(
  db: Database,
  { lostHash, destinations, vault }: { lostHash: string; destinations: readonly HeadDestination[]; vault: KeyVault<Envelope> },
): Promise<void> {
  if (!HASH.test(lostHash))
    throw new GuichetError('usage.invalid', 'Say which head is lost, by its hash: 64 hex digits.', {
      remedy: "Pass --lost HASH; the gateway's log, and guichet audit verify, name it.",
    });
  // A gateway had made it, and has found it gone.
  if (await isSeenLost(db, { vault, lostHash })) return;
  const { lost, said, silent } = await answersOf(db, { destinations, vault });
  const latest = lost[0];
  if (latest !== undefined && headHash(latest.head) === lostHash) return;
  if (said.length === 0)
    throw new GuichetError(
      'config.invalid',
      `No place of audit.heads can be asked whether the head ${lostHash} is published: ${silent.join('; ')}. Nothing was accepted.`,
      {
        remedy:
          'Make one of them readable, or add {file: PATH} to audit.heads with a copy of the heads that they keep, one a line; then say it again.',
      },
    );
  const unasked = silent.length === 0 ? '' : ` Not asked: ${silent.join('; ')}.`;
  throw new GuichetError(
    'usage.invalid',
    `--lost: ${lostHash} is not the last head that is published and not in this database. ${said.join(' ')}${unasked} Nothing was accepted.`,
    {
      remedy:
        latest === undefined
          ? 'When the database was not restored there is nothing to accept. When it was, see that database and audit.heads of the configuration are those of the gateway.'
          : `When the database was restored, pass --lost ${headHash(latest.head)}: head ${latest.head.number} of ${latest.where}.`,
    },
  );
}

async function answersOf<Envelope>(
  db: Database,
  { destinations, vault }: { destinations: readonly HeadDestination[]; vault: KeyVault<Envelope> },
): Promise<Answers> {
  const lost: Found[] = [];
  const said: string[] = [];
  const silent: string[] = [];
  for (const destination of destinations) {
    const { name, isToldOnly = false } = destination;
    if (isToldOnly) {
      silent.push(`${name} cannot be read again`);
      continue;
    }
    try {
      const head = await destination.last(true);
      const isLost = head !== undefined && !(await isAccountedFor(db, { head, vault }));
      if (isLost) lost.push({ where: name, head });
      said.push(
        `${name} ${head === undefined ? 'has no head' : `ends with head ${head.number}, which is ${isLost ? 'lost' : 'not lost'}`}.`,
      );
    } catch (error) {
      silent.push(`${name} does not answer (${error instanceof Error ? error.message : String(error)})`);
    }
  }
  return { lost: lost.toSorted((a, b) => b.head.number - a.head.number), said, silent };
}

const HEAD = statement('audit-head-of-number', 'select head from audit_heads where number = $1');

/** It is in the database, or a restore that lost it is declared already. */
async function isAccountedFor<Envelope>(
  db: Database,
  { head, vault }: { head: AuditHead; vault: KeyVault<Envelope> },
): Promise<boolean> {
  const [here] = await db.query<{ head: AuditHead }>(HEAD, [head.number]);
  if (here !== undefined && headHash(here.head) === headHash(head)) return true;
  return (await declarationOf(db, { lost: head, keys: () => loadAuditKeys(db, vault) })) !== undefined;
}
