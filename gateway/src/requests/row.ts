import type {
  Actor,
  Approval,
  Failure,
  Gate,
  Output,
  Plan,
  RequestState,
  Review,
  Risk,
  TokenScope,
  Undo,
} from '@guichet/contract';
import type { Envelope } from '../sealing/index.ts';
import type { Changes, Life } from './life.ts';
import type { Temporary } from './temporary.ts';

/** A request as it is stored, in the words of the code. */
export interface RequestRow extends Life, Temporary {
  readonly number: string;
  readonly action: string;
  readonly actionVersion: string;
  readonly title: string;
  readonly risk: Risk;
  readonly environment: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly plan: Plan;
  readonly digest: string;
  readonly summary: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly ownerTeam: string;
  readonly reason: string;
  readonly requesterId: string;
  readonly requesterName: string;
  readonly scope: TokenScope;
  /** The persons behind it: the requester, whoever made its token, whoever it was filed on behalf of. */
  readonly behind: readonly string[];
  readonly idempotencyKey: string | null;
  readonly idempotencyDigest: string | null;
  /** Stands for the secrets of the input in the digest; null when it has none. */
  readonly secretDigest: string | null;
  /** The trace in which it was filed, in W3C's form: its runs belong to it. Null when there was none. */
  readonly traceparent: string | null;
  readonly gates: readonly Gate[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly eventCount: number;
  readonly timeoutSeconds: number;
  readonly decidedById: string | null;
  readonly decidedByName: string | null;
  readonly comment: string | null;
  readonly runId: string | null;
  readonly fencingToken: string;
  readonly worker: string | null;
  readonly leaseUntil: Date | null;
  readonly startedAt: Date | null;
  readonly deadlineAt: Date | null;
  readonly finishedAt: Date | null;
  readonly observeAt: Date | null;
  readonly drift: Plan | null;
  readonly output: Output | null;
  readonly failure: Failure | null;
  /** Set once the glass was broken. */
  readonly review: Review | null;
  readonly reviewRemindedAt: Date | null;
  /** How it can be undone, once it has succeeded. */
  readonly undo: Undo | null;
  /** Number of the request that this one undoes. */
  readonly undoOf: string | null;
  /** The approvals of what undoes another request were given with that one. */
  readonly approvedWith: boolean;
  /** Nobody filed it: the time of what it undoes was over. */
  readonly byClock: boolean;
  /** Not before this time. */
  readonly startAt: Date | null;
  readonly approvals: readonly Approval[];
  /** The id of its requester stands for somebody else by now. */
  readonly requesterIsFormer: boolean;
  /** When the row was read, by the clock of the database: the only clock that all replicas share. */
  readonly readAt: Date;
}

export type NewRequest = Pick<
  RequestRow,
  | 'action'
  | 'actionVersion'
  | 'title'
  | 'risk'
  | 'environment'
  | 'input'
  | 'plan'
  | 'digest'
  | 'summary'
  | 'resourceType'
  | 'resourceId'
  | 'ownerTeam'
  | 'reason'
  | 'requesterId'
  | 'requesterName'
  | 'scope'
  | 'behind'
  | 'idempotencyKey'
  | 'idempotencyDigest'
  | 'secretDigest'
  | 'traceparent'
  | 'gates'
  | 'idempotent'
  | 'observable'
  | 'timeoutSeconds'
  | 'undoOf'
  | 'approvedWith'
  | 'byClock'
  | 'lastsSeconds'
  | 'extensionOf'
  | 'startAt'
  | 'runAfter'
> & {
  readonly state: RequestState;
  /** What it waits for has so long, from when it is filed, or from a later time: both by the clock of the database. */
  readonly window: { readonly ms: number; readonly from: Date };
  /** The secrets of the input. Never part of a RequestRow: who needs them reads them. */
  readonly sealed: Envelope | null;
};

/** The name of each column in the code, and in SQL where it differs. */
const NAMES = [
  'number',
  'action',
  'actionVersion',
  'title',
  'risk',
  'environment',
  'input',
  'plan',
  'digest',
  'summary',
  'resourceType',
  'resourceId',
  'ownerTeam',
  'reason',
  'requesterId',
  'requesterName',
  'scope',
  'behind',
  'idempotencyKey',
  'idempotencyDigest',
  'secretDigest',
  'traceparent',
  'state',
  'gates',
  'createdAt',
  'updatedAt',
  'expiresAt',
  'eventCount',
  'idempotent',
  'observable',
  'timeoutSeconds',
  'decidedById',
  'decidedByName',
  'comment',
  'cancelRequestedAt',
  'runId',
  'attempt',
  'doubt',
  'fencingToken',
  'runAfter',
  'worker',
  'leaseUntil',
  'startedAt',
  'dispatchedAt',
  'deadlineAt',
  'finishedAt',
  'observeAt',
  'drift',
  'output',
  'failure',
  'review',
  'reviewRemindedAt',
  'undo',
  'undoOf',
  'approvedWith',
  'byClock',
  'lastsSeconds',
  'extensionOf',
  'startAt',
  'undoState',
  'undoAt',
  'undoTryAt',
  'undoTries',
  'undoMessage',
] as const satisfies readonly (keyof RequestRow)[];

export const sqlName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** What an id has done before it stood for whom it stands for now. */
export const IS_FORMER = (id: string, at: string): string =>
  `exists (select from principals former where former.id = ${id} and former.held_since > ${at})`;

const APPROVALS = `(select coalesce(json_agg(json_build_object('by', json_build_object('id', a.principal_id, 'name', a.principal_name),
  'person', a.person_id, 'groups', a.groups, 'comment', a.comment, 'reusedFrom', 'REQ-' || a.reused_from,
  'former', ${IS_FORMER('a.principal_id', 'a.at')}, 'at', to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) order by a.at), '[]')
  from approvals a where a.request = r.number)`;

/** A request on the same resource whose outcome is unknown; what is not about to run waits for none. */
const WAITS_FOR = `case when r.state in ('queued', 'running') then (select min(u.number) from requests u where u.state = 'unknown'
  and u.environment = r.environment and u.resource_type = r.resource_type and u.resource_id = r.resource_id and u.number <> r.number) end`;

/** The select list of a RequestRow, for a table aliased r. */
export const ROW = `${NAMES.map((name) => `r.${sqlName(name)} as "${name}"`).join(', ')}, ${APPROVALS} as approvals,
  ${IS_FORMER('r.requester_id', 'r.created_at')} as "requesterIsFormer",
  ${WAITS_FOR} as "waitsFor", clock_timestamp() as "readAt"`;

const JSON_COLUMNS = new Set(['gates', 'input', 'plan', 'drift', 'output', 'failure', 'scope', 'review', 'sealed', 'undo']);

/** Columns and values of changes or of a new row, in the order of the given object's keys. */
export function columnsOf(values: Changes | Omit<NewRequest, 'window'>): { columns: string[]; parameters: unknown[] } {
  const { decidedBy, ...plain } = values as Changes & { decidedBy?: Actor };
  const entries: [string, unknown][] = Object.entries(plain).filter(([, value]) => value !== undefined);
  if (decidedBy !== undefined) entries.push(['decidedById', decidedBy.id], ['decidedByName', decidedBy.name]);
  return {
    columns: entries.map(([name]) => sqlName(name)),
    parameters: entries.map(([name, value]) => (JSON_COLUMNS.has(name) && value !== null ? JSON.stringify(value) : value)),
  };
}
