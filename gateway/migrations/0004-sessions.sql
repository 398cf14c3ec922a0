-- breaking: true

-- One place where a person is signed in. A gateway that does not know sessions would take their tokens after their end.
create table sessions (
  id uuid primary key default gen_random_uuid(),
  principal_id text not null,
  kind text not null check (kind in ('browser', 'cli')),
  client text not null, -- as it called itself
  address text not null,
  created_at timestamptz not null default now(),
  last_used_at timestamptz not null default now(), -- to the minute
  idle_seconds integer not null, -- it ends when it is not used for so long,
  ends_at timestamptz not null, -- and then at the latest
  revoked_at timestamptz
);
create index sessions_principal on sessions (principal_id, created_at desc);

-- The secrets of a session are tokens: the one that a browser has in a cookie, and the short-lived ones of a command line.
-- What was made for one way to arrive is not taken from the other.
alter table tokens add column session_id uuid references sessions (id) on delete cascade,
  add column carrier text not null default 'bearer' check (carrier in ('bearer', 'cookie'));
create index tokens_session on tokens (session_id) where session_id is not null;

-- Each works once: the row of one that was used stays, so that a second use is seen.
create table refresh_tokens (
  id bigint generated always as identity primary key,
  hash bytea not null unique,
  session_id uuid not null references sessions (id) on delete cascade,
  created_at timestamptz not null default now(),
  used_at timestamptz,
  successor_id bigint,
  dead boolean not null default false -- given out in place of an answer that was lost, and lost itself
);
create index refresh_tokens_session on refresh_tokens (session_id);

-- A command line that asks to be let in, by a code that a person confirms elsewhere.
create table device_sign_ins (
  id uuid primary key default gen_random_uuid(),
  device_hash bytea not null unique,
  user_hash bytea not null unique,
  client text not null,
  address text not null,
  state text not null default 'pending' check (state in ('pending', 'allowed', 'denied', 'redeemed')),
  principal_id text, -- who allowed it
  session_id uuid references sessions (id) on delete cascade, -- that it was redeemed for
  interval_seconds integer not null,
  asked_at timestamptz,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index device_sign_ins_end on device_sign_ins (expires_at);

-- A command line that asks to be let in, by a browser on the same machine: the code that the browser brings it.
create table sign_in_codes (
  hash bytea primary key,
  principal_id text not null,
  client text not null,
  address text not null,
  code_challenge text not null,
  redirect_uri text not null,
  expires_at timestamptz not null,
  session_id uuid references sessions (id) on delete cascade -- that it was redeemed for
);
create index sign_in_codes_end on sign_in_codes (expires_at);

-- The account of the identity provider that each person came with first. Another one is somebody else.
create table identities (
  issuer text not null,
  subject text not null,
  principal_id text not null,
  bound_at timestamptz not null default now(),
  primary key (issuer, principal_id),
  unique (issuer, subject)
);

-- What the provider said holds no longer than the longest session that it opened.
alter table directory_claims add column valid_until timestamptz not null default 'infinity';
