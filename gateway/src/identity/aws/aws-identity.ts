import { type Actor, type AwsAssertion, type Exchanged, GuichetError } from '@guichet/contract';
import type { Logger } from 'pino';
import type { Member } from '../../catalog/index.ts';
import type { ExchangedTokens } from '../assertions/exchanged-tokens.ts';
import { matches } from '../assertions/glob.ts';
import type { Assertion } from '../assertions/used-assertions.ts';
import { type AwsCaller, askSts } from './ask-sts.ts';
import { type ArnRule, type AwsSettings, PERSON } from './config.ts';
import { checkSignedCall, type SignedCall, WINDOW_MS } from './signed-call.ts';

const ORIGIN = 'aws';

export interface AwsIdentityOptions {
  readonly settings: AwsSettings | undefined;
  readonly exchanged: ExchangedTokens;
  readonly logger: Pick<Logger, 'info'>;
  /** The address of this gateway, without a slash at the end. */
  readonly baseUrl: () => string;
}

/** Callers that AWS vouches for: they sign a question to AWS, the gateway asks it, and rules say who each ARN is. */
export class AwsIdentity {
  readonly #options: AwsIdentityOptions;

  constructor(options: AwsIdentityOptions) {
    this.#options = options;
  }

  /** A short-lived token for whom the first fitting rule names; `assertion.*` errors say what is wrong. */
  async exchange(given: AwsAssertion, { now, address }: { now: Date; address: string }): Promise<Exchanged> {
    const { settings, exchanged, baseUrl } = this.#options;
    if (settings === undefined)
      throw new GuichetError('assertion.not_configured', 'This gateway takes no identities of AWS.', {
        remedy: 'Have identity.aws set: docs/guide/machines.md.',
      });
    const call = this.#checked(given, { hosts: settings.hosts, gateway: baseUrl(), now });
    const once = onceOf(call);
    await exchanged.refuseUsed(once, { origin: ORIGIN, address });
    const caller = await askSts(call);
    const rule = settings.map.find(({ arn }) => matches(arn.replace(PERSON, '*'), caller.arn));
    if (rule === undefined)
      throw await exchanged.refused({
        origin: ORIGIN,
        subject: caller.arn,
        message: `AWS says that you are ${caller.arn}, and no rule of this gateway is for it.`,
        remedy: 'Ask the team that runs Guichet.',
        facts: { account: caller.account },
      });
    const { owner, createdBy } = await this.#whoIs(rule, caller);
    return exchanged.issue({
      origin: ORIGIN,
      name: `aws: ${caller.arn.slice(caller.arn.lastIndexOf(':') + 1)}`,
      owner,
      scope: rule.scope,
      ttlMs: rule.ttl,
      createdBy,
      once,
      proof: { arn: caller.arn, userId: caller.userId, rule: settings.map.indexOf(rule) },
      address,
    });
  }

  #checked(given: AwsAssertion, options: Parameters<typeof checkSignedCall>[1]): SignedCall {
    try {
      return checkSignedCall(given, options);
    } catch (error) {
      if (error instanceof GuichetError)
        this.#options.logger.info({ reason: error.message }, 'a signed call of AWS is not valid');
      throw error;
    }
  }

  async #whoIs(rule: ArnRule, caller: AwsCaller): Promise<{ owner: Member; createdBy: Actor }> {
    if ('person' in rule) {
      const owner = await this.#person(rule.person, { rule, caller });
      return { owner, createdBy: actorOf(owner) };
    }
    const owner = this.#options.exchanged.machine(rule.machine);
    if (owner === undefined) throw await this.#nobody(rule, { caller, whom: rule.machine });
    if (rule.onBehalfOf === undefined) return { owner, createdBy: { id: 'system', name: ORIGIN } };
    return { owner, createdBy: actorOf(await this.#person(rule.onBehalfOf, { rule, caller })) };
  }

  /** One account, or none: who has several has to say in the configuration which one it is. */
  async #person(wanted: string, { rule, caller }: { rule: ArnRule; caller: AwsCaller }): Promise<Member> {
    const whom = wanted === PERSON ? caller.arn.slice(caller.arn.lastIndexOf('/') + 1) : wanted;
    const [account, ...others] = await this.#options.exchanged.people(whom);
    if (account !== undefined && others.length === 0) return account;
    throw await this.#nobody(rule, { caller, whom });
  }

  #nobody(rule: ArnRule, { caller, whom }: { caller: AwsCaller; whom: string }): Promise<GuichetError> {
    const { settings, exchanged } = this.#options;
    return exchanged.refused({
      origin: ORIGIN,
      subject: caller.arn,
      message: `AWS says that you are ${caller.arn}, and '${whom}' is nobody, or several accounts, of the company.`,
      remedy: 'Ask the team that runs Guichet to add you to the company file.',
      facts: { rule: settings?.map.indexOf(rule) ?? -1, whom },
    });
  }
}

const actorOf = ({ id, name }: Member): Actor => ({ id, name });

/** Only who has the key can make another signature, so a signature is the call. */
function onceOf({ signature, signedAt }: SignedCall): Assertion {
  return { parts: ['aws', signature], expiresAt: new Date(signedAt.getTime() + WINDOW_MS) };
}
