import { randomBytes } from 'node:crypto';
import { type Actor, GuichetError, type Session } from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import type { Directory } from '../catalog/index.ts';
import { type Database, statement, type Transaction } from '../db/index.ts';
import { type Admission, admissionOf, type Identity } from './admission.ts';
import type { IdentitySettings, OidcConfig } from './config.ts';
import { type Ended, endTenureOf, type MadeTokens, machineTokensBy, turnOf } from './ending.ts';
import { type Checks, IdentityProvider } from './provider.ts';
import { localPath } from './return-to.ts';
import { derived, isSame, newSecret } from './secrets.ts';
import type { Sessions } from './sessions.ts';
import type { Tenures } from './tenure.ts';

/** Between leaving for the provider and coming back. */
export const ATTEMPT_MS = 10 * 60_000;
/** What a browser takes along: a secret, the time in milliseconds, and the path to come back to in base64url. */
const ATTEMPT = /^[\w-]{43}\.[0-9]{13}\.[\w-]+$/;

const BIND = statement(
  'identity-bind',
  'insert into identities (issuer, subject, principal_id) values ($1, $2, $3) on conflict do nothing returning subject',
);
const BOUND = statement(
  'identity-bound',
  `select subject, principal_id as "principalId" from identities
   where issuer = $1 and (subject = $2 or principal_id = $3)`,
);
const CLAIM = statement(
  'directory-claim',
  `insert into directory_claims (principal_id, name, email, teams, at, valid_until)
   values ($1, $2, $3, $4, now(), now() + make_interval(secs => $5))
   on conflict (principal_id) do update set name = excluded.name, email = excluded.email, teams = excluded.teams,
     at = excluded.at, valid_until = excluded.valid_until`,
);
const BINDINGS = statement('identity-bindings', 'select issuer from identities where principal_id = $1');
const SAID = statement('identity-said', 'update identities set claim = $3, value = $4 where issuer = $1 and principal_id = $2');

export interface SignInOptions {
  readonly db: Database;
  readonly directory: Directory;
  readonly sessions: Sessions;
  readonly tenures: Tenures;
  readonly settings: IdentitySettings;
  readonly redirectUri: () => string;
}

/** A browser that comes back from the provider. */
export interface Return {
  readonly query: URLSearchParams;
  /** What it was given when it left. */
  readonly attempt: string | undefined;
  readonly now: Date;
  readonly client: string;
  readonly address: string;
  /** The secret of the session that it had until now. */
  readonly replaces: string | undefined;
}

export interface Beginning {
  /** Where the person wants to go afterwards. */
  readonly returnTo: string;
  readonly now: Date;
  /** True when somebody else is to sign in than the provider knows in this browser. */
  readonly again?: boolean;
}

/**
 * Signs people in with the identity provider. What binds the answer to the question is all made of one secret that only
 * the browser has, in a cookie: `state`, `nonce` and the PKCE verifier are derived from it, from the time, and from the
 * path to come back to. So nothing is stored here, any replica can take the answer, another browser cannot, and a cookie
 * that was changed fits no answer.
 */
export class SignIn {
  readonly #options: SignInOptions;
  readonly #provider: IdentityProvider | undefined;

  constructor(options: SignInOptions) {
    this.#options = options;
    const { oidc } = options.settings;
    this.#provider = oidc === undefined ? undefined : new IdentityProvider({ oidc, redirectUri: options.redirectUri });
  }

  /** Throws `sign_in.not_configured` where nobody can sign in. */
  refuseUnconfigured(): void {
    this.#configured();
  }

  #configured(): { readonly provider: IdentityProvider; readonly oidc: OidcConfig } {
    const { oidc } = this.#options.settings;
    if (this.#provider !== undefined && oidc !== undefined) return { provider: this.#provider, oidc };
    throw new GuichetError('sign_in.not_configured', 'This gateway has no identity provider.', {
      remedy: 'Use a token that its operator issues, or have identity.oidc set: docs/guide/sign-in.md.',
    });
  }

  /** How long a session lasts at most, in milliseconds. */
  get longest(): number {
    return this.#options.settings.session.absolute;
  }

