-- The schema that the migrations make, so that a change of it shows in review. Nothing runs this file.
-- Made by: node gateway/renew-schema.ts

create table approvals (
  request bigint not null,
  principal_id text not null,
  principal_name text not null,
  comment text not null,
  at timestamp with time zone not null default clock_timestamp(),
  person_id text not null,
  groups text[] not null default '{}'::text[],
  reused_from bigint,
  constraint approvals_request_fkey FOREIGN KEY (request) REFERENCES requests(number),
  constraint approvals_reused_from_fkey FOREIGN KEY (reused_from) REFERENCES requests(number),
  constraint approvals_pkey PRIMARY KEY (request, principal_id)
);

create table audit_archives (
  first_head bigint not null,
  last_head bigint not null,
  before timestamp with time zone not null,
  manifest text not null,
  event bigint not null,
  dropped_at timestamp with time zone,
  constraint audit_archives_pkey PRIMARY KEY (first_head),
  constraint audit_archives_last_head_key UNIQUE (last_head)
);

create table audit_cursors (
  name text not null,
  system text not null default audit_system(),
  xid xid8 not null default '0'::xid8,
  id bigint not null default 0,
  floor bigint not null default 0,
  top bigint not null default 0,
  catch_up_to bigint,
  holder text,
  held_until timestamp with time zone,
  moved_at timestamp with time zone not null default now(),
  failing_since timestamp with time zone,
  failure text,
  constraint audit_cursors_pkey PRIMARY KEY (name)
);

create table audit_events (
  id bigint not null default nextval('audit_events_id_seq'::regclass),
  xid xid8 not null default pg_current_xact_id(),
  at timestamp with time zone not null default clock_timestamp(),
  type text not null,
  actor_id text not null,
  actor_name text not null,
  action text,
  environment text,
  resource text,
  request bigint,
  outcome text not null,
  data json not null default '{}'::json,
  constraint audit_events_outcome_check CHECK ((outcome = ANY (ARRAY['ok'::text, 'denied'::text, 'failed'::text]))),
  constraint audit_events_pkey PRIMARY KEY (at, id)
) partition by RANGE (at);

create table audit_events_default (
  id bigint not null default nextval('audit_events_id_seq'::regclass),
  xid xid8 not null default pg_current_xact_id(),
  at timestamp with time zone not null default clock_timestamp(),
  type text not null,
  actor_id text not null,
  actor_name text not null,
  action text,
  environment text,
  resource text,
  request bigint,
  outcome text not null,
  data json not null default '{}'::json,
  constraint audit_events_outcome_check CHECK ((outcome = ANY (ARRAY['ok'::text, 'denied'::text, 'failed'::text]))),
  constraint audit_events_default_pkey PRIMARY KEY (at, id)
);

create table audit_heads (
  number bigint not null,
  head json not null,
  size bigint not null,
  first_id bigint not null,
  last_id bigint not null,
  first_at timestamp with time zone not null,
  last_at timestamp with time zone not null,
  cluster text not null,
  settled_to xid8 not null,
  above_id bigint not null,
  constraint audit_heads_pkey PRIMARY KEY (number)
);

create table audit_keys (
  kid text not null,
  public text not null,
  sealed json not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  constraint audit_keys_pkey PRIMARY KEY (kid)
);

create table audit_search (
  at timestamp with time zone not null,
  id bigint not null,
  terms tsvector not null,
  constraint audit_search_pkey PRIMARY KEY (at, id)
) partition by RANGE (at);

create table audit_settings (
  name text not null,
  value text not null,
  constraint audit_settings_pkey PRIMARY KEY (name)
);

create table audit_tiles (
  level smallint not null,
  number bigint not null,
  hashes bytea not null,
  constraint audit_tiles_pkey PRIMARY KEY (level, number)
);

create table device_sign_ins (
  id uuid not null default gen_random_uuid(),
  device_hash bytea not null,
  user_hash bytea not null,
  client text not null,
  address text not null,
  state text not null default 'pending'::text,
  principal_id text,
  session_id uuid,
  interval_seconds integer not null,
  asked_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  ends_at timestamp with time zone,
  constraint device_sign_ins_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'allowed'::text, 'denied'::text, 'redeemed'::text]))),
  constraint device_sign_ins_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE,
  constraint device_sign_ins_pkey PRIMARY KEY (id),
  constraint device_sign_ins_device_hash_key UNIQUE (device_hash),
  constraint device_sign_ins_user_hash_key UNIQUE (user_hash)
);

