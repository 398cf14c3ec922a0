/**
 * A year of a company's life in SQL: 600 people and 20 machines, 200 actions of 8 providers, 3 environments, 80 teams,
 * 4,000 resources. Few of each do most of it, as it is everywhere. A row follows from its number alone.
 */

/** Half an hour of each day's beginning is busiest; what happens is the newer the higher its number is. */
const AT = (i: string, count: string): string =>
  `date_trunc('day', now()) - interval '365 days' + interval '365 days' * (${i}::float8 / ${count})`;

/** What is picked for row `i`: from 0 to below 1, evenly, another one for each salt. */
const even = (i: string, salt: number): string => `((hashint8extended(${i}, ${salt}) & 2147483647) / 2147483648.0)`;
/** A number from 0 to below `count`, low ones far more often. */
const skewed = (i: string, salt: number, count: number): string => `floor(power(${even(i, salt)}, 4) * ${count})::int`;

const PROVIDERS = `(array['postgres','kafka','kubernetes','billing','feature-flags','aws','dns','noop'])`;
const VERBS = `(array['restart','change','delete','scale','terminate-session','drain','refund','rotate','cancel-query','purge'])`;
const ENVIRONMENT = (i: string, salt: number): string =>
  `case when ${even(i, salt)} < 0.6 then 'production' when ${even(i, salt)} < 0.9 then 'staging' else 'development' end`;
const PERSON = (i: string, salt: number): string =>
  `(case ${skewed(i, salt, 600)} when 40 then 'ada' when 41 then 'grace' else 'person-' || ${skewed(i, salt, 600)} end)`;

/** The months that the gateway would have made a part of the log for, had it been there then: as make_audit_parts does. */
export const PARTS_SQL = `do $$
declare
  month timestamp;
  part text;
begin
  for month in select generate_series(date_trunc('month', now() at time zone 'UTC') - interval '12 months', now() at time zone 'UTC', interval '1 month') loop
    part := 'audit_events_' || to_char(month, 'YYYY_MM');
    continue when to_regclass(part) is not null;
    execute format('create table %I (like audit_events including defaults including constraints including indexes)', part);
    execute format('create trigger audit_events_no_truncate before truncate on %I for each statement execute function refuse_change()', part);
    execute format('alter table audit_events attach partition %I for values from (%L) to (%L)', part,
      month at time zone 'UTC', (month + interval '1 month') at time zone 'UTC');
  end loop;
end $$`;

/** What people write: eight words, mostly the same ones, and a ticket that stands nowhere else. */
export const WORDS_SQL = `create or replace function bench_reason(i bigint) returns text language sql immutable as $$
  select (array['orders','payments','search','login','invoices','checkout','the nightly export','the warehouse'])[1 + ${skewed('i', 31, 8)}]
    || ' ' || (array['times out','is slow','hangs','fills its disk','waits for a lock','answers 500','lags behind'])[1 + ${skewed('i', 32, 7)}]
    || ' since ' || (array['the deployment','this morning','the migration','the failover','yesterday','the upgrade'])[1 + ${skewed('i', 33, 6)}]
    || case when i % 5 = 0 then ', see INC-' || 10000 + i / 5 else '' end
    || case when i % 1000003 = 7 then ' (quokka)' when i % 10007 = 5 then ' (wombat)' when i % 997 = 3 then ' (dingo)' else '' end
$$`;

/** Parameters: first and last number, requests in all, rows in all. */
export const REQUEST_SQL = `insert into requests (number, action, action_version, title, risk, environment, input, plan, digest, summary,
    resource_type, resource_id, owner_team, reason, requester_id, requester_name, behind, state, gates, created_at, updated_at,
    expires_at, event_count, idempotent, observable, timeout_seconds, attempt, started_at, finished_at, observe_at)
  overriding system value
  select i, action, '1.0.0', initcap(verb) || ' ' || resource, risk, environment,
    json_build_object('target', resource, 'size', i % 9),
    json_build_object('summary', summary, 'effects', json_build_array(json_build_object('verb', verb, 'subject', resource, 'detail', 'as it was asked for')),
      'resource', json_build_object('type', kind, 'id', resource, 'owner', team), 'warnings', '[]'::json, 'fingerprint', md5(i::text)),
    'sha256:' || md5(i::text) || md5((-i)::text), summary, kind, resource, team, bench_reason(i), 'user:' || person, initcap(person),
    array['user:' || person], state,
    case when gated then jsonb_build_array(jsonb_build_object('policy', 'owner-approval', 'approvers', 'team:' || team, 'count', 1, 'reason', 'Production takes two people')) else '[]'::jsonb end,
    at, at + interval '90 seconds',
    case when state in ('awaiting_approval', 'queued') then now() + interval '30 days' end, 6, false, true, 60, 1,
    case when state in ('succeeded', 'failed', 'unknown') then at + interval '1 minute' end,
    case when state in ('succeeded', 'failed') then at + interval '90 seconds' end,
    case when state = 'unknown' then now() + interval '300 days' end
  from (select i, verb, provider || '.' || verb as action, provider || '.thing' as kind, provider || '-' || place as resource,
      case when place % 80 = 3 then 'platform' else 'team-' || place % 80 end as team, person, environment, gated, at,
      case when risky < 0.2 then 'destructive' when risky < 0.8 then 'reversible' else 'safe' end as risk,
      initcap(verb) || ' ' || provider || '-' || place || ' in ' || environment as summary,
      case when i > $3::bigint - 3000 and gated then 'awaiting_approval' when i % 200003 = 9 then 'unknown' when fate < 0.85 then 'succeeded' when fate < 0.9 then 'failed' when fate < 0.93 then 'expired'
        when fate < 0.96 then 'rejected' when fate < 0.98 then 'withdrawn' when fate < 0.99 then 'cancelled' else 'void' end as state
    from (select i, ${PROVIDERS}[1 + ${skewed('i', 1, 8)}] as provider, ${VERBS}[1 + ${skewed('i', 2, 10)}] as verb,
        ${skewed('i', 3, 4000)} as place, ${PERSON('i', 4)} as person, ${ENVIRONMENT('i', 5)} as environment,
        ${even('i', 6)} as risky, ${even('i', 7)} as fate, ${even('i', 8)} < 0.3 as gated, ${AT('i', '$4::bigint')} as at
      from generate_series($1::bigint, $2::bigint) i) picked) made`;

