-- breaking: false

-- Requests that are filed again and again, each time as the owner of the schedule.
create table schedules (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  owner_id text not null,
  owner_name text not null,
  scope jsonb not null default '{}', -- what the token that made it was narrowed to
  behind text[] not null default '{}', -- the persons behind it: none is a second person for what it files
  team text not null, -- the one that owns the provider of the action
  cron text not null,
  time_zone text not null,
  action text not null,
  environment text not null,
  input json not null,
  reason text not null,
  missed text not null check (missed in ('skip', 'once')),
  state text not null default 'active' check (state in ('active', 'paused', 'deleted')),
  paused_reason text,
  created_at timestamptz not null default clock_timestamp(),
  next_at timestamptz -- null when it is paused, or has no more times
);
create unique index schedules_name on schedules (name) where state <> 'deleted';
create index schedules_due on schedules (next_at) where state = 'active';

-- What became of each time: a row is made for it once, whatever number of gateways looks.
create table schedule_firings (
  schedule uuid not null references schedules (id),
  at timestamptz not null, -- when it was due
  outcome text not null check (outcome in ('filing', 'filed', 'denied', 'missed', 'overlapped', 'failed')),
  count integer not null default 1, -- of missed ones, how many this row stands for
  since timestamptz, -- and when the first of them was due
  request bigint references requests (number),
  message text,
  try_at timestamptz, -- of one that is being filed: when another gateway may take it up
  tries integer not null default 0,
  primary key (schedule, at)
);
create index schedule_firings_filing on schedule_firings (try_at) where outcome = 'filing';
create index schedule_firings_request on schedule_firings (schedule, request) where request is not null;
