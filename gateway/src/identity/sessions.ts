import { type Actor, GuichetError, type Principal, type Session, type SessionTokens } from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import type { Directory } from '../catalog/index.ts';
import type { Database, Transaction } from '../db/index.ts';
import { denied, type Policy } from '../policy/index.ts';
import type { SessionLimits } from './config.ts';
import {
  type Ended,
  endAllOf,
  endSession,
  type MadeTokens,
  machineTokensBy,
  REVOKE_SESSION,
  revokeMachineTokensBy,
  turnOf,
} from './ending.ts';
import { hashOf, newSecret } from './secrets.ts';
import { type SessionRow, viewOfSession } from './session-row.ts';
import {
  INSERT_REFRESH,
  INSERT_SECRET,
  INSERT_SESSION,
  KILL_REFRESH,
  LIST_SESSIONS,
  LOCK_SESSION,
  REFRESH_BY_HASH,
  type RefreshRow,
  SESSION_OF_COOKIE,
  SWEEPS,
  TOUCH_SESSION,
  USE_REFRESH,
} from './session-statements.ts';
import type { Caller } from './tokens.ts';

/** For so long after a refresh its answer may have been lost on the way. */
const LOST_ANSWER_SECONDS = 30;

export interface SessionsOptions {
  readonly db: Database;
  readonly directory: Directory;
  readonly policy: Policy;
  readonly limits: SessionLimits;
}

/** A sign-in that has come to its end, and wants a session. */
export interface NewSession {
  readonly person: Actor;
  readonly client: string;
  readonly address: string;
  /** How they signed in. */
  readonly by: 'browser' | 'device' | 'loopback';
  /** When it ends at the latest, whatever the configuration says: with the sign-in that let it in. */
  readonly endsAt?: Date | null;
  /** More facts for the audit log. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Refreshing answers by one of these; the refusals are committed before they are thrown. */
type Refreshed = SessionTokens | GuichetError;

/** Where people are signed in: sessions of browsers and of command lines, and how each of them ends. */
export class Sessions {
  readonly #options: SessionsOptions;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** In the transaction that signs a person in with a browser: the session, and the secret for its cookie. */
  async openBrowser(tx: Transaction, wanted: NewSession): Promise<{ secret: string; session: Session }> {
    const row = await this.#open(tx, { ...wanted, kind: 'browser' });
    const secret = newSecret('gct_b_');
    const lasts = this.#options.limits.absolute / 1000;
    await tx.query(INSERT_SECRET, [hashOf(secret), wanted.person.name, lasts, 'cookie', row.id]);
    return { secret, session: viewOfSession(row, row.id) };
  }

  /**
   * In the transaction in which somebody lets a command line in: waits for their turn (see turnOf), and refuses when
   * they have been signed out by then. To be called before any row is locked.
   */
  async consent(tx: Transaction, { principal, session }: Caller): Promise<void> {
    await turnOf(tx, principal.id);
    const [row] = session === undefined ? [] : await tx.query<SessionRow>(LOCK_SESSION, [session.id]);
    if (row === undefined || row.revokedAt !== null)
      throw new GuichetError('token.revoked', 'You have been signed out.', { remedy: 'Sign in again.' });
  }

  /** In the transaction that redeems what somebody has allowed: waits for their turn, before any row is locked. */
  async turnOf(tx: Transaction, principalId: string): Promise<void> {
    await turnOf(tx, principalId);
  }

  /** In the transaction that lets a command line in: the session and its first tokens. */
  async openCommandLine(tx: Transaction, wanted: NewSession): Promise<SessionTokens> {
    const row = await this.#open(tx, { ...wanted, kind: 'cli' });
    return (await this.#newTokens(tx, row, wanted.person.name)).tokens;
  }

  async #open(tx: Transaction, wanted: NewSession & { kind: SessionRow['kind'] }): Promise<SessionRow> {
    const { person, kind, client, address, by, endsAt = null, data } = wanted;
    const { idle, absolute } = this.#options.limits;
    const values = [person.id, kind, client, address, idle / 1000, absolute / 1000, endsAt];
    const [row] = await tx.query<SessionRow>(INSERT_SESSION, values);
    if (row === undefined) throw new GuichetError('internal', 'The session was not stored.');
    await appendAudit(tx, {
      type: 'session.created',
      actor: person,
      outcome: 'ok',
      resource: `session:${row.id}`,
      data: { kind, client, address, by, ...data },
    });
    return row;
  }

