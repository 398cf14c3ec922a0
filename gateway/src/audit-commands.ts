import { readFileSync } from 'node:fs';
import { type Actor, GuichetError } from '@guichet/contract';
import { type AuditHead, HeadChain, readHead, unknownRestores } from '@guichet/contract/audit-log';
import { withKeys } from './app.ts';
import { acceptRestore, rotateAuditKey, type Verified, verifyLog } from './audit/index.ts';
import type { Config } from './config.ts';
import { whyUnreadable } from './findings/index.ts';

const OPERATOR: Actor = { id: 'system', name: 'operator' };

export interface VerifyFlags {
  readonly heads: string | undefined;
  readonly key: string | undefined;
  /** Heads of restores that the operator knows of. */
  readonly restores?: readonly number[] | undefined;
  readonly onProgress: (text: string) => void;
}

/** `verify-audit`: checks the log straight from the database, without a gateway. What came out, in words. */
export async function verifyAudit(
  config: Config,
  { heads, key, restores, onProgress }: VerifyFlags,
): Promise<{ ok: boolean; text: string }> {
  const published = heads === undefined ? undefined : publishedHeads(heads, key);
  const started = performance.now();
  const verified = await withKeys(config, async ({ db }) =>
    verifyLog(db, {
      key,
      published: published?.heads,
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

function inWords({ events, heads, findings, key, restores, notes }: Verified, hasKnown: boolean): string {
  const lines = findings.map(({ kind, message }) => `${kind.replaceAll('_', ' ')}  ${message}`);
  const sum = `${events.toLocaleString('en')} events, ${heads.toLocaleString('en')} heads`;
  const end = findings.length === 0 ? `${sum}, all hold. The key is ${key ?? 'none yet'}.` : `${sum}: the log does not hold.`;
  const known = hasKnown ? [`Restores that are declared: by head ${restores.map(({ number }) => number).join(', ')}.`] : [];
  return `${[...lines, ...known, ...notes, end].join('\n')}\n`;
}

function publishedHeads(path: string, key: string | undefined): HeadChain {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GuichetError('usage.invalid', `${path} cannot be read: ${whyUnreadable(cause)}.`, { cause });
  }
  const chain = new HeadChain({ key });
  for (const line of text.split('\n')) {
    const head = headOf(line);
    if (head !== undefined) chain.add(head);
  }
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
  await withKeys(config, ({ db, sealer }) => acceptRestore(db, { ...accepted, vault: sealer }));
  return 'Recorded. The next head says which published heads are lost; a gateway that runs goes on within seconds.\n';
}

/** `rotate-audit-key`: what was done, in words. */
export async function rotateKeyOfAudit(config: Config): Promise<string> {
  const key = await withKeys(config, ({ db, sealer }) => rotateAuditKey(db, sealer, OPERATOR));
  return `A new key: ${key.public} (${key.kid}). The next head announces it, signed by the one before; those after it are signed by it.\n`;
}
