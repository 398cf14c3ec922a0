import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Actor, type Exchanged, GuichetError } from '@guichet/contract';
import { decodeJwt, type JWTPayload, jwtVerify } from 'jose';
import type { Logger } from 'pino';
import type { Member } from '../../catalog/index.ts';
import type { ExchangedTokens, Refusal } from '../assertions/exchanged-tokens.ts';
import { oneLine } from '../assertions/plain-text.ts';
import type { Assertion } from '../assertions/used-assertions.ts';
import { type Claims, claimAt, jobInWords, unfitting } from './claims.ts';
import type { Workload, WorkloadRule } from './config.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { asProofError, invalid, notJwt } from './proof-errors.ts';

/** The clocks of an issuer and of this machine may differ by so much. */
const SKEW_SECONDS = 30;

export interface WorkloadsOptions {
  readonly workloads: readonly Workload[];
  readonly exchanged: ExchangedTokens;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** Paths of the configuration are relative to it. */
  readonly folder: string;
}

interface Issuer {
  readonly workload: Workload;
  readonly keys: IssuerKeys;
}

/** CI jobs and workloads: their platform vouches for them by a signed token, and rules say which machine each is. */
export class Workloads {
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #exchanged: ExchangedTokens;
  readonly #logger: WorkloadsOptions['logger'];

  /** Refuses (`config.invalid`) files that cannot be read. */
  constructor({ workloads, exchanged, logger, folder }: WorkloadsOptions) {
    this.#exchanged = exchanged;
    this.#logger = logger;
    const issuers = workloads.map((workload, index): Issuer => {
      const { issuer, jwksUri, jwksFile, caFile } = workload;
      const path = jwksFile === undefined ? undefined : resolve(folder, jwksFile);
      if (path !== undefined) readable(path, `/identity/workloads/${index}/jwksFile`);
      const ca = caFile === undefined ? undefined : readable(resolve(folder, caFile), `/identity/workloads/${index}/caFile`);
      const onError = (error: unknown): void => logger.warn({ err: error, issuer }, 'the keys of an issuer cannot be had');
      const now = (): number => performance.now();
      return { workload, keys: new IssuerKeys({ issuer, jwksUri, jwksFile: path, ca, now, onError }) };
    });
    this.#issuers = new Map(issuers.map((issuer) => [issuer.workload.issuer, issuer]));
  }

