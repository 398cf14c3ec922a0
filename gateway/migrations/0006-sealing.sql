-- breaking: true

-- The root secret of this installation, sealed with a key of the configuration; cookies, states and digests are made
-- with keys that are derived from it. That it opens proves that these are the keys that sealed.
create table sealing_keys (
  name text primary key,
  sealed json not null,
  created_at timestamptz not null default now()
);

-- The keys that sign grants. A secret half is there, sealed, as long as it signs or may sign.
create table grant_keys (
  kid text primary key,
  paserk text not null,
  sealed json,
  created_at timestamptz not null default clock_timestamp(),
  signs_from timestamptz not null,
  -- Published until then; null for the newest, of which there is one.
  retires_at timestamptz,
  revoked_at timestamptz
);
create unique index grant_keys_newest on grant_keys ((true)) where retires_at is null;

-- The secret fields of the input, sealed, as long as they are needed: no request ends with them.
alter table requests add column sealed json,
  add column secret_digest text,
  add constraint requests_sealed_check
    check (sealed is null or state in ('awaiting_approval', 'queued', 'running', 'unknown'));
