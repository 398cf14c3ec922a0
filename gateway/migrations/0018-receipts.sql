-- breaking: false
-- Which grants were issued for runs, what came of each, and the receipts that providers sign: the gateway's side of the ledger.
create table run_grants (
  grant_id text primary key,
  run_id text not null,
  request bigint not null references requests (number),
  provider text not null,
  issued_at timestamptz not null,
  -- Null while nothing is known of its end.
  outcome text check (outcome in ('succeeded', 'failed', 'cancelled', 'refused', 'unsent', 'not_started', 'unknown'))
);
create index run_grants_issued on run_grants (provider, issued_at, grant_id);
create index run_grants_run on run_grants (run_id);

create table receipts (
  grant_id text primary key references run_grants (grant_id),
  run_id text not null,
  verdict text not null check (verdict in ('verified', 'missing', 'refused')),
  reason text,
  kid text,
  status text,
  result text,
  finished_at timestamptz,
  token text,
  recorded_at timestamptz not null default clock_timestamp()
);
create index receipts_run on receipts (run_id);

-- The keys with which providers sign. One of each provider is trusted; those before it still verify what is older.
create table provider_keys (
  provider text not null,
  paserk text not null,
  kid text not null,
  state text not null check (state in ('trusted', 'former', 'offered', 'revoked')),
  seen_at timestamptz not null default clock_timestamp(),
  retired_at timestamptz,
  primary key (provider, paserk)
);