  /** A short-lived token of the machine that the first fitting rule names; `assertion.*` errors say what is wrong. */
  async exchange(token: string, { address }: { address: string }): Promise<Exchanged> {
    if (this.#issuers.size === 0)
      throw new GuichetError('assertion.not_configured', 'This gateway takes no tokens of CI jobs and workloads.', {
        remedy: 'Have identity.workloads set: docs/guide/machines.md.',
      });
    const { workload, keys } = this.#issuerOf(token);
    const claims = await this.#verified(token, { workload, keys });
    const rule = workload.rules.find((candidate) => unfitting(candidate, claims).length === 0);
    if (rule === undefined) throw await this.#noRule(workload, claims);
    const owner = this.#exchanged.machine(rule.machine);
    if (owner === undefined) throw await this.#noMachine(workload, { rule, claims });
    const createdBy = await this.#behind(workload, { rule, claims });
    const { name, issuer, rules } = workload;
    return this.#exchanged.issue({
      origin: originOf(workload),
      name: `${name}: ${jobInWords(claims)}`,
      owner,
      scope: rule.scope,
      ttlMs: rule.ttl,
      createdBy,
      once: workload.reusable ? undefined : onceOf(token, { workload, claims }),
      proof: {
        issuer,
        subject: oneLine(claims.sub),
        rule: rules.indexOf(rule),
        ...(claims.jti !== undefined && { jti: oneLine(claims.jti) }),
      },
      address,
    });
  }

  /** What the token says of its issuer, before anything of it is known to be true: it only tells whose keys to look at. */
  #issuerOf(token: string): Issuer {
    let claims: JWTPayload;
    try {
      claims = decodeJwt(token);
    } catch (error) {
      throw notJwt(error);
    }
    const found = typeof claims.iss === 'string' ? this.#issuers.get(claims.iss) : undefined;
    if (found !== undefined) return found;
    this.#logger.info({ issuer: oneLine(claims.iss) }, 'a token of an issuer that is not configured');
    throw invalid('is of an issuer that this gateway does not know', 'Ask the team that runs Guichet whose tokens it takes.');
  }

  async #verified(token: string, { workload, keys }: Issuer): Promise<JWTPayload> {
    const { issuer, audience, algorithms, maxAge, name } = workload;
    try {
      const { payload } = await jwtVerify(token, keys.keyFor, {
        issuer,
        audience,
        algorithms,
        maxTokenAge: maxAge / 1000,
        clockTolerance: SKEW_SECONDS,
        requiredClaims: ['exp', 'iat', 'sub'],
      });
      return payload;
    } catch (error) {
      const problem = asProofError(error);
      this.#logger.info({ workload: name, audience, reason: problem.message }, 'a token of a workload is not valid');
      throw problem;
    }
  }

  /** The caller learns that nothing fits; what was asked for, only who can read the log. */
  #noRule(workload: Workload, claims: Claims): Promise<GuichetError> {
    const rules = workload.rules.map((rule, index) => {
      const names = unfitting(rule, claims);
      return {
        rule: index,
        machine: rule.machine,
        unfitting: Object.fromEntries(names.map((name) => [name, shown(claims, name)])),
      };
    });
    return this.#refused(workload, {
      subject: subjectOf(claims),
      message: 'This token is genuine, and no rule of this gateway is for it.',
      remedy: 'Ask the team that runs Guichet: the log of the gateway says which claims do not fit.',
      facts: { rules: rules.slice(0, 20) },
    });
  }

  #noMachine(workload: Workload, { rule, claims }: { rule: WorkloadRule; claims: Claims }): Promise<GuichetError> {
    return this.#refused(workload, {
      subject: subjectOf(claims),
      message: 'This token is genuine, and the machine that it is for is not in the company.',
      remedy: 'Ask the team that runs Guichet to add it to the company file.',
      facts: { rule: workload.rules.indexOf(rule), machine: rule.machine },
    });
  }

  /** Who stands behind the job. Somebody who cannot be found refuses it: they could approve what they have asked for. */
  async #behind(workload: Workload, { rule, claims }: { rule: WorkloadRule; claims: Claims }): Promise<Actor> {
    if (rule.onBehalfOf === undefined) return { id: 'system', name: workload.name };
    const { claim, is } = rule.onBehalfOf;
    const value = claimAt(claims, claim);
    const fits = typeof value === 'string' && value.includes('@') === (is === 'email');
    const accounts: Member[] = fits ? await this.#exchanged.people(value) : [];
    const [account] = accounts;
    if (account !== undefined && new Set(accounts.map(({ person }) => person)).size === 1)
      return { id: account.id, name: account.name };
    throw await this.#refused(workload, {
      subject: subjectOf(claims),
      message: 'This token is genuine, and who started the job is nobody, or not one person, of the company.',
      remedy: 'Have somebody of the company start it, or ask the team that runs Guichet.',
      facts: { rule: workload.rules.indexOf(rule), claim, value: shown(claims, claim), accounts: accounts.map(({ id }) => id) },
    });
  }

  #refused(workload: Workload, refusal: Omit<Refusal, 'origin'>): Promise<GuichetError> {
    return this.#exchanged.refused({ origin: originOf(workload), ...refusal });
  }
}

const originOf = ({ name }: Workload): string => `workload:${name}`;
const subjectOf = (claims: Claims): string => oneLine(claims['sub']);
const shown = (claims: Claims, name: string): string | null => {
  const value = claimAt(claims, name);
  return value === undefined ? null : oneLine(value);
};

/** By its id where it has one. A signature can be written in several ways, so what was signed stands for one without. */
function onceOf(token: string, { workload, claims }: { workload: Workload; claims: JWTPayload }): Assertion {
  const { jti, exp = 0, iat = 0 } = claims;
  const own = typeof jti === 'string' ? ['jti', jti] : ['signed', token.slice(0, token.lastIndexOf('.'))];
  const until = Math.min(exp, iat + workload.maxAge / 1000) + SKEW_SECONDS;
  return { parts: ['workload', workload.issuer, ...own], expiresAt: new Date(until * 1000) };
}

function readable(path: string, field: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw wrong(field, { message: `names ${path}, which cannot be read`, remedy: 'See that it is there and readable.' });
  }
}

function wrong(field: string, { message, remedy }: { message: string; remedy: string }): GuichetError {
  return new GuichetError('config.invalid', `The configuration: ${field} ${message}.`, {
    remedy,
    errors: [{ field, message, remedy }],
  });
}
