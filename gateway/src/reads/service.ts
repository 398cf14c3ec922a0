import { type AuditEventType, type Choice, GuichetError, inBrief, type Output, type Principal } from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import type { Catalog, CatalogAction, ProviderCalls } from '../catalog/index.ts';
import type { Database } from '../db/index.ts';
import type { Limits } from '../limits/index.ts';
import { deniedAndRecorded, type Policy, refuseUnseen, seenBy } from '../policy/index.ts';

export interface ReadsOptions {
  readonly db: Database;
  readonly catalog: Catalog;
  readonly calls: ProviderCalls;
  readonly policy: Policy;
  readonly limits: Limits;
}

export interface ReadCall {
  readonly action: string;
  readonly environment: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal | undefined;
}

/** What answers at once: reads and the live choices of a field. Each is recorded before its answer leaves. */
export class Reads {
  readonly #options: ReadsOptions;

  constructor(options: ReadsOptions) {
    this.#options = options;
  }

  async read(principal: Principal, call: ReadCall): Promise<Output> {
    const found = this.#options.catalog.getIn(call.action, call.environment, seenBy(this.#options.policy, principal));
    if (found.action.kind !== 'read')
      throw new GuichetError('action.not_readable', `${call.action} is a write.`, {
        remedy: 'Submit it as a request: POST /v1/requests.',
      });
    refuseUnseen(this.#options.policy, principal, found.action);
    const { whole: input, shown, secrets } = found.checkInput(call.input);
    const subject = { found, environment: call.environment, input, secrets, caller: principal, signal: call.signal };
    return this.#recorded(
      principal,
      { found, environment: call.environment, kind: 'read', input: shown, data: { input: shown } },
      async () => {
        // Counted of what is permitted: who may not use an action does not use up what others may.
        await this.#options.limits.read(call.action, principal.id);
        return this.#options.calls.read(subject);
      },
      inBrief,
    );
  }

  async options(principal: Principal, call: ReadCall & { field: string; query: string }): Promise<Choice[]> {
    const found = this.#options.catalog.getIn(call.action, call.environment, seenBy(this.#options.policy, principal));
    refuseUnseen(this.#options.policy, principal, found.action);
    if (!found.action.options.includes(call.field))
      throw new GuichetError('action.no_options', `The field '${call.field}' of ${call.action} offers no choices.`, {
        remedy: found.action.options.length === 0 ? undefined : `These do: ${found.action.options.join(', ')}.`,
      });
    // Whoever gives choices for a field needs no secret that was typed into another.
    const { rest = call.input, secrets = [] } = found.secretFields?.takeOut(call.input) ?? {};
    const subject = { ...call, found, input: rest, secrets, caller: principal };
    // The rest of a form that is being filled is not recorded: nothing of it has been checked, and a secret may stand in the wrong field.
    const data = { field: call.field, query: call.query };
    return this.#recorded(
      principal,
      { found, environment: call.environment, kind: 'options', input: rest, data },
      () => this.#options.calls.options(subject),
      (choices) => `${choices.length} choices`,
    );
  }

  async #recorded<Result>(
    principal: Principal,
    {
      found,
      environment,
      kind,
      input,
      data,
    }: {
      found: CatalogAction;
      environment: string;
      kind: 'read' | 'options';
      input?: Readonly<Record<string, unknown>>;
      data: Readonly<Record<string, unknown>>;
    },
    work: () => Promise<Result>,
    summarize: (result: Result) => string,
  ): Promise<Result> {
    const record = (outcome: 'answered' | 'failed' | 'denied', more: Readonly<Record<string, unknown>> = {}): Promise<void> =>
      appendAudit(this.#options.db, {
        type: `${kind}.${outcome}` satisfies AuditEventType,
        actor: { id: principal.id, name: principal.name },
        outcome: outcome === 'answered' ? 'ok' : outcome,
        action: found.action.id,
        environment,
        data: { ...data, ...more },
      });
    // Choices help to fill the form of a write; seeing them takes what seeing its plan takes.
    const operation = found.action.kind === 'read' ? 'action.read' : 'action.plan';
    const decision = this.#options.policy.decide({ operation, principal, action: found.action, environment, input });
    if (decision.effect !== 'permit') {
      await record('denied', { decision });
      throw deniedAndRecorded(decision);
    }
    let result: Result;
    try {
      result = await work();
    } catch (error) {
      await record('failed', { code: error instanceof GuichetError ? error.code : 'internal' });
      throw error;
    }
    await record('answered', { result: summarize(result) });
    return result;
  }
}
