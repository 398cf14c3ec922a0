import { type AuditStatus, GuichetError, type Principal } from '@guichet/contract';
import {
  archivedHead,
  headsAfter,
  lastHead,
  lastSigner,
  proofOf,
  type SealLoop,
  type Standing,
  sealedAfter,
  sealLagOf,
} from '../audit/index.ts';
import type { Database } from '../db/index.ts';
import { denied, type Policy } from '../policy/index.ts';
import type { Handlers } from './call.ts';

const HEADS_A_PAGE = 1000;

export interface AuditServices {
  readonly db: Database;
  readonly policy: Policy;
  readonly sealing: Pick<SealLoop<never>, 'problem'>;
  readonly logCheck: { readonly standing: Standing };
}

/** What somebody needs to check the audit log by themselves. */
export function auditHandlers({
  db,
  policy,
  sealing,
  logCheck,
}: AuditServices): Pick<Handlers, 'audit.status' | 'audit.heads' | 'audit.export' | 'audit.proof'> {
  const refuse = (principal: Principal): void => {
    const decision = policy.decide({ operation: 'audit.see', principal });
    if (decision.effect !== 'permit') throw denied(decision);
  };
  return {
    'audit.status': async ({ caller }) => {
      const { standing } = logCheck;
      const { state } = standing;
      const at = standing.at?.toISOString() ?? null;
      if (policy.decide({ operation: 'audit.see', principal: caller.principal }).effect !== 'permit')
        return { state, at, log: null };
      const [{ sealed, unsealed, seconds }, head] = await Promise.all([sealLagOf(db), lastHead(db)]);
      return {
        state,
        at,
        log: {
          size: sealed,
          head: head === undefined ? null : { number: head.number, at: head.at, size: head.size },
          unsealed,
          lagSeconds: seconds,
          problem: sealing.problem ?? null,
          verified: at === null && standing.findings.length === 0 ? null : verifiedOf(standing),
        },
      };
    },
    'audit.heads': async ({ caller, query: { after } }) => {
      refuse(caller.principal);
      const [items, key] = await Promise.all([headsAfter(db, after, HEADS_A_PAGE), lastSigner(db)]);
      const last = items.at(-1);
      return {
        items: items.map((head) => ({ ...head })),
        next: items.length === HEADS_A_PAGE && last !== undefined ? last.number : null,
        key: key ?? null,
        problem: sealing.problem ?? null,
      };
    },
    'audit.export': async ({ caller, query: { after } }) => {
      refuse(caller.principal);
      const { lines, start, hashes, next } = await sealedAfter(db, after);
      return { lines: [...lines], start, hashes: hashes.toString('base64'), next: next ?? null };
    },
    'audit.proof': async ({ caller, params: { event } }) => {
      refuse(caller.principal);
      const proof = await proofOf(db, event);
      if (proof === undefined) {
        const hasArchives = (await archivedHead(db)) > 0;
        throw new GuichetError('audit.not_sealed', `There is no sealed event ${event} in the audit log.`, {
          remedy: hasArchives
            ? 'Its oldest events are in an archive, and have no proof here: guichet audit verify --archive FOLDER checks them. A new event is sealed a few seconds after it is written.'
            : 'An event is sealed a few seconds after it is written: try again, or look at its number.',
        });
      }
      const { line, index, path, head } = proof;
      return { event: line, index, path: path.map((hash) => hash.toString('hex')), head: { ...head } };
    },
  };
}

function verifiedOf({ at, through, events, wholeAt, restores, findings }: Standing): NonNullable<AuditStatus['log']>['verified'] {
  return {
    at: at?.toISOString() ?? null,
    through: through?.number ?? null,
    events,
    wholeAt: wholeAt?.toISOString() ?? null,
    restores: [...restores],
    findings: findings.map(({ kind, message, head, ids }) => ({
      kind,
      message,
      ...(head !== undefined && { head }),
      ...(ids !== undefined && { ids: [...ids] }),
    })),
  };
}
