import { type Actor, type Exchanged, GuichetError, type TokenScope } from '@guichet/contract';
import type { Logger } from 'pino';
import { appendAudit } from '../../audit/index.ts';
import type { Directory, Member } from '../../catalog/index.ts';
import { type Database, statement, type Transaction } from '../../db/index.ts';
import { hashOf, newSecret } from '../secrets.ts';
import { oneLine } from './plain-text.ts';
import { type Assertion, firstUseOf, refuseUsed, use } from './used-assertions.ts';

const INSERT = statement(
  'exchanged-token-insert',
  `insert into tokens (hash, name, kind, principal_id, scope, created_by_id, created_by_name, expires_at, origin)
   values ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8), $9) returning id, expires_at as "expiresAt"`,
);
const CLAIMED_ADDRESS = statement(
  'exchanged-claimed-address',
  'select principal_id as id, email from directory_claims where lower(email) = lower($1) and valid_until > now()',
);

/** What an identity that was proved is exchanged for. */
export interface NewExchange {
  /** What vouches for it: `workload:gitlab`, `aws`. */
  readonly origin: string;
  /** What the token is called in lists. */
  readonly name: string;
  readonly owner: Member;
  readonly scope: TokenScope;
  readonly ttlMs: number;
  /** Who stands behind all that is asked for with the token. */
  readonly createdBy: Actor;
  /** What may be used once; absent where its issuer was said to be reusable. */
  readonly once?: Assertion | undefined;
  /** What the audit log says of it: never the assertion itself. */
  readonly proof: Readonly<Record<string, unknown>>;
  /** The address that it came from. */
  readonly address: string;
}

/** Why somebody whose proof is genuine gets nothing: in full for operators, without what they configured for the caller. */
export interface Refusal {
  readonly origin: string;
  /** Who it is, as the other system says. */
  readonly subject: string;
  readonly message: string;
  readonly remedy: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface ExchangedTokensOptions {
  readonly db: Database;
  readonly directory: Directory;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Tokens that live for minutes, given to whoever proves with another system who they are. */
export class ExchangedTokens {
  readonly #options: ExchangedTokensOptions;

  constructor(options: ExchangedTokensOptions) {
    this.#options = options;
  }

  /** Refuses one that was used, before more is done with it; `issue` alone says it for certain. */
  async refuseUsed(once: Assertion, { origin, address }: { origin: string; address: string }): Promise<void> {
    await this.#recordingReplay({ once, origin, address, proof: {} }, () => refuseUsed(this.#options.db, once));
  }

  /**
   * Somebody who brings a proof again has a copy of it, or is not told of their first answer: either is worth knowing of.
   * What it was exchanged for says who is concerned.
   */
  async #recordingReplay<Result>(
    { once, origin, address, proof }: Pick<NewExchange, 'once' | 'origin' | 'address' | 'proof'>,
    work: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (once === undefined || !(error instanceof GuichetError) || error.code !== 'assertion.used') throw error;
      const { db, logger } = this.#options;
      const { token = null, name = null, principal = null } = (await firstUseOf(db, once)) ?? {};
      logger.warn({ origin, address, token, principal }, 'a proof of identity came a second time');
      await appendAudit(db, {
        type: 'assertion.replayed',
        actor: { id: 'system', name: origin },
        outcome: 'denied',
        ...(token !== null && { resource: `token:${token}` }),
        data: { origin, address, name, principal, ...(Object.keys(proof).length > 0 && { proof }) },
      });
      throw error;
    }
  }

  /** The token, its audit row and the use of the assertion are one transaction: of two that race, one gets a token. */
  async issue(wanted: NewExchange): Promise<Exchanged> {
    const { owner, scope } = wanted;
    const secret = newSecret(owner.kind === 'machine' ? 'gct_m_' : 'gct_u_');
    const expiresAt = await this.#recordingReplay(wanted, () =>
      this.#options.db.transaction((tx) => insert(tx, { ...wanted, secret })),
    );
    return { accessToken: secret, expiresAt: expiresAt.toISOString(), principal: { id: owner.id, name: owner.name }, scope };
  }

  /** The error for the caller; what it does not say is in the log and, since the proof was genuine, in the audit log. */
  async refused({ origin, subject, message, remedy, facts }: Refusal): Promise<GuichetError> {
    const { db, logger } = this.#options;
    const data = { origin, subject: oneLine(subject), ...facts };
    logger.warn({ ...data, reason: message }, 'an identity was proved, and refused');
    await appendAudit(db, {
      type: 'assertion.refused',
      actor: { id: 'system', name: origin },
      outcome: 'denied',
      data: { ...data, message },
    });
    return new GuichetError('assertion.refused', message, { remedy });
  }

  /** The accounts of the company that a name or an e-mail address stands for. */
  async people(nameOrAddress: string): Promise<Member[]> {
    const { directory, db } = this.#options;
    if (!nameOrAddress.includes('@')) return [...(await directory.members(db, [`user:${nameOrAddress}`])).values()];
    const wanted = asciiLowerCase(nameOrAddress);
    const listed = directory.company.people.filter(({ email }) => email !== undefined && asciiLowerCase(email) === wanted);
    const rows = await db.query<{ id: string; email: string }>(CLAIMED_ADDRESS, [nameOrAddress]);
    const claimed = rows.filter(({ email }) => asciiLowerCase(email) === wanted); // the database knows more letters
    const ids = [...listed, ...claimed].map(({ id }) => id);
    return [...(await directory.members(db, [...new Set(ids)])).values()];
  }

  machine(name: string): Member | undefined {
    return this.#options.directory.company.member(`machine:${name}`);
  }
}

/** When the token ends. */
async function insert(tx: Transaction, wanted: NewExchange & { readonly secret: string }): Promise<Date> {
  const { origin, owner, scope, ttlMs, createdBy, once, proof, secret } = wanted;
  const name = oneLine(wanted.name, 100);
  const values = [hashOf(secret), name, owner.kind, owner.id, JSON.stringify(scope), createdBy.id, createdBy.name];
  const [row] = await tx.query<{ id: string; expiresAt: Date }>(INSERT, [...values, ttlMs / 1000, origin]);
  if (row === undefined) throw new GuichetError('internal', 'The token was not stored.');
  if (once !== undefined) await use(tx, once, row.id);
  await appendAudit(tx, {
    type: 'token.created',
    actor: createdBy,
    outcome: 'ok',
    resource: `token:${row.id}`,
    data: { name, principal: owner.id, expiresAt: row.expiresAt.toISOString(), scope, origin, proof },
  });
  return row.expiresAt;
}

/** ASCII alone: `K` (the sign of Kelvin) must not become a `k`. */
const asciiLowerCase = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
