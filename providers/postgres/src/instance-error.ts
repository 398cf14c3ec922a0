import { GuichetError } from '@guichet/contract';
import { PermanentFailure, RetryableFailure, refuse } from '@guichet/sdk';
import type { InstanceSettings } from './config.ts';
import type { InstanceLogins, LoginSettings } from './login-config.ts';
import { loginPlace } from './login-place.ts';

/** Why an instance could not be asked, in words that may leave the process. The driver's error is the cause. */
export class InstanceError extends Error {
  readonly remedy: string;
  /** Trying again unchanged may help. */
  readonly passing: boolean;

  constructor(message: string, options: { readonly remedy: string; readonly passing: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'InstanceError';
    this.remedy = options.remedy;
    this.passing = options.passing;
  }
}

export interface Asked {
  readonly settings: InstanceSettings;
  readonly login: LoginSettings;
  readonly role: keyof InstanceLogins | 'replication';
}

/** The error of the driver, said in terms of the instance; undefined for what is a bug of ours. */
export function instanceErrorOf(cause: unknown, { settings, login, role }: Asked): InstanceError | undefined {
  if (!(cause instanceof Error)) return undefined;
  const { name, host, port, owner } = settings;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  const grants = 'docs/guide/postgres.md has the statements that create the logins.';
  const refusal = (why: string, remedy: string) =>
    new InstanceError(`The instance '${name}' refuses the ${role} login '${login.user}': ${why}.`, {
      remedy,
      passing: false,
      cause,
    });
  switch (code) {
    case '28P01':
      return refusal('wrong password', `Mend ${loginPlace(settings, role)}.`);
    case '28000':
      if (role === 'replication') return refusal('its rules let no replication in', replicationRule(cause.message, login.user));
      return refusal('its rules do not let it in (pg_hba.conf, or the role may not log in)', grants);
    case '3D000':
      return refusal('the database to connect to does not exist', 'Name one that exists under databases in the configuration.');
    case '42501':
      return refusal(`it lacks a right (${cause.message})`, grants); // about names alone
    case '57014':
    case '55P03':
      return new InstanceError(`The instance '${name}' did not answer in time.`, {
        remedy: 'It may be overloaded; try again in a moment.',
        passing: true,
        cause,
      });
  }
  const why = unreachable(code, cause.message);
  if (why === undefined) return undefined;
  return new InstanceError(`The instance '${name}' (${host}:${port}) cannot be reached: ${why}.`, {
    remedy: `Try again in a moment; if it stays so, ask the team '${owner}' whether it is up and lets Guichet connect.`,
    passing: true,
    cause,
  });
}

/** The line that is missing; the server says from which address it saw us come. */
function replicationRule(message: string, user: string): string {
  const address = /host "([0-9a-f.:]+)"/i.exec(message)?.[1];
  const from = address === undefined ? 'ADDRESS' : `${address}/${address.includes(':') ? 128 : 32}`;
  return `Add the line 'host replication ${user} ${from} scram-sha-256' to its pg_hba.conf, then run SELECT pg_reload_conf();`;
}

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ENOTFOUND: 'its host name is not known',
  EAI_AGAIN: 'its host name cannot be looked up now',
  EHOSTUNREACH: 'no route to it',
  ENETUNREACH: 'no route to its network',
  ETIMEDOUT: 'no answer in time',
  '53300': 'it takes no more connections',
  '57P01': 'it ended the connection',
  '57P02': 'it crashed',
  '57P03': 'it is starting up or shutting down',
};

function unreachable(code: string, message: string): string | undefined {
  const known = UNREACHABLE[code];
  if (known !== undefined) return known;
  // The driver gives these no code.
  if (/time(?:d )?out|timeout/i.test(message)) return 'no answer in time';
  if (/connection terminated|not queryable|connection ended/i.test(message)) return 'the connection was closed';
  if (/does not support SSL/i.test(message)) return 'it does not speak TLS, which its configuration asks for';
  if (/certificate|self.signed/i.test(message)) return 'its TLS certificate is not trusted';
  return undefined;
}

/** For reads, options and plans: an instance that cannot be asked is a refusal. */
export async function refusing<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InstanceError) return refuse(error.message, { remedy: error.remedy });
    throw error;
  }
}

/** For runs: an instance that cannot be asked is a failure, retryable when it may pass. */
export async function failing<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GuichetError || !(error instanceof InstanceError)) throw error;
    const Failure = error.passing ? RetryableFailure : PermanentFailure;
    throw new Failure(error.message, { remedy: error.remedy, cause: error.cause });
  }
}
