import { formatRequestId } from '@guichet/contract';
import { Database, verifyLog } from '@guichet/gateway';
import type { Deed } from './effect-log.ts';
import { type Errands, query } from './errands.ts';
import { judgeTerms, type TermFindings } from './judge-terms.ts';
import type { Asked } from './load.ts';

export interface Findings extends TermFindings {
  /** Each list is empty when all is well. */
  readonly effectsWithoutIntent: string[];
  readonly doubledEffects: string[];
  readonly lostRequests: string[];
  readonly wrongEnds: string[];
  readonly unsettled: string[];
  readonly auditGaps: string[];
  /** What `audit verify` says against the sealed log. */
  readonly brokenSeals: string[];
}

interface Row {
  readonly number: string;
  readonly action: string;
  readonly state: string;
  readonly key: string;
  readonly attempt: number;
  readonly observable: boolean;
  readonly idempotent: boolean;
  readonly due: boolean;
  readonly lastEvent: string;
  readonly why: string | null;
}

/** `due`: it could run now, and nothing holds it up. */
const ROWS = `select r.number, r.action, r.state, r.idempotency_key as key, r.attempt, r.observable, r.idempotent, r.failure->>'message' as why,
    r.run_after <= now() and not exists (select from requests u where u.state = 'unknown' and u.environment = r.environment
      and u.resource_type = r.resource_type and u.resource_id = r.resource_id) as due,
    (select type from request_events e where e.request = r.number and e.type <> 'request.cancel_requested'
      and e.type like 'request.%' and e.type not like 'request.undo%' order by e.number desc limit 1) as "lastEvent"
  from requests r order by r.number`;

/** Events of the journal and rows of the audit log that do not stand for each other. */
const GAPS = `with told as (select request, type, count(*) from request_events where type like 'request.%' group by 1, 2),
    recorded as (select request, type, count(*) from audit_events where request is not null and type like 'request.%' group by 1, 2)
  select coalesce(t.request, a.request) as request, coalesce(t.type, a.type) as type,
    coalesce(t.count, 0)::int as told, coalesce(a.count, 0)::int as recorded
  from told t full join recorded a on a.request = t.request and a.type = t.type
  where t.count is distinct from a.count and coalesce(t.type, a.type) <> 'request.denied'`;

const NUMBERED = `select r.number, r.event_count as counted, count(e.number)::int as told, coalesce(max(e.number), 0) as last
  from requests r left join request_events e on e.request = r.number group by r.number
  having count(e.number) <> r.event_count or coalesce(max(e.number), 0) <> r.event_count`;

/** The event that leads into each state. */
const INTO: Readonly<Record<string, readonly string[]>> = {
  awaiting_approval: ['request.submitted', 'request.approved', 'request.approval_reused'],
  queued: ['request.queued', 'request.requeued', 'request.submitted'],
  running: ['request.started', 'request.dispatched'],
  unknown: ['request.lost'],
  succeeded: ['request.succeeded'],
  failed: ['request.failed'],
  cancelled: ['request.cancelled'],
  rejected: ['request.rejected'],
  withdrawn: ['request.withdrawn'],
  expired: ['request.expired'],
  void: ['request.voided'],
};

/** How many are not where they come to rest: running, unknown though the provider can tell, or queued and free to run. */
const RESTLESS = `select number, state from (${ROWS}) r where state = 'running' or (state = 'unknown' and observable) or (state = 'queued' and due)`;
/** What will not stay as it is: somebody, or the clock, goes on with it. */
const UNFINISHED = `select number, state from requests where state in ('queued', 'running', 'unknown')
  union all select number, 'to be undone' from requests where undo_state = 'scheduled'
  union all select 0, 'being filed by a schedule' from schedule_firings where outcome = 'filing'`;

export async function restless(databaseUrl: string, { alsoWaiting = false } = {}): Promise<string[]> {
  const rows = await query<Row>(databaseUrl, alsoWaiting ? UNFINISHED : RESTLESS);
  return rows.map(({ number, state }) => `${formatRequestId(number)} is ${state}`);
}

export interface Evidence {
  readonly databaseUrl: string;
  readonly asked: readonly Asked[];
  readonly deeds: readonly Deed[];
  readonly errands: Pick<Errands, 'came' | 'notedUntil' | 'notStarted'>;
  /** Everything has had the time to end. */
  readonly toTheEnd: boolean;
}