create table directory_claims (
  principal_id text not null,
  name text not null,
  email text,
  teams text[] not null,
  at timestamp with time zone not null default now(),
  valid_until timestamp with time zone not null default 'infinity'::timestamp with time zone,
  constraint directory_claims_pkey PRIMARY KEY (principal_id)
);

create table grant_keys (
  kid text not null,
  paserk text not null,
  sealed json,
  created_at timestamp with time zone not null default clock_timestamp(),
  signs_from timestamp with time zone not null,
  retires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  constraint grant_keys_pkey PRIMARY KEY (kid)
);

create table identities (
  issuer text not null,
  subject text not null,
  principal_id text not null,
  bound_at timestamp with time zone not null default now(),
  claim text,
  value text,
  constraint identities_pkey PRIMARY KEY (issuer, principal_id),
  constraint identities_issuer_subject_key UNIQUE (issuer, subject)
);

create table migrations (
  number integer not null,
  name text not null,
  breaking boolean not null,
  checksum text not null,
  applied_at timestamp with time zone not null default now(),
  constraint migrations_pkey PRIMARY KEY (number)
);

create table principals (
  id text not null,
  listed boolean not null,
  name text,
  email text,
  team text,
  left_at timestamp with time zone,
  held_since timestamp with time zone,
  constraint principals_pkey PRIMARY KEY (id)
);

create table provider_keys (
  provider text not null,
  paserk text not null,
  kid text not null,
  state text not null,
  seen_at timestamp with time zone not null default clock_timestamp(),
  retired_at timestamp with time zone,
  constraint provider_keys_state_check CHECK ((state = ANY (ARRAY['trusted'::text, 'former'::text, 'offered'::text, 'revoked'::text]))),
  constraint provider_keys_pkey PRIMARY KEY (provider, paserk)
);

create table providers (
  name text not null,
  manifest json not null,
  seen_at timestamp with time zone not null default now(),
  constraint providers_pkey PRIMARY KEY (name)
);

create table receipts (
  grant_id text not null,
  run_id text not null,
  verdict text not null,
  reason text,
  kid text,
  status text,
  result text,
  finished_at timestamp with time zone,
  token text,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  constraint receipts_verdict_check CHECK ((verdict = ANY (ARRAY['verified'::text, 'missing'::text, 'refused'::text]))),
  constraint receipts_grant_id_fkey FOREIGN KEY (grant_id) REFERENCES run_grants(grant_id),
  constraint receipts_pkey PRIMARY KEY (grant_id)
);

create table refresh_tokens (
  id bigint generated always as identity not null,
  hash bytea not null,
  session_id uuid not null,
  created_at timestamp with time zone not null default now(),
  used_at timestamp with time zone,
  successor_id bigint,
  dead boolean not null default false,
  constraint refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE,
  constraint refresh_tokens_pkey PRIMARY KEY (id),
  constraint refresh_tokens_hash_key UNIQUE (hash)
);

create table request_events (
  request bigint not null,
  number integer not null,
  type text not null,
  at timestamp with time zone not null default clock_timestamp(),
  actor_id text,
  actor_name text,
  data json not null default '{}'::json,
  constraint request_events_request_fkey FOREIGN KEY (request) REFERENCES requests(number),
  constraint request_events_pkey PRIMARY KEY (request, number)
);

