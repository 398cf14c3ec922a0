import { type Actor, GuichetError, type Principal, type Session, type Token, type TokenScope } from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import { asPrincipal, type Directory } from '../catalog/index.ts';
import type { Database, Queryable, Transaction } from '../db/index.ts';
import { suggestion } from '../findings/index.ts';
import type { Policy } from '../policy/index.ts';
import { turnOf } from './ending.ts';
import { hashOf, newSecret } from './secrets.ts';
import { type SessionRow, viewOfSession } from './session-row.ts';
import {
  BY_HASH,
  BY_ID,
  type Carrier,
  INSERT,
  LIST,
  REVOKE,
  STANDING,
  TOUCH,
  type TokenRow,
  type TokenWithClaims,
} from './token-statements.ts';

/** How often the time of last use is written, at most: it must not cost a write for each call. */
const TOUCH_EVERY_MS = 60_000;
/** Tokens of command lines come and go: what was touched longer ago than that is forgotten once there are so many. */
const MOST_TOUCHED = 10_000;

const PREFIX = { user: 'gct_u_', machine: 'gct_m_' } as const;

/** Who is calling, and with which token. */
export interface Caller {
  readonly principal: Principal;
  readonly token: Token;
  /** Absent for a token of its own. */
  readonly session?: Session;
  /** What vouched for whom it is, for a token that a proof was exchanged for; absent for others. */
  readonly origin?: string;
  /** What a call with a cookie must carry when it is not a GET; absent for one with a token. */
  readonly csrf?: string;
}

export interface NewToken {
  readonly name: string;
  readonly principalId: string;
  readonly expiresInDays: number;
  readonly scope: TokenScope;
  /** Said of a machine whose token is to be narrowed to nothing. */
  readonly all?: boolean | undefined;
}

interface MadeBy extends NewToken {
  readonly createdBy: Actor;
  /** It ends then at the latest: with the token that it is made with. */
  readonly notAfter?: Date | undefined;
}

export interface TokensOptions {
  readonly db: Database;
  readonly directory: Directory;
  readonly policy: Policy;
  /** Those that a token can be narrowed to. */
  readonly environments: readonly string[];
}

/** Tokens: 256 random bits, stored as their SHA-256, checked in the database at each call so that a revocation holds at once. */
export class Tokens {
  readonly #db: Database;
  readonly #directory: Directory;
  readonly #policy: Policy;
  readonly #environments: readonly string[];
  readonly #touched = new Map<string, number>();

  constructor({ db, directory, policy, environments }: TokensOptions) {
    this.#db = db;
    this.#directory = directory;
    this.#policy = policy;
    this.#environments = environments;
  }

  /** The caller behind a secret; `token.*` errors say what to do. One that was made to arrive in another way is not known. */
  async verify(secret: string, now: Date, carrier: Carrier = 'bearer'): Promise<Caller> {
    const row = (await this.#db.query<TokenWithClaims>(BY_HASH, [hashOf(secret)]))[0];
    const caller = this.#admitted(row?.carrier === carrier ? row : undefined, now);
    this.#touch(caller.token.id, now);
    return caller;
  }

  /** For calls that last: who it is by now; throws `token.*` when the token has ended since it was verified. */
  async reverify({ token }: Caller, now: Date): Promise<Caller> {
    return this.#admitted((await this.#db.query<TokenWithClaims>(STANDING, [[token.id]]))[0], now);
  }

  /** The same for many at once: those of the tokens that have not ended. */
  async standing(ids: ReadonlySet<string>, now: Date): Promise<Map<string, Caller>> {
    const callers = new Map<string, Caller>();
    for (const row of await this.#db.query<TokenWithClaims>(STANDING, [[...ids]])) {
      try {
        callers.set(row.id, this.#admitted(row, now));
      } catch (error) {
        if (!(error instanceof GuichetError)) throw error;
      }
    }
    return callers;
  }

  #admitted(row: TokenWithClaims | undefined, now: Date): Caller {
    if (row === undefined)
      throw new GuichetError('token.invalid', 'This token is not known here.', { remedy: 'Sign in again: guichet login.' });
    if (row.revokedAt !== null)
      throw new GuichetError('token.revoked', `The token '${row.name}' was revoked.`, {
        remedy: 'Sign in again: guichet login.',
      });
    if (row.expiresAt <= now)
      throw new GuichetError('token.expired', `The token '${row.name}' expired at ${row.expiresAt.toISOString()}.`, {
        remedy: 'Make a new one where you are still signed in (guichet tokens create), or sign in again: guichet login.',
      });
    const session = sessionOf(row);
    if (session !== undefined) refuseEnded(session, now);
    const member = this.#directory.member(row.principalId, row.claims);
    if (member === undefined)
      throw new GuichetError('token.invalid', `${row.principalId} is no longer in the company.`, {
        remedy: 'Ask the team that runs Guichet.',
      });
    return {
      principal: asPrincipal(member, row.scope),
      token: this.#view(row),
      ...(session !== undefined && { session: viewOfSession(session, session.id) }),
      ...(row.origin !== null && { origin: row.origin }),
    };
  }

  /** Creates a token; the secret is returned here and never again. */
  async create(caller: Caller, wanted: NewToken): Promise<Token & { secret: string }> {
    const { principal: by, origin, token, session } = caller;
    const owner = this.#directory.company.member(wanted.principalId);
    // Who may make no tokens at all learns nothing of which machines there are.
    this.#permit('token.create', by, owner?.id ?? by.id);
    if (origin !== undefined) throw tooShort(origin);
    if (owner === undefined) throw unknownMachine(wanted.principalId.replace('machine:', ''), this.#machinesOf(by));
    this.#refuseUnknownEnvironments(wanted.scope);
    if (owner.kind === 'machine') refuseUnscoped(wanted);
    return this.#db.transaction(async (tx) => {
      await turnOf(tx, by.id, owner.id);
      // Signed out meanwhile, or somebody else by now: what is made here would outlive it.
      this.#admitted((await tx.query<TokenWithClaims>(STANDING, [[token.id]]))[0], new Date());
      // Whoever has found a token must not make it last: only a sign-in gives what is to outlive it.
      const notAfter = session === undefined ? new Date(token.expiresAt) : undefined;
      return this.#insert(tx, { ...wanted, createdBy: { id: by.id, name: by.name }, notAfter });
    });
  }

