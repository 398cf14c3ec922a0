-- breaking: false

-- Archives of sealed events. What is said here spares looking for rows that are not there; whether they were archived is
-- known by the signed event alone.
create table audit_archives (
  first_head bigint primary key,
  last_head bigint not null unique,
  -- All of its events are older.
  before timestamptz not null,
  -- SHA-256 of its manifest.
  manifest text not null,
  -- The event that says so.
  event bigint not null,
  -- When its events were taken out of the database; null while they are there.
  dropped_at timestamptz
);
