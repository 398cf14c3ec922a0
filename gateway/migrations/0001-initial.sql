-- breaking: false

create table tokens (
  id uuid primary key default gen_random_uuid(),
  hash bytea not null unique, -- SHA-256 of the secret; the secret itself is stored nowhere
  name text not null,
  kind text not null check (kind in ('user', 'machine')),
  principal_id text not null,
  scope jsonb not null default '{}',
  created_at timestamptz not null default now(),
  created_by_id text not null,
  created_by_name text not null,
  expires_at timestamptz not null,
  last_used_at timestamptz,
  revoked_at timestamptz
);
create index tokens_principal on tokens (principal_id, created_at desc);

-- The last manifest seen of each provider: a provider that is down keeps its actions in the catalogue.
create table providers (
  name text primary key,
  manifest json not null,
  seen_at timestamptz not null default now()
);

-- A request and its run are one row: the one truth of what state the work is in.
-- Columns of type json hold texts as they came (jsonb refuses some legal strings and costs a conversion).
create table requests (
  number bigint generated always as identity primary key,
  action text not null,
  action_version text not null,
  title text not null,
  risk text not null check (risk in ('safe', 'reversible', 'destructive')),
  environment text not null,
  input json not null,
  plan json not null,
  digest text not null,
  summary text not null,
  resource_type text not null,
  resource_id text not null,
  owner_team text not null,
  reason text not null,
  requester_id text not null,
  requester_name text not null,
  scope jsonb not null default '{}', -- what the token that submitted it was narrowed to
  idempotency_key text,
  idempotency_digest text,
  state text not null check (state in ('awaiting_approval', 'queued', 'running', 'unknown', 'succeeded', 'failed',
    'cancelled', 'rejected', 'withdrawn', 'expired', 'void')),
  gates jsonb not null default '[]',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  expires_at timestamptz,
  event_count integer not null default 0,
  -- what the action promised when it was submitted
  idempotent boolean not null,
  observable boolean not null,
  timeout_seconds integer not null,
  -- who rejected, withdrew or cancelled it
  decided_by_id text,
  decided_by_name text,
  comment text,
  cancel_requested_at timestamptz,
  -- the run
  run_id uuid,
  attempt integer not null default 0,
  fencing_token bigint not null default 0,
  run_after timestamptz not null default 'epoch',
  worker text,
  lease_until timestamptz,
  started_at timestamptz,
  dispatched_at timestamptz,
  deadline_at timestamptz,
  finished_at timestamptz,
  observe_at timestamptz,
  drift json,
  output json,
  failure json
);
create unique index requests_idempotency on requests (requester_id, idempotency_key) where idempotency_key is not null;
create index requests_queue on requests (run_after, number) where state = 'queued';
create index requests_leases on requests (lease_until) where state = 'running';
create index requests_unknown on requests (observe_at) where state = 'unknown';
create index requests_to_approve on requests (number) where state = 'awaiting_approval';
create index requests_requester on requests (requester_id, number desc);
create index requests_action on requests (action text_pattern_ops, number desc);

create table approvals (
  request bigint not null references requests (number),
  principal_id text not null,
  principal_name text not null,
  teams text[] not null,
  comment text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (request, principal_id) -- one person, one approval
);

-- What watchers of a request see. Numbers are given under the lock of the request's row: no gap, no late arrival.
create table request_events (
  request bigint not null references requests (number),
  number integer not null,
  type text not null,
  at timestamptz not null default clock_timestamp(),
  actor_id text,
  actor_name text,
  data json not null default '{}',
  primary key (request, number)
);

create table audit_events (
  id bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(), -- lets a sealer know which rows are settled
  at timestamptz not null default clock_timestamp(),
  type text not null,
  actor_id text not null,
  actor_name text not null,
  action text,
  environment text,
  resource text,
  request bigint,
  outcome text not null check (outcome in ('ok', 'denied', 'failed')),
  data json not null default '{}'
);
create index audit_events_request on audit_events (request, id) where request is not null;
create index audit_events_actor on audit_events (actor_id, id);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
end $$;
create trigger audit_events_append_only before update or delete on audit_events
  for each row execute function refuse_change();
create trigger audit_events_no_truncate before truncate on audit_events
  for each statement execute function refuse_change();