export async function judge({ databaseUrl, asked, deeds, errands, toTheEnd }: Evidence): Promise<Findings> {
  const rows = await query<Row>(databaseUrl, ROWS);
  const effects = Map.groupBy(
    deeds.filter(({ kind }) => kind === 'effect'),
    ({ request }) => request,
  );
  const byId = new Map(rows.map((row) => [formatRequestId(row.number), row]));
  const byKey = Map.groupBy(rows, ({ key }) => key);
  const wishes = new Map(asked.map((each) => [each.key, each]));
  const gaps = await query<{ request: string; type: string; told: number; recorded: number }>(databaseUrl, GAPS);
  const numbering = await query<{ number: string; counted: number; told: number; last: number }>(databaseUrl, NUMBERED);
  return {
    effectsWithoutIntent: deeds
      .filter(({ intended, request }) => !intended || !byId.has(request))
      .map(({ request, run }) => `${request} (run ${run}) had an effect, and no dispatch of it was committed before`),
    doubledEffects: [...effects].flatMap(([request, done]) => {
      const runs = new Set(done.map(({ run }) => run));
      if (byId.get(request)?.idempotent !== true && done.length > 1) return [`${request} had ${done.length} effects`];
      return runs.size === done.length ? [] : [`one run of ${request} had more than one effect`];
    }),
    lostRequests: asked.flatMap(({ key, id, refused, action, mayBeRefused }) => {
      const filed = byKey.get(key) ?? [];
      if (filed.length > 1) return [`the key ${key} filed ${filed.length} requests`];
      if (id !== undefined && !byId.has(id)) return [`${id} was acknowledged, and is not there`];
      return id === undefined && !mayBeRefused.includes(refused ?? '')
        ? [`${key} (${action}) was refused: ${refused ?? 'no answer'}`]
        : [];
    }),
    wrongEnds: rows.flatMap((row) => {
      const id = formatRequestId(row.number);
      const wished = wishes.get(row.key)?.wished ?? new Set();
      const notStarted = errands.notStarted.has(id);
      const why = wrong(row, { effects: effects.get(id)?.length ?? 0, wished, notStarted });
      const untold = INTO[row.state]?.includes(row.lastEvent) === true ? [] : [`${id} is ${row.state} after ${row.lastEvent}`];
      return [...(why === undefined ? [] : [`${id} (${row.action}, try ${row.attempt}) ${why}: ${row.why ?? ''}`]), ...untold];
    }),
    unsettled: await restless(databaseUrl),
    ...(await judgeTerms({ databaseUrl, deeds, came: errands.came, notedUntil: errands.notedUntil, toTheEnd })),
    brokenSeals: await brokenSeals(databaseUrl),
    auditGaps: [
      ...gaps.map(({ request, type, told, recorded }) => `${type} of request ${request}: told ${told}, recorded ${recorded}`),
      ...numbering.map(
        ({ number, counted, told, last }) => `request ${number} counts ${counted} events, has ${told}, the last is ${last}`,
      ),
    ],
  };
}

async function brokenSeals(url: string): Promise<string[]> {
  const db = new Database({ url, poolSize: 2, onError: () => {} });
  try {
    const { findings, heads, events } = await verifyLog(db);
    const nothing = heads === 0 || events === 0 ? ['nothing was sealed'] : [];
    return [...nothing, ...findings.map((finding) => JSON.stringify(finding))];
  } finally {
    await db.close();
  }
}

/** What is wrong with how a request ended, as far as the effects and the wishes for it tell. */
function wrong(
  { action, state, attempt, observable }: Row,
  { effects, wished, notStarted }: { effects: number; wished: Asked['wished']; notStarted: boolean },
): string | undefined {
  const none = effects === 0 ? undefined : `is ${state}, and had ${effects} effects`;
  const never = action.endsWith('.never');
  switch (state) {
    case 'succeeded':
      return never ? 'succeeded, which it cannot' : effects > 0 ? undefined : 'succeeded without an effect';
    case 'failed':
      return never || attempt >= 5 || notStarted ? none : 'failed, which it cannot';
    case 'cancelled':
      return wished.has('cancel') ? none : 'was cancelled, which nobody wished';
    case 'rejected':
      return wished.has('reject') ? none : 'was rejected, which nobody wished';
    case 'withdrawn':
      return wished.has('withdraw') ? none : 'was withdrawn, which nobody wished';
    case 'unknown':
      return observable ? 'is unknown' : undefined;
    case 'queued':
      // It waits for its next try: an action that is called again may have had its effect, and no other.
      return action.includes('.again') ? undefined : none;
    case 'awaiting_approval':
      return wished.has('approve') ? 'was approved, and still waits' : none;
    default:
      return `is ${state}`;
  }
}
