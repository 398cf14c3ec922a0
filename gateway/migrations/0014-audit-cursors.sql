-- breaking: false
-- How far each reader of the audit log has come that must miss nothing: sinks, and the index of the search.

-- Names the cluster whose transaction ids the rows carry: a dump that is restored elsewhere brings ids that mean nothing
-- there. Empty where we may not ask.
create function audit_system() returns text language plpgsql stable as $$
begin
  return (select system_identifier::text from pg_control_system());
exception when insufficient_privilege then
  return '';
end $$;

create table audit_cursors (
  name text primary key,
  system text not null default audit_system(),
  -- All before this place, in order of (xid, id), has been read.
  xid xid8 not null default '0',
  id bigint not null default 0,
  -- All up to this id has been read, whatever transaction wrote it.
  floor bigint not null default 0,
  -- The largest id that was read.
  top bigint not null default 0,
  -- While it is set, events are read by their ids alone, from floor up to it: after a restore into another cluster.
  catch_up_to bigint,
  -- Who reads now, and until when nobody else may.
  holder text,
  held_until timestamptz,
  moved_at timestamptz not null default now(),
  failing_since timestamptz,
  failure text
);