  /** Creates a token with no question asked: for the operator's own command and for the demo. */
  issue(wanted: MadeBy): Promise<Token & { secret: string }> {
    return this.#db.transaction((tx) => this.#insert(tx, wanted));
  }

  async #insert(tx: Transaction, wanted: MadeBy): Promise<Token & { secret: string }> {
    const { name, principalId, expiresInDays, scope, createdBy, notAfter = null } = wanted;
    const kind = principalId.startsWith('machine:') ? 'machine' : 'user';
    const secret = newSecret(PREFIX[kind]);
    const { id, name: maker } = createdBy;
    const values = [hashOf(secret), name, kind, principalId, JSON.stringify(scope), id, maker, expiresInDays, notAfter];
    const [row] = await tx.query<TokenRow>(INSERT, values);
    if (row === undefined) throw new GuichetError('internal', 'The token was not stored.');
    await appendAudit(tx, {
      type: 'token.created',
      actor: createdBy,
      outcome: 'ok',
      resource: `token:${row.id}`,
      data: { name, principal: principalId, expiresInDays, scope },
    });
    return { ...this.#view(row), secret };
  }

  async revoke(by: Principal, id: string): Promise<Token> {
    return this.#db.transaction(async (tx) => {
      const found = (await tx.query<TokenRow>(BY_ID, [id]))[0];
      // Somebody else's token is as unknown as one that does not exist.
      if (found === undefined || !this.#may('token.see', by, found.principalId))
        throw new GuichetError('token.unknown', `You have no token ${id}.`, { remedy: 'guichet tokens list shows yours.' });
      this.#permit('token.revoke', by, found.principalId);
      if (found.revokedAt !== null) return this.#view(found);
      const row = (await tx.query<TokenRow>(REVOKE, [id]))[0] ?? found;
      await appendAudit(tx, {
        type: 'token.revoked',
        actor: { id: by.id, name: by.name },
        outcome: 'ok',
        resource: `token:${id}`,
        data: { name: row.name, principal: row.principalId },
      });
      return this.#view(row);
    });
  }

  /** The caller's tokens and those of the machines of their teams, newest first; `after` is the id of the last one seen. */
  async list(
    by: Principal,
    { after, limit }: { after: string | undefined; limit: number },
    db: Queryable = this.#db,
  ): Promise<Token[]> {
    const visible = [by.id, ...this.#machinesOf(by)].filter((id) => this.#may('token.see', by, id));
    const rows = await db.query<TokenRow>(LIST, [visible, after ?? null, limit]);
    const makers = rows.map(({ createdById }) => createdById).filter((id) => id.startsWith('user:'));
    const present = await this.#directory.members(db, [...new Set(makers)]);
    const hasLeft = ({ createdById: id }: TokenRow): boolean => id.startsWith('user:') && !present.has(id);
    return rows.map((row) => ({ ...this.#view(row), ...(hasLeft(row) && { makerLeft: true }) }));
  }

  #machinesOf({ teams }: Principal): string[] {
    return this.#directory.company.machinesOf(teams).map(({ id }) => id);
  }

  /** A token that is narrowed to a word that means nothing would look safe and be useless. */
  #refuseUnknownEnvironments({ environments = [] }: TokenScope): void {
    const known = this.#environments;
    const errors = environments.flatMap((name, index) =>
      known.includes(name)
        ? []
        : [{ field: `/scope/environments/${index}`, message: 'is no environment', remedy: suggestion(name, known) }],
    );
    const first = errors[0];
    if (first !== undefined)
      throw new GuichetError('input.invalid', `${first.field} ${first.message}.`, { errors, remedy: first.remedy });
  }

  #decision(operation: 'token.see' | 'token.create' | 'token.revoke', by: Principal, ownerId: string) {
    const owner = this.#directory.company.member(ownerId);
    const team = owner?.kind === 'machine' ? owner.teams[0] : undefined;
    return this.#policy.decide({ operation, principal: by, context: { tokenOwner: { principalId: ownerId, team } } });
  }

  #may(operation: 'token.see', by: Principal, ownerId: string): boolean {
    return this.#decision(operation, by, ownerId).effect === 'permit';
  }

  #permit(operation: 'token.create' | 'token.revoke', by: Principal, ownerId: string): void {
    const decision = this.#decision(operation, by, ownerId);
    if (decision.effect === 'deny')
      throw new GuichetError('policy.denied', decision.reasons.map(({ message }) => message).join(' '), {
        remedy: 'Ask somebody of the team that owns it, or use a token of your own that is not narrowed.',
        details: { decision },
      });
  }

  #touch(id: string, now: Date): void {
    if (now.getTime() - (this.#touched.get(id) ?? 0) < TOUCH_EVERY_MS) return;
    if (this.#touched.size >= MOST_TOUCHED)
      for (const [other, at] of this.#touched) if (now.getTime() - at >= TOUCH_EVERY_MS) this.#touched.delete(other);
    this.#touched.set(id, now.getTime());
    // Best effort: the time of last use is a convenience, no call waits or fails for it.
    this.#db.query(TOUCH, [id]).catch(() => this.#touched.delete(id));
  }

  #view(row: TokenRow): Token {
    const { id, name, kind, principalId, scope, createdById, createdByName, createdAt, expiresAt, lastUsedAt, revokedAt } = row;
    return {
      id,
      name,
      principal: { id: principalId, name: this.#directory.company.member(principalId)?.name ?? principalId },
      kind,
      scope,
      createdAt: createdAt.toISOString(),
      createdBy: { id: createdById, name: createdByName },
      expiresAt: expiresAt.toISOString(),
      lastUsedAt: lastUsedAt?.toISOString() ?? null,
      revokedAt: revokedAt?.toISOString() ?? null,
    };
  }
}

/** A machine does a few things, and its token lies in a file for months: it is narrowed to them, or said not to be. */
function refuseUnscoped({ scope: { actions, environments }, all = false }: NewToken): void {
  const isNarrowed = actions !== undefined || environments !== undefined;
  if (isNarrowed !== all) return;
  const [field, message, remedy] = all
    ? ['/all', 'contradicts the scope', 'Leave one of them out.']
    : ['/scope', 'must name actions or environments', 'Narrow it to what the machine does, or say that it may do all: all.'];
  throw new GuichetError('input.invalid', `${field} ${message}.`, { remedy, errors: [{ field, message, remedy }] });
}

function sessionOf(row: TokenWithClaims): SessionRow | undefined {
  const { sessionId: id, sessionKind: kind, sessionLastUsedAt: lastUsedAt, sessionExpiresAt: expiresAt } = row;
  const { sessionClient: client, sessionAddress: address, sessionCreatedAt: createdAt } = row;
  if (id === null || kind === null || lastUsedAt === null || expiresAt === null) return undefined;
  if (client === null || address === null || createdAt === null) return undefined; // none is null where there is a session
  const { principalId, sessionRevokedAt: revokedAt } = row;
  return { id, principalId, kind, client, address, createdAt, lastUsedAt, expiresAt, revokedAt };
}

function refuseEnded({ kind, revokedAt, expiresAt }: SessionRow, now: Date): void {
  const remedy = kind === 'cli' ? 'Sign in again: guichet login.' : 'Sign in again: GET /v1/auth/login.';
  if (revokedAt !== null) throw new GuichetError('token.revoked', 'You have been signed out.', { remedy });
  if (expiresAt <= now) throw new GuichetError('token.expired', `This session ended at ${expiresAt.toISOString()}.`, { remedy });
}

/** What proves somebody for minutes must not be made into what does so for a year. */
function tooShort(origin: string): GuichetError {
  return new GuichetError(
    'policy.denied',
    `A token that was exchanged for a proof (${origin}) makes no tokens: it would outlive it.`,
    {
      remedy: 'Sign in with a browser (guichet login) and make it then; or prove anew who you are whenever this one has ended.',
    },
  );
}

function unknownMachine(name: string, ids: readonly string[]): GuichetError {
  const known = ids.map((id) => id.replace('machine:', ''));
  const remedy = suggestion(name, known) ?? "Add it to the company file under 'machines', with the team that owns it.";
  return new GuichetError('input.invalid', `There is no machine '${name}'.`, {
    remedy,
    errors: [{ field: '/machine', message: 'is not in the company file', remedy }],
  });
}
