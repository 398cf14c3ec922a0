import { type ApproverGroup, REQUEST_STATES, type RequestState, type TokenScope } from '@guichet/contract';
import type { Queryable, Statement } from '../db/index.ts';
import { statement } from '../db/index.ts';
import { IS_FORMER, type RequestRow, ROW } from './row.ts';

export interface RequestFilter {
  /** Those in one of these states; of all when absent. */
  readonly states?: readonly RequestState[] | undefined;
  readonly requesterId?: string | undefined;
  /** Only those that one of these has filed. */
  readonly requesterIds?: readonly string[] | undefined;
  /** Only those about what this team owns. */
  readonly team?: string | undefined;
  /** Only those about this resource. */
  readonly resource?: { readonly type: string; readonly id: string } | undefined;
  /** An action id, or a prefix ending in `.*` */
  readonly action?: string | undefined;
  readonly environment?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** Only those that wait for an approval that this person can give. */
  readonly approver?: Approver | undefined;
  /** Only those whose open review this person can close. */
  readonly reviewer?: Approver | undefined;
  /** What the caller's token is narrowed to. */
  readonly scope?: TokenScope | undefined;
  /** Only those that somebody has something to do with: they filed it, own it, or may lift one of its gates. */
  readonly concerning?: Concerned | undefined;
  /** Only requests with a smaller number than this. */
  readonly before?: string | undefined;
  /** Only those that can be undone and are not; that are undone by themselves; whose undo a person has to file. */
  readonly undo?: keyof typeof UNDO | undefined;
  readonly limit: number;
}

export interface Concerned {
  readonly requesterId: string;
  readonly teams: readonly string[];
  readonly groups: readonly ApproverGroup[];
}

export interface Approver {
  /** Ids of all accounts of the person. */
  readonly accounts: readonly string[];
  readonly groups: readonly ApproverGroup[];
  /** Everybody who has approved something that still waits, and what they belong to now. */
  readonly others: readonly { readonly id: string; readonly person: string; readonly groups: readonly ApproverGroup[] }[];
}

/** How many people count for a gate: as countedApprovals and approvedFor have it. */
const APPROVED = (others: string): string => `(select count(distinct other.person) from approvals a
    join jsonb_to_recordset(${others}::jsonb) as other (id text, person text, groups text[]) on other.id = a.principal_id
    where a.request = r.number and not ${IS_FORMER('a.principal_id', 'a.at')} and gate->>'approvers' = any (other.groups) and not other.person = any (r.behind)
      and (a.reused_from is null or r.approved_with or r.created_at - a.at < make_interval(secs => (gate->>'reuseSeconds')::int)))`;

/** An open gate of one of the groups, on a request that the person neither stands behind nor has approved yet. */
const TO_APPROVE = ({ accounts, groups, others }: Record<keyof Approver, string>): string => `r.state = 'awaiting_approval'
  and not r.behind && ${accounts}::text[] and (r.expires_at is null or r.expires_at > now())
  and not exists (select from approvals a where a.request = r.number and (a.person_id = any (${accounts}) or a.principal_id = any (${accounts})))
  and exists (select from jsonb_array_elements(r.gates) gate
    where gate->>'approvers' = any (${groups}::text[]) and ${APPROVED(others)} < (gate->>'count')::int)`;

/** An open review of a request that the person neither stands behind nor has broken the glass of, with a gate of theirs. */
const TO_REVIEW = ({ accounts, groups }: Record<'accounts' | 'groups', string>): string => `r.review->>'state' = 'open'
  and not r.behind && ${accounts}::text[] and not r.review->>'person' = any (${accounts})
  and exists (select from jsonb_array_elements(r.gates) gate where gate->>'approvers' = any (${groups}::text[]))`;

const UNDO = {
  // As undoRefusal has it.
  possible: `r.state = 'succeeded' and r.undo->>'input' is not null and not exists (select from requests u
  where u.undo_of = r.number and u.state in ('awaiting_approval', 'queued', 'running', 'unknown', 'succeeded'))`,
  scheduled: `r.undo_state = 'scheduled'`,
  held: `r.undo_state = 'held'`,
};

/**
 * Numbers are given in the order of time, but for transactions that overlap, which last seconds: so a time is a range of
 * numbers too, with an hour to spare at either end, and the list need not walk to it.
 */
const AFTER = (since: string): string =>
  `r.number > coalesce((select number from requests where created_at < ${since}::timestamptz - interval '1 hour' order by created_at desc limit 1), 0)`;
const BEFORE = (until: string): string =>
  `r.number < coalesce((select number from requests where created_at > ${until}::timestamptz + interval '1 hour' order by created_at limit 1), 9223372036854775807)`;

/** Newest first. Each combination of filters is a statement of its own, so that each gets the plan that suits it. */
export async function listRequests(db: Queryable, filter: RequestFilter): Promise<RequestRow[]> {
  const { states, team, resource, requesterIds } = filter;
  const { conditions, values } = conditionsOf(filter);
  const limit = `$${values.push(filter.limit)}`;
  const isPlain = (states?.length ?? 1) === 1 && team === undefined && resource === undefined && requesterIds === undefined;
  const text = isPlain
    ? // In the text, so that the index of each state is found without the value; a state is one of a closed set.
      `select ${ROW} from requests r ${where([...(states ?? []).map(inState), ...conditions])} order by r.number desc limit ${limit}`
    : severalLists(filter, { conditions, values, limit });
  return db.query<RequestRow>(listStatement(text), values);
}

