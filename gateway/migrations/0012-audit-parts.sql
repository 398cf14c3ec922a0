-- breaking: false

-- The audit log in monthly parts by the time of the event: a search of a time looks at few of them, and a month that was
-- archived goes as a whole. What is there already becomes the first part, as it lies: no row is copied. Its indexes, and the
-- check that none of its rows belongs elsewhere, are made before, while the log is written: the last step looks at no row.

-- step when select from audit_events
create unique index concurrently audit_events_first_key on audit_events (at, id);
-- step when select from audit_events
create index concurrently audit_events_first_id on audit_events using brin (id) with (autosummarize = on);
-- step when select from audit_events
create index concurrently audit_events_first_xid on audit_events (xid);
-- step when select from audit_events
create index concurrently audit_events_first_request on audit_events (request, at, id) where request is not null;
-- step when select from audit_events
create index concurrently audit_events_first_actor on audit_events (actor_id, at, id);
-- step when select from audit_events
create index concurrently audit_events_first_denied on audit_events (id) where type = 'request.denied';
-- step when select from audit_events
-- Facts about the log as a whole.
create table if not exists audit_settings (
  name text primary key,
  value text not null
);
-- A day ahead, so that the month does not end meanwhile: nothing that is written is refused.
do $$
declare
  until timestamptz := (date_trunc('month', (clock_timestamp() + interval '1 day') at time zone 'UTC') + interval '1 month') at time zone 'UTC';
begin
  insert into audit_settings values ('first_part_until', to_char(until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
    on conflict (name) do update set value = excluded.value;
  alter table audit_events drop constraint if exists audit_events_first_until;
  execute format('alter table audit_events add constraint audit_events_first_until check (at < %L) not valid', until);
end $$;
-- step when select from audit_events
alter table audit_events validate constraint audit_events_first_until;

-- step
alter table audit_events rename to audit_events_first;
alter table audit_events_first alter column id drop identity;
create sequence audit_events_id_seq;
select setval('audit_events_id_seq', (select coalesce(max(id), 0) from audit_events_first) + 1, false);
drop trigger audit_events_append_only on audit_events_first;
drop trigger audit_events_no_truncate on audit_events_first;
alter table audit_events_first drop constraint audit_events_pkey;
drop index audit_events_request, audit_events_actor, audit_events_denied;

create table audit_events (
  id bigint not null default nextval('audit_events_id_seq'),
  xid xid8 not null default pg_current_xact_id(), -- tells the sealer which rows are settled
  at timestamptz not null default clock_timestamp(),
  type text not null,
  actor_id text not null,
  actor_name text not null,
  action text,
  environment text,
  resource text,
  request bigint,
  outcome text not null,
  data json not null default '{}',
  constraint audit_events_outcome_check check (outcome in ('ok', 'denied', 'failed')),
  primary key (at, id)
) partition by range (at);
alter sequence audit_events_id_seq owned by audit_events.id;

-- Ids rise with the rows, so that an index of a page for each thousands of them finds a range.
create index audit_events_id on audit_events using brin (id) with (autosummarize = on);
create index audit_events_xid on audit_events (xid);
create index audit_events_request on audit_events (request, at, id) where request is not null;
create index audit_events_actor on audit_events (actor_id, at, id);
create index audit_events_denied on audit_events (id) where type = 'request.denied';

-- Each part gets the trigger of the rows from its parent; that against truncate it gets where it is made.
create trigger audit_events_append_only before update or delete on audit_events
  for each row execute function refuse_change();
create trigger audit_events_no_truncate before truncate on audit_events
  for each statement execute function refuse_change();

-- No row is ever refused for its time.
create table audit_events_default partition of audit_events default;
create trigger audit_events_no_truncate before truncate on audit_events_default
  for each statement execute function refuse_change();

-- Makes the parts of this month and of those ahead that are not there, and gives their number. One whose rows have begun
-- to go to the default part, because nobody made it in time, is left there. Only the part is locked, and the default one.
create function make_audit_parts(months_ahead integer) returns integer language plpgsql as $$
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
end $$;

create table if not exists audit_settings (
  name text primary key,
  value text not null
);

do $$
declare
  until timestamptz := coalesce((select value::timestamptz from audit_settings where name = 'first_part_until'),
    (date_trunc('month', (clock_timestamp() + interval '1 day') at time zone 'UTC') + interval '1 month') at time zone 'UTC');
begin
  if not exists (select from audit_events_first) then
    drop table audit_events_first;
    return;
  end if;
  insert into audit_settings values ('first_part_until', to_char(until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
    on conflict do nothing;
  alter table audit_events_first alter column id set default nextval('audit_events_id_seq');
  if to_regclass('audit_events_first_key') is not null then
    alter table audit_events_first add constraint audit_events_first_pkey primary key using index audit_events_first_key;
  end if;
  execute format('alter table audit_events attach partition audit_events_first for values from (minvalue) to (%L)', until);
  alter table audit_events_first drop constraint if exists audit_events_first_until;
  create trigger audit_events_no_truncate before truncate on audit_events_first
    for each statement execute function refuse_change();
end $$;