  async #newTokens(tx: Transaction, row: SessionRow, name: string): Promise<{ tokens: SessionTokens; refreshId: string }> {
    const [accessToken, refreshToken] = [newSecret('gct_u_'), newSecret('gct_r_')];
    const values = [hashOf(accessToken), name, this.#options.limits.access / 1000, 'bearer', row.id];
    const [access] = await tx.query<{ expiresAt: Date }>(INSERT_SECRET, values);
    const [refresh] = await tx.query<{ id: string }>(INSERT_REFRESH, [hashOf(refreshToken), row.id]);
    if (access === undefined || refresh === undefined) throw new GuichetError('internal', 'The tokens were not stored.');
    const accessTokenExpiresAt = access.expiresAt.toISOString();
    const tokens = { accessToken, accessTokenExpiresAt, refreshToken, session: viewOfSession(row, row.id) };
    return { tokens, refreshId: refresh.id };
  }

  /**
   * New tokens for a refresh token, which is used up by it. One that was used before has two holders, and the session of
   * both ends; but when the answer may have been lost (its successor was never used, and it is half a minute ago at most),
   * another successor is made, and the one that nobody has seen dies.
   */
  async refresh(refreshToken: string, { address, now }: { address: string; now: Date }): Promise<SessionTokens> {
    const hash = hashOf(refreshToken);
    const result = await this.#options.db.transaction(async (tx): Promise<Refreshed> => {
      const [seen] = await tx.query<RefreshRow>(REFRESH_BY_HASH, [hash, LOST_ANSWER_SECONDS]);
      if (seen === undefined) return notKnown();
      // Whoever comes second waits here, and then reads what the first has done.
      const [session] = await tx.query<SessionRow>(LOCK_SESSION, [seen.sessionId]);
      const [token] = await tx.query<RefreshRow>(REFRESH_BY_HASH, [hash, LOST_ANSWER_SECONDS]);
      if (session === undefined || token === undefined) return notKnown();
      const refusal = await this.#refusal(tx, session, now);
      if (refusal !== undefined) return refusal;
      const isLost = token.usedAt !== null && token.isFresh && token.successorUsed === false && !token.dead;
      if (token.dead || (token.usedAt !== null && !isLost))
        return this.endReused(tx, session, { what: 'refresh token', address });
      if (token.successorId !== null) await tx.query(KILL_REFRESH, [token.successorId]);
      const [used] = await tx.query<SessionRow>(TOUCH_SESSION, [session.id]);
      const { tokens, refreshId } = await this.#newTokens(tx, used ?? session, this.#nameOf(session.principalId));
      await tx.query(USE_REFRESH, [token.id, refreshId]);
      return tokens;
    });
    if (result instanceof GuichetError) throw result;
    return result;
  }

  async #refusal(tx: Transaction, session: SessionRow, now: Date): Promise<GuichetError | undefined> {
    const remedy = 'Sign in again: guichet login.';
    if (session.revokedAt !== null) return new GuichetError('token.revoked', 'You have been signed out.', { remedy });
    if (session.expiresAt <= now)
      return new GuichetError('sign_in.expired', `This session ended at ${session.expiresAt.toISOString()}.`, { remedy });
    if ((await this.#options.directory.members(tx, [session.principalId])).has(session.principalId)) return undefined;
    return new GuichetError('token.invalid', `${session.principalId} is no longer in the company.`, {
      remedy: 'Ask the team that runs Guichet.',
    });
  }

  /** Ends a session of which a code or a token came twice; the error is to be thrown once that is committed. */
  async endReused(
    tx: Transaction,
    { id, principalId, client, revokedAt }: SessionRow,
    { what, address }: { what: string; address: string },
  ): Promise<GuichetError> {
    if (revokedAt === null) {
      await tx.query(REVOKE_SESSION, [id]);
      await appendAudit(tx, {
        type: 'session.reuse_detected',
        actor: { id: 'system', name: 'system' },
        outcome: 'denied',
        resource: `session:${id}`,
        data: { principal: principalId, client, what, address },
      });
    }
    return new GuichetError('sign_in.reused', `This ${what} was used before; the session was ended.`, {
      remedy: 'Sign in again: guichet login. If you cannot explain it, tell the team that runs Guichet.',
    });
  }

  /** Where the caller is signed in, newest first. */
  async list({ principal, session }: Caller): Promise<Session[]> {
    this.#permit('session.see', principal, principal.id);
    const rows = await this.#options.db.query<SessionRow>(LIST_SESSIONS, [principal.id]);
    return rows.map((row) => viewOfSession(row, session?.id));
  }

  /** Ends one session of the caller's. */
  async revoke({ principal, session }: Caller, id: string): Promise<Session> {
    return this.#options.db.transaction(async (tx) => {
      const [row] = await tx.query<SessionRow>(LOCK_SESSION, [id]);
      // Somebody else's session is as unknown as one that does not exist.
      if (row === undefined || !this.#may('session.see', principal, row.principalId))
        throw new GuichetError('session.unknown', `You have no session ${id}.`, { remedy: 'guichet sessions list shows yours.' });
      this.#permit('session.revoke', principal, row.principalId);
      await endSession(tx, row, { actor: principal, why: id === session?.id ? 'signed-out' : 'revoked' });
      return viewOfSession(row, session?.id);
    });
  }

  /** Signs out of the session that the call was made with; its id, or null for a token of its own. */
  async end({ principal, session }: Caller): Promise<string | null> {
    if (session === undefined) return null;
    await this.#options.db.transaction(async (tx) => {
      const [row] = await tx.query<SessionRow>(LOCK_SESSION, [session.id]);
      if (row !== undefined) await endSession(tx, row, { actor: principal, why: 'signed-out' });
    });
    return session.id;
  }

  /** In the transaction of a new sign-in: ends the session that this browser had until now. */
  async replace(tx: Transaction, cookie: string, actor: Actor): Promise<void> {
    const [row] = await tx.query<SessionRow>(SESSION_OF_COOKIE, [hashOf(cookie)]);
    if (row !== undefined) await endSession(tx, row, { actor, why: 'replaced' });
  }

  /** Signs the caller out everywhere. */
  async revokeAll({ principal }: Caller, { tokens }: { tokens: boolean }): Promise<Ended> {
    this.#permit('session.revoke', principal, principal.id);
    return this.#options.db.transaction((tx) => endAllOf(tx, principal.id, { tokens, actor: principal, why: 'everywhere' }));
  }

  /** For the operator's own command: signs somebody out everywhere. */
  async signOut(
    principalId: string,
    { tokens, machineTokens }: { tokens: boolean; machineTokens: boolean },
  ): Promise<Ended & { readonly made: MadeTokens }> {
    const actor = { id: 'system', name: 'operator' };
    return this.#options.db.transaction(async (tx) => {
      const ended = await endAllOf(tx, principalId, { tokens, actor, why: 'operator' });
      const revoked = machineTokens ? await revokeMachineTokensBy(tx, principalId, actor) : [];
      return { ...ended, made: { revoked, living: await machineTokensBy(tx, principalId) } };
    });
  }

  /** Removes what nobody can use any more. */
  async sweep(): Promise<void> {
    for (const sweep of SWEEPS) await this.#options.db.query(sweep);
  }

  #nameOf(principalId: string): string {
    return this.#options.directory.company.member(principalId)?.name ?? principalId;
  }

  #decision(operation: 'session.see' | 'session.revoke', principal: Principal, ownerId: string) {
    return this.#options.policy.decide({ operation, principal, context: { tokenOwner: { principalId: ownerId } } });
  }

  #may(operation: 'session.see', principal: Principal, ownerId: string): boolean {
    return this.#decision(operation, principal, ownerId).effect === 'permit';
  }

  #permit(operation: 'session.see' | 'session.revoke', principal: Principal, ownerId: string): void {
    const decision = this.#decision(operation, principal, ownerId);
    if (decision.effect !== 'permit') throw denied(decision);
  }
}

function notKnown(): GuichetError {
  return new GuichetError('sign_in.invalid', 'This refresh token is not known here.', {
    remedy: 'Sign in again: guichet login.',
  });
}
