import { type DeviceStarted, GuichetError, type SessionTokens } from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import type { Directory } from '../catalog/index.ts';
import { type Database, statement } from '../db/index.ts';
import { asUserCode, hashOf, newSecret, newUserCode } from './secrets.ts';
import { SESSION_COLUMNS, type SessionRow } from './session-row.ts';
import type { Sessions } from './sessions.ts';
import type { Caller } from './tokens.ts';

const LASTS_SECONDS = 600;
const INTERVAL_SECONDS = 5;
/** Who asks too often waits so much longer from then on (RFC 8628, 3.5). */
const SLOWER_SECONDS = 5;
const MOST_INTERVAL_SECONDS = 60;

interface DeviceRow {
  readonly id: string;
  readonly client: string;
  readonly address: string;
  readonly state: 'pending' | 'allowed' | 'denied' | 'redeemed';
  readonly principalId: string | null;
  readonly sessionId: string | null;
  readonly intervalSeconds: number;
  /** Asked again before the interval was over. */
  readonly isTooSoon: boolean;
  readonly createdAt: Date;
  readonly isOver: boolean;
  /** The end of the session that allowed it. */
  readonly endsAt: Date | null;
}

const COLUMNS = `id, client, address, state, principal_id as "principalId", session_id as "sessionId",
  interval_seconds as "intervalSeconds", coalesce(asked_at > now() - make_interval(secs => interval_seconds), false) as "isTooSoon",
  created_at as "createdAt", least(expires_at, ends_at) <= now() as "isOver", ends_at as "endsAt"`;

const INSERT = statement(
  'device-insert',
  `insert into device_sign_ins (device_hash, user_hash, client, address, interval_seconds, expires_at)
   values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))`,
);
const BY_DEVICE = statement('device-by-device', `select ${COLUMNS} from device_sign_ins where device_hash = $1`);
const LOCK_BY_DEVICE = statement('device-by-device-lock', `${BY_DEVICE.text} for update`);
const BY_USER = statement('device-by-user', `select ${COLUMNS} from device_sign_ins where user_hash = $1`);
const LOCK_BY_USER = statement('device-by-user-lock', `${BY_USER.text} for update`);
const ASKED = statement('device-asked', 'update device_sign_ins set asked_at = now(), interval_seconds = $2 where id = $1');
const DECIDE = statement(
  'device-decide',
  `update device_sign_ins set state = $2, principal_id = $3, ends_at = (select s.ends_at from sessions s where s.id = $4)
   where id = $1`,
);
const REDEEM = statement('device-redeem', `update device_sign_ins set state = 'redeemed', session_id = $2 where id = $1`);
const SESSION = statement('device-session', `select ${SESSION_COLUMNS} from sessions s where s.id = $1 for update`);

/** What asks to be let in, as it is shown to the person. */
export interface AskingDevice {
  readonly userCode: string;
  readonly client: string;
  readonly address: string;
  readonly askedAt: Date;
}

export interface DeviceFlowOptions {
  readonly db: Database;
  readonly directory: Directory;
  readonly sessions: Sessions;
  readonly baseUrl: () => string;
}

/**
 * Signs a command line in by a person with a browser somewhere else, in the manner of RFC 8628:
 *
 *     pending --allow--> allowed --redeem--> redeemed --redeem again--> its session ends
 *        |  \--deny--> denied
 *        \--time--> over
 */
export class DeviceFlow {
  readonly #options: DeviceFlowOptions;

  constructor(options: DeviceFlowOptions) {
    this.#options = options;
  }

  async start({ client, address }: { client: string; address: string }): Promise<DeviceStarted> {
    const [deviceCode, userCode] = [newSecret('gct_d_'), newUserCode()];
    const values = [hashOf(deviceCode), hashOf(userCode), client, address, INTERVAL_SECONDS, LASTS_SECONDS];
    await this.#options.db.query(INSERT, values);
    const verificationUri = `${this.#options.baseUrl()}/device`;
    return {
      deviceCode,
      userCode,
      verificationUri,
      verificationUriComplete: `${verificationUri}?user_code=${userCode}`,
      expiresIn: LASTS_SECONDS,
      interval: INTERVAL_SECONDS,
    };
  }