const TYPES = `(array['request.submitted','request.queued','request.started','request.dispatched','request.succeeded',
  'read.answered','read.answered','options.answered','plan.answered','request.approved'])`;

/** Half of the events are of requests, in their order; the others are reads, plans, and what was refused. */
export const EVENT_SQL = `insert into audit_events (at, type, actor_id, actor_name, outcome, action, environment, resource, request, data)
  select at, type, who, name, outcome, action, environment, resource, request,
    case when type = 'request.submitted' then json_build_object('reason', bench_reason(i), 'summary', initcap(verb) || ' ' || resource || ' in ' || environment,
        'digest', 'sha256:' || md5(i::text) || md5((-i)::text), 'input', json_build_object('target', resource, 'size', i % 9), 'gates', '[]'::json)
      when type = 'request.approved' then json_build_object('comment', 'looks right: ' || bench_reason(i), 'groups', json_build_array('team:team-' || i % 80))
      when type in ('request.queued', 'request.dispatched') then '{}'::json
      when type = 'request.started' then json_build_object('run', md5(i::text), 'attempt', 1, 'worker', 'gateway-' || i % 3)
      when type = 'access.denied' then json_build_object('route', 'audit.list')
      else json_build_object('input', json_build_object('target', resource), 'result', 'a table of ' || i % 60 || ' rows') end
  from (select i, at, type, environment, verb, provider || '.' || verb as action, provider || '.thing:' || provider || '-' || place as resource,
      case when machine then 'machine:ci-' || i % 20 else 'user:' || person end as who, case when machine then 'ci-' || i % 20 else initcap(person) end as name,
      case when type = 'access.denied' then 'denied' when type = 'read.failed' then 'failed' else 'ok' end as outcome,
      case when type like 'request.%' then 1 + i * ($3::bigint - 1) / $4::bigint end as request
    from (select i, ${AT('i', '$4::bigint')} as at, ${PROVIDERS}[1 + ${skewed('i', 11, 8)}] as provider, ${VERBS}[1 + ${skewed('i', 12, 10)}] as verb,
        ${skewed('i', 13, 4000)} as place, ${PERSON('i', 14)} as person, ${even('i', 15)} < 0.15 as machine, ${ENVIRONMENT('i', 16)} as environment,
        case when i % 5003 = 1 then 'access.denied' when i % 1009 = 1 then 'read.failed' else ${TYPES}[1 + floor(${even('i', 17)} * 10)::int] end as type
      from generate_series($1::bigint, $2::bigint) i) picked) made`;

/** The months of the log. */
export const MONTHS_SQL = `select substr(relname, 14) as month from pg_class where relname ~ '^audit_events_[0-9]{4}_[0-9]{2}$' order by 1`;

/** Makes a month of the search's index in one go, as it is after the gateway has made it event by event, in a tenth of the time. */
export const searchSql = (month: string): string => {
  const first = `${month.replace('_', '-')}-01 00:00:00+00`;
  return `do $$ begin
    if to_regclass('audit_search_${month}') is not null then return; end if;
    create table audit_search_${month} as select at, id, audit_terms(type, actor_id, actor_name, action, environment, resource, request, outcome, data) as terms
      from audit_events_${month} order by at, id;
    alter table audit_search_${month} alter at set not null, alter id set not null, alter terms set not null, add primary key (at, id);
    create index audit_search_${month}_terms_idx on audit_search_${month} using gin (terms) with (gin_pending_list_limit = 1024);
    alter table audit_search attach partition audit_search_${month} for values from ('${first}') to ('${first}'::timestamptz + interval '1 month');
  end $$`;
};

/** The search's reader has come to the end. */
export const INDEXED_SQL = `update audit_cursors set (xid, id, top) = (select xid, id, (select max(id) from audit_events) from audit_events order by xid desc, id desc limit 1)
  where name = 'search'`;