create table requests (
  number bigint generated always as identity not null,
  action text not null,
  action_version text not null,
  title text not null,
  risk text not null,
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
  scope jsonb not null default '{}'::jsonb,
  idempotency_key text,
  idempotency_digest text,
  state text not null,
  gates jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone,
  event_count integer not null default 0,
  idempotent boolean not null,
  observable boolean not null,
  timeout_seconds integer not null,
  decided_by_id text,
  decided_by_name text,
  comment text,
  cancel_requested_at timestamp with time zone,
  run_id uuid,
  attempt integer not null default 0,
  fencing_token bigint not null default 0,
  run_after timestamp with time zone not null default '1970-01-01 00:00:00+00'::timestamp with time zone,
  worker text,
  lease_until timestamp with time zone,
  started_at timestamp with time zone,
  dispatched_at timestamp with time zone,
  deadline_at timestamp with time zone,
  finished_at timestamp with time zone,
  observe_at timestamp with time zone,
  drift json,
  output json,
  failure json,
  behind text[] not null default '{}'::text[],
  sealed json,
  secret_digest text,
  review jsonb,
  review_reminded_at timestamp with time zone,
  traceparent text,
  undo json,
  undo_of bigint,
  lasts_seconds integer,
  undo_state text,
  undo_at timestamp with time zone,
  undo_try_at timestamp with time zone,
  undo_tries integer not null default 0,
  undo_message text,
  approved_with boolean not null default false,
  extension_of bigint,
  start_at timestamp with time zone,
  by_clock boolean not null default false,
  doubt text,
  constraint requests_doubt_check CHECK ((doubt = ANY (ARRAY['arriving'::text, 'unseen'::text, 'restored'::text]))),
  constraint requests_risk_check CHECK ((risk = ANY (ARRAY['safe'::text, 'reversible'::text, 'destructive'::text]))),
  constraint requests_sealed_check CHECK (((sealed IS NULL) OR (state = ANY (ARRAY['awaiting_approval'::text, 'queued'::text, 'running'::text, 'unknown'::text])))),
  constraint requests_state_check CHECK ((state = ANY (ARRAY['awaiting_approval'::text, 'queued'::text, 'running'::text, 'unknown'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text, 'rejected'::text, 'withdrawn'::text, 'expired'::text, 'void'::text]))),
  constraint requests_undo_state_check CHECK ((undo_state = ANY (ARRAY['scheduled'::text, 'held'::text, 'undone'::text]))),
  constraint requests_extension_of_fkey FOREIGN KEY (extension_of) REFERENCES requests(number),
  constraint requests_undo_of_fkey FOREIGN KEY (undo_of) REFERENCES requests(number),
  constraint requests_pkey PRIMARY KEY (number)
);

create table run_grants (
  grant_id text not null,
  run_id text not null,
  request bigint not null,
  provider text not null,
  issued_at timestamp with time zone not null,
  outcome text,
  constraint run_grants_outcome_check CHECK ((outcome = ANY (ARRAY['succeeded'::text, 'failed'::text, 'cancelled'::text, 'refused'::text, 'unsent'::text, 'not_started'::text, 'unknown'::text]))),
  constraint run_grants_request_fkey FOREIGN KEY (request) REFERENCES requests(number),
  constraint run_grants_pkey PRIMARY KEY (grant_id)
);

create table schedule_firings (
  schedule uuid not null,
  at timestamp with time zone not null,
  outcome text not null,
  count integer not null default 1,
  since timestamp with time zone,
  request bigint,
  message text,
  try_at timestamp with time zone,
  tries integer not null default 0,
  constraint schedule_firings_outcome_check CHECK ((outcome = ANY (ARRAY['filing'::text, 'filed'::text, 'denied'::text, 'missed'::text, 'overlapped'::text, 'failed'::text]))),
  constraint schedule_firings_request_fkey FOREIGN KEY (request) REFERENCES requests(number),
  constraint schedule_firings_schedule_fkey FOREIGN KEY (schedule) REFERENCES schedules(id),
  constraint schedule_firings_pkey PRIMARY KEY (schedule, at)
);

create table schedules (
  id uuid not null default gen_random_uuid(),
  name text not null,
  owner_id text not null,
  owner_name text not null,
  scope jsonb not null default '{}'::jsonb,
  behind text[] not null default '{}'::text[],
  team text not null,
  cron text not null,
  time_zone text not null,
  action text not null,
  environment text not null,
  input json not null,
  reason text not null,
  missed text not null,
  state text not null default 'active'::text,
  paused_reason text,
  created_at timestamp with time zone not null default clock_timestamp(),
  next_at timestamp with time zone,
  owned_since timestamp with time zone,
  constraint schedules_missed_check CHECK ((missed = ANY (ARRAY['skip'::text, 'once'::text]))),
  constraint schedules_state_check CHECK ((state = ANY (ARRAY['active'::text, 'paused'::text, 'deleted'::text]))),
  constraint schedules_pkey PRIMARY KEY (id)
);

