import { createHash } from 'node:crypto';
import { GuichetError, type SessionTokens } from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import type { Directory } from '../catalog/index.ts';
import { type Database, statement } from '../db/index.ts';
import { hashOf, isSame, newSecret } from './secrets.ts';
import { SESSION_COLUMNS, type SessionRow } from './session-row.ts';
import type { Sessions } from './sessions.ts';
import type { Caller } from './tokens.ts';

/** The browser brings the code to a program on the same machine: it is there at once. */
const LASTS_SECONDS = 60;

interface CodeRow {
  readonly principalId: string;
  readonly client: string;
  readonly address: string;
  readonly codeChallenge: string;
  readonly redirectUri: string;
  readonly isOver: boolean;
  readonly sessionId: string | null;
  /** The end of the session that allowed it. */
  readonly endsAt: Date | null;
}

const INSERT = statement(
  'sign-in-code-insert',
  `insert into sign_in_codes (hash, principal_id, client, address, code_challenge, redirect_uri, expires_at, ends_at)
   select $1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7), s.ends_at from sessions s where s.id = $8`,
);
const BY_HASH = statement(
  'sign-in-code-by-hash',
  `select principal_id as "principalId", client, address, code_challenge as "codeChallenge", redirect_uri as "redirectUri",
     least(expires_at, ends_at) <= now() as "isOver", session_id as "sessionId", ends_at as "endsAt" from sign_in_codes where hash = $1`,
);
const LOCK_BY_HASH = statement('sign-in-code-lock', `${BY_HASH.text} for update`);
const REDEEM = statement('sign-in-code-redeem', 'update sign_in_codes set session_id = $2 where hash = $1');
const END = statement('sign-in-code-end', 'update sign_in_codes set expires_at = now() where hash = $1');
const SESSION = statement('sign-in-code-session', `select ${SESSION_COLUMNS} from sessions s where s.id = $1 for update`);

/** What a command line asks for, as its browser brings it. */
export interface LoopbackAsk {
  readonly redirectUri: string;
  readonly codeChallenge: string;
  readonly client: string;
}

/**
 * The address of a program on the machine of the browser, and of no other: a literal loopback address, so that no name
 * can be made to lead elsewhere (RFC 8252, 7.3 and 8.3), in its one spelling: people read it before they allow it.
 * Undefined for all else.
 */
export function loopbackUri(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.protocol !== 'http:' || text.length > 500) return undefined;
  const isPlain = url.username === '' && url.password === '' && url.hash === '' && url.search === '';
  const isLocal = url.hostname === '127.0.0.1' || url.hostname === '[::1]';
  // Port 80 is left out by the parser; no command line listens there.
  return isPlain && isLocal && url.port !== '' && url.href === text ? url : undefined;
}

export interface LoopbackOptions {
  readonly db: Database;
  readonly directory: Directory;
  readonly sessions: Sessions;
}

/** Signs a command line in by the browser of its own machine (RFC 8252): a code for a short while, bound to a PKCE challenge. */
export class Loopback {
  readonly #options: LoopbackOptions;

  constructor(options: LoopbackOptions) {
    this.#options = options;
  }

  /** A person has allowed it: the code that their browser takes along. */
  async allow(ask: LoopbackAsk, { by, address }: { by: Caller; address: string }): Promise<string> {
    const code = newSecret('gct_c_');
    const { id, name } = by.principal;
    await this.#options.db.transaction(async (tx) => {
      await this.#options.sessions.consent(tx, by);
      const values = [hashOf(code), id, ask.client, address, ask.codeChallenge, ask.redirectUri, LASTS_SECONDS, by.session?.id];
      await tx.query(INSERT, values);
      await appendAudit(tx, {
        type: 'sign_in.allowed',
        actor: { id, name },
        outcome: 'ok',
        data: { by: 'loopback', client: ask.client, address },
      });
    });
    return code;
  }

  async deny(ask: LoopbackAsk, { by, address }: { by: Caller; address: string }): Promise<void> {
    const { id, name } = by.principal;
    await appendAudit(this.#options.db, {
      type: 'sign_in.denied',
      actor: { id, name },
      outcome: 'denied',
      data: { by: 'loopback', client: ask.client, address },
    });
  }

  /** The tokens for a code. It works once, also when what came with it was wrong: a second use ends the session of the first. */
  async redeem(
    { code, codeVerifier, redirectUri }: { code: string; codeVerifier: string; redirectUri: string },
    { address }: { address: string },
  ): Promise<SessionTokens> {
    const hash = hashOf(code);
    const result = await this.#options.db.transaction(async (tx): Promise<SessionTokens | GuichetError> => {
      const [seen] = await tx.query<CodeRow>(BY_HASH, [hash]);
      if (seen !== undefined) await this.#options.sessions.turnOf(tx, seen.principalId);
      const [row] = await tx.query<CodeRow>(LOCK_BY_HASH, [hash]);
      if (row === undefined) return notValid('This code is not known here.');
      if (row.sessionId !== null) {
        const [session] = await tx.query<SessionRow>(SESSION, [row.sessionId]);
        if (session !== undefined) return this.#options.sessions.endReused(tx, session, { what: 'code', address });
      }
      if (row.isOver || row.sessionId !== null) return notValid('This code is no longer valid.');
      const challenge = createHash('sha256').update(codeVerifier).digest('base64url');
      if (!isSame(challenge, row.codeChallenge) || redirectUri !== row.redirectUri) {
        await tx.query(END, [hash]);
        return notValid('This code belongs to another sign-in.');
      }
      const member = (await this.#options.directory.members(tx, [row.principalId])).get(row.principalId);
      if (member === undefined) return notValid(`${row.principalId} is no longer in the company.`);
      const person = { id: member.id, name: member.name };
      const { client, address: from, endsAt } = row;
      const tokens = await this.#options.sessions.openCommandLine(tx, { person, client, address: from, by: 'loopback', endsAt });
      await tx.query(REDEEM, [hash, tokens.session.id]);
      return tokens;
    });
    if (result instanceof GuichetError) throw result;
    return result;
  }
}

function notValid(message: string): GuichetError {
  return new GuichetError('sign_in.invalid', message, { remedy: 'Begin again: guichet login.' });
}
