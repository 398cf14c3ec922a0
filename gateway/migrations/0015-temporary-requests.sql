-- breaking: true

-- A request may be for a while: how long, when it is undone, and how that stands. A gateway that does not know it would void
-- it at its run, for its digest covers the time too.
-- step when select where not exists (select from pg_attribute where attrelid = 'requests'::regclass and attname = 'lasts_seconds')
alter table requests
  add column lasts_seconds integer,
  add column undo_state text,
  add column undo_at timestamptz,
  add column undo_try_at timestamptz, -- when the gateway files the undo; null while it is on its way, or a person has to
  add column undo_tries integer not null default 0,
  add column undo_message text, -- why it is held
  -- of what undoes a request: its approvals were given with that request
  add column approved_with boolean not null default false,
  -- of a request that puts off the end of another one, which
  add column extension_of bigint references requests (number),
  -- not before this time
  add column start_at timestamptz,
  add constraint requests_undo_state_check check (undo_state in ('scheduled', 'held', 'undone')) not valid;
-- step when select from requests
create index concurrently requests_undo_due on requests (undo_try_at) where undo_try_at is not null;
-- step
create index if not exists requests_undo_due on requests (undo_try_at) where undo_try_at is not null;
alter table requests validate constraint requests_undo_state_check;