create table sealing_keys (
  name text not null,
  sealed json not null,
  created_at timestamp with time zone not null default now(),
  constraint sealing_keys_pkey PRIMARY KEY (name)
);

create table sessions (
  id uuid not null default gen_random_uuid(),
  principal_id text not null,
  kind text not null,
  client text not null,
  address text not null,
  created_at timestamp with time zone not null default now(),
  last_used_at timestamp with time zone not null default now(),
  idle_seconds integer not null,
  ends_at timestamp with time zone not null,
  revoked_at timestamp with time zone,
  constraint sessions_kind_check CHECK ((kind = ANY (ARRAY['browser'::text, 'cli'::text]))),
  constraint sessions_pkey PRIMARY KEY (id)
);

create table sign_in_codes (
  hash bytea not null,
  principal_id text not null,
  client text not null,
  address text not null,
  code_challenge text not null,
  redirect_uri text not null,
  expires_at timestamp with time zone not null,
  session_id uuid,
  ends_at timestamp with time zone,
  constraint sign_in_codes_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE,
  constraint sign_in_codes_pkey PRIMARY KEY (hash)
);

create table tokens (
  id uuid not null default gen_random_uuid(),
  hash bytea not null,
  name text not null,
  kind text not null,
  principal_id text not null,
  scope jsonb not null default '{}'::jsonb,
  created_at timestamp with time zone not null default now(),
  created_by_id text not null,
  created_by_name text not null,
  expires_at timestamp with time zone not null,
  last_used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  session_id uuid,
  carrier text not null default 'bearer'::text,
  origin text,
  constraint tokens_carrier_check CHECK ((carrier = ANY (ARRAY['bearer'::text, 'cookie'::text]))),
  constraint tokens_kind_check CHECK ((kind = ANY (ARRAY['user'::text, 'machine'::text]))),
  constraint tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE,
  constraint tokens_pkey PRIMARY KEY (id),
  constraint tokens_hash_key UNIQUE (hash)
);

create table tunnels (
  id uuid not null,
  request bigint not null,
  gateway text not null,
  hold boolean not null,
  opened_at timestamp with time zone not null default clock_timestamp(),
  seen_at timestamp with time zone not null default clock_timestamp(),
  constraint tunnels_request_fkey FOREIGN KEY (request) REFERENCES requests(number),
  constraint tunnels_pkey PRIMARY KEY (id)
);

create table used_assertions (
  hash bytea not null,
  expires_at timestamp with time zone not null,
  token_id uuid,
  constraint used_assertions_pkey PRIMARY KEY (hash)
);

