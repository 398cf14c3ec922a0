-- breaking: false

-- Connections that go through a gateway at this moment, to what a request has opened.
create table tunnels (
  id uuid primary key,
  request bigint not null references requests (number),
  gateway text not null, -- the process that has it
  hold boolean not null, -- it carries no bytes: it says that somebody still uses what was opened
  opened_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp() -- renewed by its gateway: who is gone does not
);
create index tunnels_request on tunnels (request);
create index tunnels_seen on tunnels (seen_at);
