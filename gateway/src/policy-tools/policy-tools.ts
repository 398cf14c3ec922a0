import {
  type AuditEventType,
  GuichetError,
  type Operation,
  type PolicyChecked,
  type PolicyExplained,
  type PolicyFile,
  type PolicyInForce,
  type PolicyReplayed,
  type PolicyTested,
  type Principal,
} from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import { limited } from '../limits/index.ts';
import { denied, type PolicyKeeper, type Vocabulary } from '../policy/index.ts';
import { type CaseFile, type CaseWorld, parseCases } from './case-file.ts';
import { type ExplainCall, type ExplainWorld, explain } from './explain.ts';
import { BEGINNING, type Cursor, replay } from './replay.ts';
import { runCases } from './run-cases.ts';
import { Trial, type Tried } from './trial.ts';
import { Turns } from './turns.ts';

/** Calls of one caller that wait or go on at a time: all of them are done one by one, and each may bring a megabyte. */
const MOST_AT_ONCE = 8;
const RETRY_MS = 5000;

/** More would keep a caller waiting longer than a proxy does. */
const MOST_CASES = 2000;

export interface TestCall {
  /** Files of cases. */
  readonly files: readonly PolicyFile[];
  /** Instead of the rules in force. */
  readonly policies?: readonly PolicyFile[] | undefined;
}

export interface ReplayCall {
  readonly since: string;
  readonly policies?: readonly PolicyFile[] | undefined;
  /** `next` of the page before. */
  readonly cursor?: string | undefined;
}

export interface PolicyToolsOptions extends ExplainWorld {
  readonly keeper: Pick<PolicyKeeper, 'state'>;
  readonly vocabulary: () => Vocabulary;
}

/** What people ask of policy itself. Nothing here changes what is in force. */
export class PolicyTools {
  readonly #world: PolicyToolsOptions;
  readonly #turns = new Turns();
  readonly #trial: Trial;
  readonly #underWay = new Map<string, number>();

  constructor(options: PolicyToolsOptions) {
    this.#world = options;
    this.#trial = new Trial({ vocabulary: options.vocabulary, turns: this.#turns });
  }

  /** The rules in force. */
  async show(caller: Principal): Promise<PolicyInForce> {
    this.#require(caller, 'policy.see');
    return this.#world.keeper.state();
  }

  /** Would a gateway take these files? */
  async check(caller: Principal, files: readonly PolicyFile[]): Promise<PolicyChecked> {
    this.#require(caller, 'policy.test');
    const { set, findings } = await this.#oneOfFew(caller, () => this.#tried(files, 'files'));
    const digest = set?.digest ?? null;
    await this.#record(caller, { what: 'check', files: files.length, ok: set !== undefined, digest });
    return { ok: set !== undefined, rules: set?.rules.length ?? 0, digest, findings: [...findings] };
  }

  /** Runs test cases, by the rules in force or by others. */
  async test(caller: Principal, call: TestCall): Promise<PolicyTested> {
    this.#require(caller, 'policy.test');
    return this.#oneOfFew(caller, () => this.#test(caller, call));
  }

