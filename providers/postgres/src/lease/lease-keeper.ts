import { randomBytes } from 'node:crypto';
import type { Instance } from '../instance.ts';
import { InstanceError } from '../instance-error.ts';
import { Unserved } from '../wire/client-service.ts';
import { scramVerifier } from '../wire/scram.ts';
import { openServerSession, ServerRefusal, type ServerSession, SignInError } from '../wire/server-session.ts';
import { changingRole } from './evict.ts';
import type { LeaseTimes } from './lease.ts';
import { HOLD_LEASE, LEASE_ENDING, NO_SUCH_LEASE, renewRole } from './lease-sql.ts';
import { type LeasePlace, replayed } from './primary.ts';
import { sqlStateOf } from './sql-state.ts';

/** Somebody's use of a lease in this process: while there is one, the lease is kept alive. */
export interface LeaseUse {
  /** Aborted when the lease has ended, with an Unserved as the reason. */
  readonly ended: AbortSignal;
  /** Signs in with it. Rejects with an Unserved, a ServerRefusal, or the error of the network. */
  connect(parameters: ReadonlyMap<string, string>, signal: AbortSignal): Promise<ServerSession>;
  /** Adds to the count of its statements. */
  count(statements: number): void;
  release(): void;
}

const REPLAY_MS = 10_000;
const TURN_MS = 10_000;
const WRONG_PASSWORD = '28P01';

type Ask = (text: string) => Promise<unknown>;

/**
 * Keeps leases alive that are in use in this process. The end of their passwords, kept by the server itself, is the
 * heartbeat: whoever dies renews nothing, and several processes that keep one lease do not get into each other's way.
 */
export class LeaseKeeper {
  readonly #kept = new Map<string, KeptLease>();
  readonly #times: LeaseTimes;

  constructor(times: LeaseTimes) {
    this.#times = times;
  }

  /** Comes back when the lease is good. Rejects with an Unserved when it has ended, or with an InstanceError. */
  async use(place: LeasePlace, { role, request }: { role: string; request: string }): Promise<LeaseUse> {
    const key = keyOf(place.primary, role);
    let kept = this.#kept.get(key);
    if (kept === undefined) {
      kept = new KeptLease(place.primary, { role, request, times: this.#times, over: () => this.#kept.delete(key) });
      this.#kept.set(key, kept);
    }
    return kept.use(place.instance);
  }

  /** Tells those that use it that it has ended, without waiting for a renewal to find that out. */
  tell(primary: Instance, role: string): void {
    this.#kept.get(keyOf(primary, role))?.end();
  }

  /** Statements that this process has let through and not yet told the server of. */
  pending(primary: Instance, role: string): number {
    return this.#kept.get(keyOf(primary, role))?.statements ?? 0;
  }

  close(): void {
    for (const kept of this.#kept.values()) kept.stop();
  }
}

function keyOf({ settings, name }: Instance, role: string): string {
  return `${settings.environment}/${name}/${role}`;
}

interface Kept {
  readonly role: string;
  readonly request: string;
  readonly times: LeaseTimes;
  readonly over: () => void;
}

class KeptLease {
  readonly #primary: Instance;
  readonly #lease: Kept;
  readonly #ended = new AbortController();
  #uses = 0;
  #statements = 0;
  #password = '';
  #timer: NodeJS.Timeout | undefined;
  #renewal: Promise<void> | undefined;
  /** Of those that need a password that nobody changes: one after the other. */
  #turn: Promise<void> = Promise.resolve();

  constructor(primary: Instance, lease: Kept) {
    this.#primary = primary;
    this.#lease = lease;
  }

  get statements(): number {
    return this.#statements;
  }

  async use(instance: Instance): Promise<LeaseUse> {
    this.#uses += 1;
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      this.#uses -= 1;
      if (this.#uses === 0) this.stop();
    };
    try {
      if (this.#timer === undefined) {
        this.#timer = setInterval(() => this.#renewQuietly(), this.#lease.times.renew * 1000);
        this.#renewal = this.#renew();
      }
      await this.#renewal;
    } catch (error) {
      release();
      throw error;
    }
    return {
      ended: this.#ended.signal,
      connect: (parameters, signal) => this.#connect(instance, parameters, signal),
      count: (statements) => {
        this.#statements += statements;
      },
      release,
    };
  }

  end(): void {
    this.#ended.abort(hasEnded(this.#lease.request));
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#lease.over();
    // What was counted since the last renewal is told; that renews it once more, as if it had been left a moment later.
    if (this.#statements > 0 && !this.#ended.signal.aborted) this.#renewQuietly();
  }

  #renewQuietly(): void {
    this.#renewal = this.#renew();
    this.#renewal.catch((error: unknown) => {
      // A server that does not answer is asked again; the lease ends by itself when that takes too long.
      if (error instanceof Unserved) this.end();
    });
  }

  /** Always with another password: one that somebody has given the role by a statement of theirs is good for moments only. */
  async #renew(ask: Ask = (text) => this.#change(() => this.#primary.admin.ask({ text }))): Promise<void> {
    const { role, request, times } = this.#lease;
    const password = randomBytes(32).toString('base64url');
    const statements = this.#statements;
    const text = renewRole(role, { verifier: await scramVerifier(password), valid: times.valid, statements });
    try {
      await ask(text);
    } catch (error) {
      const state = sqlStateOf(error);
      if (state === NO_SUCH_LEASE || state === LEASE_ENDING) throw hasEnded(request);
      throw error;
    }
    this.#password = password;
    this.#statements -= statements;
  }