const inState = (state: RequestState): string => `r.state = '${state}'`;
const where = (conditions: readonly string[]): string => (conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`);

/**
 * A page out of several lists, each of one state and, where it is asked for, of one requester: an index gives the newest of
 * each, and the newest of those are the page. Lists that are not asked for are in the text all the same and are not looked
 * at, so that there are not as many statements as there are sets of states.
 */
function severalLists(
  { states, requesterIds, team, resource }: Pick<RequestFilter, 'states' | 'requesterIds' | 'team' | 'resource'>,
  { conditions, values, limit }: { conditions: readonly string[]; values: unknown[]; limit: string },
): string {
  const people = requesterIds === undefined ? undefined : `$${values.push(requesterIds)}`;
  // What each person has filed is in order whatever its state; what is about a team or a resource is only for each state.
  const isByPerson = people !== undefined && states === undefined && team === undefined && resource === undefined;
  const wanted = isByPerson ? '' : `$${values.push(states ?? REQUEST_STATES)}`;
  const kinds = isByPerson ? [[]] : REQUEST_STATES.map((state) => [inState(state), `'${state}' = any (${wanted}::text[])`]);
  const lists = kinds.map((kind) => {
    const of = [...kind, ...conditions];
    if (people === undefined) return `(select r.number from requests r ${where(of)} order by r.number desc limit ${limit})`;
    return `(select own.number from unnest(${people}::text[]) as person (id) cross join lateral (
      select r.number from requests r ${where([...of, 'r.requester_id = person.id'])} order by r.number desc limit ${limit}) own)`;
  });
  return `select ${ROW} from requests r where r.number = any (array(
    select number from (${lists.join(' union all ')}) found order by number desc limit ${limit})) order by r.number desc`;
}

const APPROVERS = statement(
  'request-approvers',
  `select distinct a.principal_id as id from requests r join approvals a on a.request = r.number where r.state = 'awaiting_approval'`,
);

/** Ids of everybody who has approved something that still waits. */
export async function approversOfWaiting(db: Queryable): Promise<string[]> {
  return (await db.query<{ id: string }>(APPROVERS)).map(({ id }) => id);
}

function conditionsOf(filter: Omit<RequestFilter, 'limit'>): { conditions: string[]; values: unknown[] } {
  const values: unknown[] = [];
  const conditions: string[] = [];
  const add = (value: unknown, condition: (parameter: string) => string): void => {
    if (value !== undefined) conditions.push(condition(`$${values.push(value)}`));
  };
  if (filter.undo !== undefined) conditions.push(UNDO[filter.undo]);
  add(filter.requesterId, (p) => `r.requester_id = ${p}`);
  add(filter.team, (p) => `r.owner_team = ${p}`);
  add(filter.resource?.type, (p) => `r.resource_type = ${p}`);
  add(filter.resource?.id, (p) => `r.resource_id = ${p}`);
  if (filter.action?.endsWith('.*'))
    add(`${filter.action.slice(0, -1).replace(/[%_\\]/g, '\\$&')}%`, (p) => `r.action like ${p}`);
  else add(filter.action, (p) => `r.action = ${p}`);
  add(filter.environment, (p) => `r.environment = ${p}`);
  // Every index of the list has the number, which leads to the time: that of the time alone would be read for all of a week.
  add(filter.since, (p) => `r.created_at + interval '0' >= ${p} and ${AFTER(p)}`);
  add(filter.until, (p) => `r.created_at + interval '0' < ${p} and ${BEFORE(p)}`);
  add(filter.before, (p) => `r.number < ${p}`);
  if (filter.approver !== undefined) {
    const accounts = `$${values.push(filter.approver.accounts)}`;
    const groups = `$${values.push(filter.approver.groups)}`;
    const others = `$${values.push(JSON.stringify(filter.approver.others))}`;
    conditions.push(TO_APPROVE({ accounts, groups, others }));
  }
  if (filter.reviewer !== undefined) {
    const accounts = `$${values.push(filter.reviewer.accounts)}`;
    const groups = `$${values.push(filter.reviewer.groups)}`;
    conditions.push(TO_REVIEW({ accounts, groups }));
  }
  if (filter.concerning !== undefined) {
    const requester = `$${values.push(filter.concerning.requesterId)}`;
    const teams = `$${values.push(filter.concerning.teams)}`;
    const groups = `$${values.push(filter.concerning.groups)}`;
    conditions.push(`(r.requester_id = ${requester} or r.owner_team = any (${teams}::text[])
      or exists (select from jsonb_array_elements(r.gates) gate where gate->>'approvers' = any (${groups}::text[])))`);
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
  return { conditions, values };
}

const STATEMENTS = new Map<string, Statement>();

function listStatement(text: string): Statement {
  const known = STATEMENTS.get(text);
  if (known !== undefined) return known;
  const made = statement(`request-list-${STATEMENTS.size}`, text);
  STATEMENTS.set(text, made);
  return made;
}