  /** What waits behind a code that a person typed; undefined when nothing does. */
  async find(typed: string): Promise<AskingDevice | undefined> {
    const userCode = asUserCode(typed);
    if (userCode === undefined) return undefined;
    const [row] = await this.#options.db.query<DeviceRow>(BY_USER, [hashOf(userCode)]);
    if (row === undefined || row.isOver || row.state !== 'pending') return undefined;
    return { userCode, client: row.client, address: row.address, askedAt: row.createdAt };
  }

  /** What the person says; false when nothing waits behind the code any more. */
  async decide(typed: string, { by, allow }: { by: Caller; allow: boolean }): Promise<boolean> {
    const userCode = asUserCode(typed);
    if (userCode === undefined) return false;
    const { id, name } = by.principal;
    return this.#options.db.transaction(async (tx) => {
      await this.#options.sessions.consent(tx, by);
      const [row] = await tx.query<DeviceRow>(LOCK_BY_USER, [hashOf(userCode)]);
      if (row === undefined || row.isOver || row.state !== 'pending') return false;
      await tx.query(DECIDE, [row.id, allow ? 'allowed' : 'denied', id, by.session?.id]);
      await appendAudit(tx, {
        type: allow ? 'sign_in.allowed' : 'sign_in.denied',
        actor: { id, name },
        outcome: allow ? 'ok' : 'denied',
        data: { by: 'device', client: row.client, address: row.address },
      });
      return true;
    });
  }

  /** The tokens, once a person has allowed it; `sign_in.pending`, `.slow_down`, `.denied`, `.expired` and others until then. */
  async redeem(deviceCode: string, { address }: { address: string }): Promise<SessionTokens> {
    // What is refused is written too (the time it was asked, the end of a session): it is thrown after the commit.
    const result = await this.#options.db.transaction(async (tx): Promise<SessionTokens | GuichetError> => {
      const [seen] = await tx.query<DeviceRow>(BY_DEVICE, [hashOf(deviceCode)]);
      if (seen?.state === 'allowed' && seen.principalId !== null) await this.#options.sessions.turnOf(tx, seen.principalId);
      const [row] = await tx.query<DeviceRow>(LOCK_BY_DEVICE, [hashOf(deviceCode)]);
      if (row === undefined) return new GuichetError('sign_in.invalid', 'This device code is not known here.', { remedy: AGAIN });
      if (row.state === 'redeemed') {
        const [session] = await tx.query<SessionRow>(SESSION, [row.sessionId]);
        if (session !== undefined) return this.#options.sessions.endReused(tx, session, { what: 'device code', address });
      }
      if (row.isOver || row.state === 'redeemed')
        return new GuichetError('sign_in.expired', 'Nobody confirmed the code in time.', { remedy: AGAIN });
      if (row.state === 'denied') return new GuichetError('sign_in.denied', 'The sign-in was denied.', { remedy: AGAIN });
      const interval = Math.min(row.intervalSeconds + (row.isTooSoon ? SLOWER_SECONDS : 0), MOST_INTERVAL_SECONDS);
      await tx.query(ASKED, [row.id, interval]);
      if (row.isTooSoon) return notYet('sign_in.slow_down', 'You ask for the code too often.', interval);
      // Allowed just now, after we looked whose turn to wait for: the next question finds it.
      if (row.state === 'pending' || row.principalId === null || seen?.state !== 'allowed')
        return notYet('sign_in.pending', 'Nobody has confirmed the code yet.', interval);
      const member = (await this.#options.directory.members(tx, [row.principalId])).get(row.principalId);
      if (member === undefined)
        return new GuichetError('token.invalid', `${row.principalId} is no longer in the company.`, {
          remedy: 'Ask the team that runs Guichet.',
        });
      const tokens = await this.#options.sessions.openCommandLine(tx, {
        person: { id: member.id, name: member.name },
        client: row.client,
        address: row.address,
        by: 'device',
        endsAt: row.endsAt,
      });
      await tx.query(REDEEM, [row.id, tokens.session.id]);
      return tokens;
    });
    if (result instanceof GuichetError) throw result;
    return result;
  }
}

const AGAIN = 'Begin again: guichet login.';

function notYet(code: 'sign_in.pending' | 'sign_in.slow_down', message: string, interval: number): GuichetError {
  return new GuichetError(code, message, {
    remedy: `Ask again in ${interval} s.`,
    details: { interval, retryAfterSeconds: interval },
  });
}