  async #connect(instance: Instance, parameters: ReadonlyMap<string, string>, signal: AbortSignal): Promise<ServerSession> {
    const all = new Map([...parameters, ['user', this.#lease.role]]);
    const open = async (): Promise<ServerSession> => {
      const password = this.#password;
      await this.#atReplica(instance);
      return openServerSession(instance.settings, { parameters: all, password, signal });
    };
    try {
      await this.#renewal;
      try {
        return await open();
      } catch (error) {
        if (!(error instanceof ServerRefusal) || error.code !== WRONG_PASSWORD) throw error;
      }
      // Another process that keeps this lease has given it another password meanwhile.
      const turn = this.#turn.then(() => this.#undisturbed(open, signal));
      this.#turn = turn.then(
        () => {},
        () => {},
      );
      return await turn;
    } catch (error) {
      throw unserved(error, instance);
    }
  }

  /** With a new password, which nobody changes before it was used: whoever renews waits for the same lock. */
  async #undisturbed(open: () => Promise<ServerSession>, signal: AbortSignal): Promise<ServerSession> {
    const [database = 'postgres'] = this.#primary.settings.databases;
    const wanted = { database, statementMs: TURN_MS, lockMs: TURN_MS, signal };
    return this.#change(() =>
      this.#primary.admin.session(wanted, async (session) => {
        await session.query(HOLD_LEASE, [this.#lease.role]);
        await this.#renew((text) => session.query(text));
        return open();
      }),
    );
  }

  #change<Value>(change: () => Promise<Value>): Promise<Value> {
    return changingRole(this.#primary, { role: this.#lease.role }, change);
  }

  async #atReplica(instance: Instance): Promise<void> {
    if (await replayed({ instance, primary: this.#primary }, REPLAY_MS)) return;
    throw new Unserved({
      code: '57P03',
      message: `The replica '${instance.name}' is too far behind its primary to know your role yet.`,
      hint: `Try again in a moment, or connect to '${this.#primary.name}'.`,
    });
  }
}

export function hasEnded(request: string): Unserved {
  return new Unserved({ code: '57P01', message: `${request} has ended.`, hint: 'Ask again: guichet postgres connect.' });
}

/** The error in words for a client. */
export function unserved(error: unknown, instance: Instance): unknown {
  if (error instanceof ServerRefusal && error.code === '53300') {
    return new Unserved({
      code: '53300',
      message: `No more connections: ${error.message}.`,
      hint: 'Close some of yours, and connect again.',
    });
  }
  if (error instanceof ServerRefusal || error instanceof Unserved) return error;
  if (error instanceof SignInError) {
    const hint = 'Its pg_hba.conf must let roles of leases in with scram-sha-256: docs/guide/postgres-connect.md.';
    return new Unserved({ code: '28000', message: `'${instance.name}': ${error.message}`, hint }, { cause: error });
  }
  const reason = error instanceof InstanceError ? error.message : `The instance '${instance.name}' cannot be reached.`;
  return new Unserved({ code: '08001', message: reason, hint: 'Try again in a moment.' }, { cause: error });
}