CREATE UNIQUE INDEX approvals_person ON public.approvals USING btree (request, person_id);
CREATE INDEX audit_events_actor ON ONLY public.audit_events USING btree (actor_id, at, id);
CREATE INDEX audit_events_denied ON ONLY public.audit_events USING btree (id) WHERE (type = 'request.denied'::text);
CREATE INDEX audit_events_id ON ONLY public.audit_events USING brin (id) WITH (autosummarize='on');
CREATE INDEX audit_events_request ON ONLY public.audit_events USING btree (request, at, id) WHERE (request IS NOT NULL);
CREATE INDEX audit_events_xid ON ONLY public.audit_events USING btree (xid);
CREATE INDEX audit_events_default_actor_id_at_id_idx ON public.audit_events_default USING btree (actor_id, at, id);
CREATE INDEX audit_events_default_id_idx ON public.audit_events_default USING brin (id) WITH (autosummarize='on');
CREATE INDEX audit_events_default_id_idx1 ON public.audit_events_default USING btree (id) WHERE (type = 'request.denied'::text);
CREATE INDEX audit_events_default_request_at_id_idx ON public.audit_events_default USING btree (request, at, id) WHERE (request IS NOT NULL);
CREATE INDEX audit_events_default_xid_idx ON public.audit_events_default USING btree (xid);
CREATE INDEX audit_heads_last_id ON public.audit_heads USING btree (last_id);
CREATE INDEX audit_heads_size ON public.audit_heads USING btree (size);
CREATE INDEX audit_search_terms ON ONLY public.audit_search USING gin (terms) WITH (gin_pending_list_limit='1024');
CREATE INDEX device_sign_ins_end ON public.device_sign_ins USING btree (expires_at);
CREATE UNIQUE INDEX grant_keys_newest ON public.grant_keys USING btree ((true)) WHERE (retires_at IS NULL);
CREATE INDEX receipts_run ON public.receipts USING btree (run_id);
CREATE INDEX refresh_tokens_session ON public.refresh_tokens USING btree (session_id);
CREATE INDEX requests_action ON public.requests USING btree (action text_pattern_ops, number DESC);
CREATE INDEX requests_created_at ON public.requests USING btree (created_at);
CREATE INDEX requests_digest ON public.requests USING btree (digest);
CREATE INDEX requests_ended ON public.requests USING btree (state, number DESC) WHERE (state = ANY (ARRAY['succeeded'::text, 'failed'::text, 'cancelled'::text, 'rejected'::text, 'withdrawn'::text, 'expired'::text, 'void'::text]));
CREATE INDEX requests_ended_action ON public.requests USING btree (action text_pattern_ops, state, number DESC) WHERE (state = ANY (ARRAY['succeeded'::text, 'failed'::text, 'cancelled'::text, 'rejected'::text, 'withdrawn'::text, 'expired'::text, 'void'::text]));
CREATE INDEX requests_ended_owner ON public.requests USING btree (owner_team, state, number DESC) WHERE (state = ANY (ARRAY['succeeded'::text, 'failed'::text, 'cancelled'::text, 'rejected'::text, 'withdrawn'::text, 'expired'::text, 'void'::text]));
CREATE INDEX requests_ended_requester ON public.requests USING btree (requester_id, state, number DESC) WHERE (state = ANY (ARRAY['succeeded'::text, 'failed'::text, 'cancelled'::text, 'rejected'::text, 'withdrawn'::text, 'expired'::text, 'void'::text]));
CREATE INDEX requests_ended_resource ON public.requests USING btree (resource_id, resource_type, state, number DESC) WHERE (state = ANY (ARRAY['succeeded'::text, 'failed'::text, 'cancelled'::text, 'rejected'::text, 'withdrawn'::text, 'expired'::text, 'void'::text]));
CREATE INDEX requests_environment ON public.requests USING btree (environment, number DESC);
CREATE UNIQUE INDEX requests_idempotency ON public.requests USING btree (requester_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX requests_leases ON public.requests USING btree (lease_until) WHERE (state = 'running'::text);
CREATE INDEX requests_queue ON public.requests USING btree (run_after, number) WHERE (state = 'queued'::text);
CREATE INDEX requests_requester ON public.requests USING btree (requester_id, number DESC);
CREATE INDEX requests_to_approve ON public.requests USING btree (number) WHERE (state = 'awaiting_approval'::text);
CREATE INDEX requests_to_review ON public.requests USING btree (number) WHERE ((review ->> 'state'::text) = 'open'::text);
CREATE INDEX requests_undo_due ON public.requests USING btree (undo_try_at) WHERE (undo_try_at IS NOT NULL);
CREATE INDEX requests_undo_held ON public.requests USING btree (number DESC) WHERE (undo_state = 'held'::text);
CREATE UNIQUE INDEX requests_undo_of ON public.requests USING btree (undo_of) WHERE ((undo_of IS NOT NULL) AND (state = ANY (ARRAY['awaiting_approval'::text, 'queued'::text, 'running'::text, 'unknown'::text, 'succeeded'::text])));
CREATE INDEX requests_unknown ON public.requests USING btree (observe_at) WHERE (state = 'unknown'::text);
CREATE INDEX requests_unknown_resources ON public.requests USING btree (environment, resource_type, resource_id) WHERE (state = 'unknown'::text);
CREATE INDEX run_grants_issued ON public.run_grants USING btree (provider, issued_at, grant_id);
CREATE INDEX run_grants_run ON public.run_grants USING btree (run_id);
CREATE INDEX schedule_firings_filing ON public.schedule_firings USING btree (try_at) WHERE (outcome = 'filing'::text);
CREATE INDEX schedule_firings_request ON public.schedule_firings USING btree (schedule, request) WHERE (request IS NOT NULL);
CREATE INDEX schedules_due ON public.schedules USING btree (next_at) WHERE (state = 'active'::text);
CREATE UNIQUE INDEX schedules_name ON public.schedules USING btree (name) WHERE (state <> 'deleted'::text);
CREATE INDEX sessions_principal ON public.sessions USING btree (principal_id, created_at DESC);
CREATE INDEX sign_in_codes_end ON public.sign_in_codes USING btree (expires_at);
CREATE INDEX tokens_exchanged ON public.tokens USING btree (expires_at) WHERE (origin IS NOT NULL);
CREATE INDEX tokens_maker ON public.tokens USING btree (created_by_id) WHERE (session_id IS NULL);
CREATE INDEX tokens_principal ON public.tokens USING btree (principal_id, created_at DESC);
CREATE INDEX tokens_session ON public.tokens USING btree (session_id) WHERE (session_id IS NOT NULL);
CREATE INDEX tunnels_request ON public.tunnels USING btree (request);
CREATE INDEX tunnels_seen ON public.tunnels USING btree (seen_at);
CREATE INDEX used_assertions_end ON public.used_assertions USING btree (expires_at);

CREATE OR REPLACE FUNCTION public.audit_system()
 RETURNS text
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
  return (select system_identifier::text from pg_control_system());
exception when insufficient_privilege then
  return '';
end $function$;

CREATE OR REPLACE FUNCTION public.audit_terms(type text, actor_id text, actor_name text, action text, environment text, resource text, request bigint, outcome text, data json)
 RETURNS tsvector
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
  select array_to_tsvector(audit_words(concat_ws(' ', type, actor_id, actor_name, action, environment, resource, 'REQ-' || request,
      regexp_replace(left(data::text, 20000), '"[A-Za-z0-9_]+" ?:|\\(u[0-9a-f]{4}|.)', ' ', 'g')))
    || array_remove(array['type=' || type, 'actor=' || actor_id, 'outcome=' || outcome, 'environment=' || environment,
      'action=' || left(action, 500), 'resource=' || left(resource, 500)], null))
$function$;

CREATE OR REPLACE FUNCTION public.audit_words(text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select array(select distinct left(word, 64) from regexp_split_to_table(lower($1), '[^[:alnum:]]+') word where word <> '')
$function$;

CREATE OR REPLACE FUNCTION public.make_audit_parts(months_ahead integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  this_month timestamp := date_trunc('month', clock_timestamp() at time zone 'UTC');
  first timestamptz;
  last timestamptz;
  part text;
  made integer := 0;
begin
  perform pg_advisory_xact_lock(7283462);
  for ahead in 0..months_ahead loop
    first := (this_month + make_interval(months => ahead)) at time zone 'UTC';
    last := (this_month + make_interval(months => ahead + 1)) at time zone 'UTC';
    part := 'audit_events_' || to_char(this_month + make_interval(months => ahead), 'YYYY_MM');
    continue when to_regclass(part) is not null;
    -- The rows that were there before there were parts may reach into the first months.
    continue when first < coalesce((select value::timestamptz from audit_settings where name = 'first_part_until'), first);
    continue when exists (select from audit_events_default where at >= first and at < last);
    execute format('create table %I (like audit_events including defaults including constraints including indexes)', part);
    execute format('create trigger audit_events_no_truncate before truncate on %I for each statement execute function refuse_change()', part);
    execute format('alter table audit_events attach partition %I for values from (%L) to (%L)', part, first, last);
    made := made + 1;
  end loop;
  return made;
end $function$;

CREATE OR REPLACE FUNCTION public.make_audit_search_parts(first timestamp with time zone, last timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  month timestamp;
  part text;
begin
  for month in select generate_series(date_trunc('month', first at time zone 'UTC'), last at time zone 'UTC', interval '1 month') loop
    part := 'audit_search_' || to_char(month, 'YYYY_MM');
    continue when to_regclass(part) is not null;
    execute format('create table %I (like audit_search including constraints including indexes)', part);
    execute format('alter table audit_search attach partition %I for values from (%L) to (%L)', part,
      month at time zone 'UTC', (month + interval '1 month') at time zone 'UTC');
  end loop;
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
end $function$;

CREATE TRIGGER audit_events_append_only BEFORE DELETE OR UPDATE ON public.audit_events FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_events_no_truncate BEFORE TRUNCATE ON public.audit_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_events_append_only BEFORE DELETE OR UPDATE ON public.audit_events_default FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_events_no_truncate BEFORE TRUNCATE ON public.audit_events_default FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
