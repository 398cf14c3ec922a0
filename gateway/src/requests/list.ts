import type { ApproverGroup, TokenScope } from '@guichet/contract';
import type { Queryable, Statement } from '../db/index.ts';
import { statement } from '../db/index.ts';
import { type RequestRow, ROW } from './row.ts';

export interface RequestFilter {
  readonly state?: string | undefined;
  readonly requesterId?: string | undefined;
  /** An action id, or a prefix ending in `.*` */
  readonly action?: string | undefined;
  readonly environment?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** Only those that wait for an approval that this person can give. */
  readonly approver?: { readonly person: string; readonly groups: readonly ApproverGroup[] } | undefined;
  /** What the caller's token is narrowed to. */
  readonly scope?: TokenScope | undefined;
  /** Only requests with a smaller number than this. */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** An open gate of one of the groups, on a request that the person neither stands behind nor has approved yet. */
const TO_APPROVE = (person: string, groups: string): string => `r.state = 'awaiting_approval' and not ${person} = any (r.behind)
  and (r.expires_at is null or r.expires_at > now())
  and not exists (select from approvals a where a.request = r.number and a.person_id = ${person})
  and exists (select from jsonb_array_elements(r.gates) gate where gate->>'approvers' = any (${groups}::text[])
    and (select count(*) from approvals a where a.request = r.number and gate->>'approvers' = any (a.groups)) < (gate->>'count')::int)`;

/** Newest first. Each combination of filters is a statement of its own, so that each gets the plan that suits it. */
export async function listRequests(db: Queryable, filter: RequestFilter): Promise<RequestRow[]> {
  const values: unknown[] = [];
  const conditions: string[] = [];
  const add = (value: unknown, condition: (parameter: string) => string): void => {
    if (value !== undefined) conditions.push(condition(`$${values.push(value)}`));
  };
  add(filter.state, (p) => `r.state = ${p}`);
  add(filter.requesterId, (p) => `r.requester_id = ${p}`);
  if (filter.action?.endsWith('.*'))
    add(`${filter.action.slice(0, -1).replace(/[%_\\]/g, '\\$&')}%`, (p) => `r.action like ${p}`);
  else add(filter.action, (p) => `r.action = ${p}`);
  add(filter.environment, (p) => `r.environment = ${p}`);
  add(filter.since, (p) => `r.created_at >= ${p}`);
  add(filter.until, (p) => `r.created_at < ${p}`);
  add(filter.before, (p) => `r.number < ${p}`);
  if (filter.approver !== undefined) {
    const person = `$${values.push(filter.approver.person)}`;
    const groups = `$${values.push(filter.approver.groups)}`;
    conditions.push(TO_APPROVE(person, groups));
  }
  const { actions, environments } = filter.scope ?? {};
  if (actions !== undefined) {
    const exact = `$${values.push(actions.filter((pattern) => !pattern.endsWith('.*')))}`;
    const prefixes = actions.filter((pattern) => pattern.endsWith('.*')).map((pattern) => pattern.slice(0, -1));
    const prefix = `$${values.push(prefixes)}`;
    conditions.push(
      `(r.action = any (${exact}::text[]) or exists (select from unnest(${prefix}::text[]) p where starts_with(r.action, p)))`,
    );
  }
  add(environments, (p) => `r.environment = any (${p}::text[])`);
  const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`;
  const limit = `$${values.push(filter.limit)}`;
  return db.query<RequestRow>(
    listStatement(`select ${ROW} from requests r ${where} order by r.number desc limit ${limit}`),
    values,
  );
}

const STATEMENTS = new Map<string, Statement>();

function listStatement(text: string): Statement {
  const known = STATEMENTS.get(text);
  if (known !== undefined) return known;
  const made = statement(`request-list-${STATEMENTS.size}`, text);
  STATEMENTS.set(text, made);
  return made;
}