  async #test(caller: Principal, { files, policies }: TestCall): Promise<PolicyTested> {
    refuseTwice(files, 'files');
    const { set, findings } = await this.#tried(policies, 'policies');
    const { policy } = this.#world;
    const world = this.#caseWorld(caller);
    const parsed = await this.#turns.take(() => files.map((file) => parseCases(file, world)));
    const all = [...findings, ...parsed.flatMap((each) => each.findings)];
    const cases = parsed.flatMap(({ file }): CaseFile[] => (file === undefined ? [] : [file]));
    refuseTooMany(cases);
    const bad = set === undefined || all.some(({ severity }) => severity === 'error');
    const results = bad ? [] : await runCases(cases, (company) => policy.with({ set, company: () => company }));
    const passed = results.filter((result) => result.passed).length;
    const failed = results.length - passed;
    const digest = set?.digest ?? null;
    await this.#record(caller, { what: 'test', cases: results.length, failed, digest });
    return { passed, failed, results, findings: all, digest };
  }

  /** Why a decision is what it is, and what would change it. */
  async explain(caller: Principal, call: ExplainCall): Promise<PolicyExplained> {
    this.#require(caller, 'policy.see');
    const explained = await explain(caller, call, this.#world);
    const { principal, operation, action, environment, request, decision } = explained;
    // The answer about oneself is what one can see by trying.
    if (call.as !== undefined && principal.id !== caller.id)
      await this.#record(caller, {
        what: 'explain',
        as: principal.id,
        operation,
        action,
        environment,
        request,
        effect: decision.effect,
      });
    return explained;
  }

  /** Which recorded requests would be decided otherwise; a page of them. */
  async replay(caller: Principal, call: ReplayCall): Promise<PolicyReplayed> {
    this.#require(caller, 'policy.test');
    return this.#oneOfFew(caller, () => this.#replay(caller, call));
  }

  async #replay(caller: Principal, { since, policies, cursor }: ReplayCall): Promise<PolicyReplayed> {
    const { set, findings } = await this.#tried(policies, 'policies');
    if (set === undefined)
      throw new GuichetError('input.invalid', 'The policies are not valid.', {
        remedy: 'guichet policy check FOLDER shows where.',
        errors: findings.map(({ path, line, column, message, remedy }) => ({
          field: `/policies: ${path}:${line}:${column}`,
          message,
          remedy,
        })),
      });
    const { policy } = this.#world;
    const withDenied = policy.decide({ operation: 'audit.see', principal: caller }).effect === 'permit';
    const at = cursor === undefined ? BEGINNING : cursorOf(cursor);
    if (at.list === 'denied' && !withDenied) this.#require(caller, 'audit.see');
    const tried = policy.with({ set });
    const page = await replay(caller, { since: new Date(since), tried, cursor: at, withDenied }, this.#world);
    const { looked, undecidable, differences, next } = page;
    const { digest } = set;
    await this.#record(caller, {
      what: 'replay',
      since,
      cursor: cursor ?? null,
      looked,
      differences: differences.length,
      digest,
    });
    return {
      digest,
      looked,
      undecidable,
      withDenied,
      differences: [...differences],
      next: next === null ? null : `${next.list}:${next.before}`,
    };
  }

  async #oneOfFew<Result>({ id }: Principal, work: () => Promise<Result>): Promise<Result> {
    const before = this.#underWay.get(id) ?? 0;
    if (before >= MOST_AT_ONCE) throw limited(`${MOST_AT_ONCE} such calls of yours are under way.`, RETRY_MS);
    this.#underWay.set(id, before + 1);
    try {
      return await work();
    } finally {
      const left = (this.#underWay.get(id) ?? 1) - 1;
      if (left === 0) this.#underWay.delete(id);
      else this.#underWay.set(id, left);
    }
  }

  /** The set of the files; without files the one in force. */
  async #tried(files: readonly PolicyFile[] | undefined, field: string): Promise<Tried> {
    if (files === undefined) return { set: this.#world.policy.set, findings: [] };
    refuseTwice(files, field);
    return this.#trial.of(files);
  }

  #caseWorld(caller: Principal): CaseWorld {
    const { directory, catalog, policy } = this.#world;
    const mayKnow = policy.decide({ operation: 'directory.see', principal: caller }).effect === 'permit';
    return { company: mayKnow ? directory.company : undefined, environments: catalog.environments, actions: catalog.list() };
  }

  #require(principal: Principal, operation: Operation): void {
    const decision = this.#world.policy.decide({ operation, principal });
    if (decision.effect !== 'permit') throw denied(decision);
  }

  async #record({ id, name }: Principal, data: Readonly<Record<string, unknown>>): Promise<void> {
    await appendAudit(this.#world.db, {
      type: 'policy.asked' satisfies AuditEventType,
      actor: { id, name },
      outcome: 'ok',
      data,
    });
  }
}

/** Findings name files: two of one name could not be told apart. */
function refuseTwice(files: readonly PolicyFile[], field: string): void {
  const paths = files.map(({ path }) => path);
  const index = paths.findIndex((path, at) => paths.indexOf(path) !== at);
  if (index < 0) return;
  const finding = { field: `/${field}/${index}/path`, message: `'${paths[index]}' stands twice`, remedy: 'Send each file once.' };
  throw new GuichetError('input.invalid', `${finding.field} ${finding.message}.`, { errors: [finding], remedy: finding.remedy });
}

function refuseTooMany(files: readonly CaseFile[]): void {
  const count = files.reduce((sum, { cases }) => sum + cases.length, 0);
  if (count <= MOST_CASES) return;
  throw new GuichetError('input.invalid', `These are ${count} cases; a call takes ${MOST_CASES}.`, {
    remedy: 'Send the files in several calls.',
  });
}

/** The contract's schema lets nothing else through. */
function cursorOf(text: string): Cursor {
  const [list, before = ''] = text.split(':');
  return { list: list === 'denied' ? 'denied' : 'requests', before };
}
