import type { Actor, Decision, Gate, Risk, TokenScope } from '@guichet/contract';
import { type Queryable, statement } from '../db/index.ts';

/** A submission as it was recorded: what was asked for, and how it was decided then. */
export interface Submission {
  /** The place in its list; later ones have larger ones. */
  readonly key: string;
  /** Number of the request; null when it was denied and so never became one. */
  readonly request: string | null;
  readonly at: Date;
  readonly requester: Actor;
  /** The persons behind it. */
  readonly behind: readonly string[];
  readonly scope: TokenScope;
  readonly action: string;
  readonly risk: Risk;
  readonly environment: string;
  readonly resource: {
    readonly type: string;
    readonly id: string;
    readonly owner: string;
    readonly service?: string | undefined;
  };
  readonly input: Readonly<Record<string, unknown>>;
  readonly lastsSeconds?: number | undefined;
  readonly was: Decision;
}

export interface SubmissionsPage {
  /** Newest first. */
  readonly submissions: readonly Submission[];
  /** The key to go on before; null when there are no more since then. */
  readonly next: string | null;
}

export interface SubmissionsQuery {
  readonly since: Date;
  /** Only those with a smaller key. */
  readonly before: string;
  readonly limit: number;
}

/** Larger than every key. */
export const NEWEST = '999999999999999999';

/** Rows are numbered when they are written and dated when their transaction began: a little later may be a little earlier. */
const DISORDER_MS = 600_000;

interface RequestRow {
  readonly number: string;
  readonly created_at: Date;
  readonly requester_id: string;
  readonly requester_name: string;
  readonly behind: string[];
  readonly scope: TokenScope;
  readonly action: string;
  readonly risk: Risk;
  readonly environment: string;
  readonly resource_type: string;
  readonly resource_id: string;
  readonly owner_team: string;
  readonly service: string | null;
  readonly input: Record<string, unknown>;
  readonly gates: Gate[];
  readonly lasts_seconds: number | null;
}

const REQUESTS = statement(
  'replay-requests',
  `select number, created_at, requester_id, requester_name, behind, scope, action, risk, environment,
     resource_type, resource_id, owner_team, plan->'resource'->>'service' as service, input, gates, lasts_seconds
   from requests where number < $1 order by number desc limit $2`,
);

/** Requests that were filed since, newest first: read backwards by key, so that a page costs the same however many there are. */
export async function filedSince(db: Queryable, query: SubmissionsQuery): Promise<SubmissionsPage> {
  const rows = await db.query<RequestRow>(REQUESTS, [query.before, query.limit]);
  const submissions = rows.map(
    (row): Submission => ({
      key: row.number,
      request: row.number,
      at: row.created_at,
      requester: { id: row.requester_id, name: row.requester_name },
      behind: row.behind,
      scope: row.scope,
      action: row.action,
      risk: row.risk,
      environment: row.environment,
      resource: { type: row.resource_type, id: row.resource_id, owner: row.owner_team, service: row.service ?? undefined },
      input: row.input,
      lastsSeconds: row.lasts_seconds ?? undefined,
      was: row.gates.length === 0 ? { effect: 'permit', policies: [] } : { effect: 'needs', gates: row.gates },
    }),
  );
  return pageOf(submissions, query);
}

interface DeniedRow {
  readonly id: string;
  readonly at: Date;
  readonly actor_id: string;
  readonly actor_name: string;
  readonly action: string;
  readonly environment: string;
  /** As the service that submits wrote it; older entries say nothing of the resource. */
  readonly data: {
    readonly decision: Decision;
    readonly input: Readonly<Record<string, unknown>>;
    readonly resource?: Submission['resource'];
    readonly risk?: Risk;
    readonly scope?: TokenScope;
    readonly behind?: readonly string[];
    readonly lastsSeconds?: number;
  };
}

const DENIED = statement(
  'replay-denied',
  `select id, at, actor_id, actor_name, action, environment, data from audit_events
   where type = 'request.denied' and id < $1 order by id desc limit $2`,
);

/** Submissions that policy denied since, newest first. Those that were recorded without their resource are left out. */
export async function deniedSince(db: Queryable, query: SubmissionsQuery): Promise<SubmissionsPage> {
  const rows = await db.query<DeniedRow>(DENIED, [query.before, query.limit]);
  const page = pageOf(
    rows.map((row) => ({ key: row.id, at: row.at, row })),
    query,
  );
  const submissions = page.submissions.flatMap(({ row: { data, ...row } }): Submission[] => {
    const { decision: was, input, resource, risk, scope = {}, behind = [], lastsSeconds } = data;
    if (resource === undefined || risk === undefined) return [];
    const requester = { id: row.actor_id, name: row.actor_name };
    const { id: key, at, action, environment } = row;
    const asked = { requester, behind, scope, action, risk, environment, resource, input, lastsSeconds };
    return [{ key, request: null, at, ...asked, was }];
  });
  return { submissions, next: page.next };
}

function pageOf<Row extends { readonly key: string; readonly at: Date }>(
  rows: readonly Row[],
  { since, limit }: SubmissionsQuery,
): { submissions: readonly Row[]; next: string | null } {
  const last = rows.at(-1);
  const isOver = last === undefined || rows.length < limit || last.at.getTime() < since.getTime() - DISORDER_MS;
  return { submissions: rows.filter(({ at }) => at >= since), next: isOver ? null : last.key };
}