  /** Where a browser signs out of the provider too; null where there is no such place. */
  async endSessionUrl(): Promise<string | null> {
    return (await this.#provider?.endSessionUrl()) ?? null;
  }

  /** Where to send the browser, and what it must bring back: `attempt`, under a name with `id` in it. */
  async begin({ returnTo, now, again = false }: Beginning): Promise<{ id: string; attempt: string; url: URL }> {
    const { provider } = this.#configured();
    const id = randomBytes(6).toString('hex');
    const attempt = `${newSecret('')}.${now.getTime()}.${Buffer.from(localPath(returnTo)).toString('base64url')}`;
    return { id, attempt, url: await provider.authorizationUrl(checksOf(id, attempt), { again }) };
  }

  /** The session of the person who comes back, the secret for its cookie, and where they wanted to go. */
  async finish({ query, attempt, now, client, address, replaces }: Return): Promise<{
    readonly secret: string;
    readonly session: Session;
    readonly returnTo: string;
  }> {
    const { provider } = this.#configured();
    const state = query.get('state') ?? '';
    const id = attemptIdOf(state);
    const checks = id === undefined || attempt === undefined ? undefined : checksOf(id, attempt);
    if (attempt === undefined || !ATTEMPT.test(attempt) || checks === undefined || !isSame(state, checks.state))
      throw notBegunHere('This sign-in was not begun in this browser.');
    const { at, returnTo } = partsOf(attempt);
    if (now.getTime() - at > ATTEMPT_MS) throw notBegunHere('This sign-in was begun too long ago.');
    const identity = await provider.exchange(query, checks);
    try {
      const opened = await this.#open(identity, { client, address, replaces });
      return { ...opened, returnTo };
    } catch (error) {
      await this.#record(identity, error, address);
      throw error;
    }
  }

  async #open(
    identity: Identity,
    { client, address, replaces }: Pick<Return, 'client' | 'address' | 'replaces'>,
  ): Promise<{ secret: string; session: Session }> {
    const { db, directory, sessions, tenures, settings } = this.#options;
    const { company } = directory;
    const admission = admissionOf(identity, this.#configured().oidc, company);
    const { principalId, name, email, teams, said } = admission;
    return db.transaction(async (tx) => {
      const claimed = { id: principalId, name, email };
      const before = await tenures.arrive(tx, claimed, company);
      const isNew = await bind(tx, identity, admission);
      if (isNew && before !== undefined && company.member(principalId) === undefined) await tenures.takeOver(tx, before, claimed);
      await tx.query(SAID, [identity.issuer, principalId, said.claim, said.value]);
      await tx.query(CLAIM, [principalId, name, email, teams, settings.session.absolute / 1000]);
      const person: Actor = { id: principalId, name: directory.member(principalId, admission)?.name ?? name };
      if (replaces !== undefined) await sessions.replace(tx, replaces, person);
      return sessions.openBrowser(tx, { person, client, address, by: 'browser', data: { bound: isNew, teams } });
    });
  }

  /** Somebody whom the provider vouches for and who may not in is worth knowing of. */
  async #record({ issuer, subject, claims }: Identity, error: unknown, address: string): Promise<void> {
    if (!(error instanceof GuichetError) || !['sign_in.refused', 'sign_in.subject_conflict'].includes(error.code)) return;
    const { claim } = this.#configured().oidc.person;
    const said = claims[claim];
    await appendAudit(this.#options.db, {
      type: 'sign_in.refused',
      actor: { id: 'system', name: 'system' },
      outcome: 'denied',
      data: { code: error.code, issuer, subject, claim, said: typeof said === 'string' ? said.slice(0, 200) : null, address },
    });
  }

  /**
   * For the operator's own command: the next account that comes as this person is bound to them, and whatever the one
   * before was given out ends. Undefined when none was bound.
   */
  async unbind(principalId: string): Promise<(Ended & { readonly made: MadeTokens }) | undefined> {
    const actor: Actor = { id: 'system', name: 'operator' };
    return this.#options.db.transaction(async (tx) => {
      await turnOf(tx, principalId);
      if ((await tx.query(BINDINGS, [principalId])).length === 0) return undefined;
      const { sessions, tokens } = await endTenureOf(tx, principalId, { actor, why: 'unbound' });
      await appendAudit(tx, {
        type: 'identity.unbound',
        actor,
        outcome: 'ok',
        resource: principalId,
        data: { principal: principalId, sessions, tokens },
      });
      return { sessions, tokens, made: { revoked: [], living: await machineTokensBy(tx, principalId) } };
    });
  }
}

/** The part of a state that says under which name the browser keeps its attempt; it tells nothing. */
export function attemptIdOf(state: string): string | undefined {
  return /^([0-9a-f]{12})\.[\w-]{43}$/.exec(state)?.[1];
}

function checksOf(id: string, attempt: string): Checks {
  const [secret = '', ...bound] = attempt.split('.');
  const value = (purpose: string): string => derived(secret, [purpose, id, ...bound].join('.'));
  return { state: `${id}.${value('state')}`, nonce: value('nonce'), codeVerifier: value('verifier') };
}

/** It is what we gave the browser where the state fits. The path is one of ours in any case; otherwise `input.invalid`. */
function partsOf(attempt: string): { at: number; returnTo: string } {
  const [, at, path = ''] = attempt.split('.');
  return { at: Number(at), returnTo: localPath(Buffer.from(path, 'base64url').toString()) };
}

/** Binds the account to the person, or finds that it is; true when it was not. Refuses every other account, and person. */
async function bind(tx: Transaction, { issuer, subject }: Identity, { principalId }: Admission): Promise<boolean> {
  const made = await tx.query(BIND, [issuer, subject, principalId]);
  if (made.length > 0) return true;
  const rows = await tx.query<{ subject: string; principalId: string }>(BOUND, [issuer, subject, principalId]);
  if (rows.length === 1 && rows[0]?.subject === subject && rows[0].principalId === principalId) return false;
  const other = rows.find((row) => row.subject === subject);
  const name = principalId.replace('user:', '');
  throw new GuichetError(
    'sign_in.subject_conflict',
    other === undefined
      ? `${name} has signed in with another account of the identity provider before.`
      : `This account has signed in as ${other.principalId.replace('user:', '')} before, and now says that it is ${name}.`,
    {
      remedy: `Ask the team that runs Guichet. When they know why, and it is right: node gateway/src/main.ts --config FILE unbind ${other?.principalId ?? principalId}`,
    },
  );
}

/** Where somebody wanted to go whose sign-in did not come to its end; `/` when nothing says so. */
export function wayBackOf(attempt: string | undefined): string {
  try {
    return attempt === undefined || !ATTEMPT.test(attempt) ? '/' : partsOf(attempt).returnTo;
  } catch {
    return '/'; // it was changed, and leads to no page of ours
  }
}

function notBegunHere(message: string): GuichetError {
  return new GuichetError('sign_in.failed', message, {
    remedy: 'Begin again at the page that you wanted, or with guichet login.',
  });
}
