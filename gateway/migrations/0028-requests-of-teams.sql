-- breaking: false
-- Lists of the requests about what a team owns, and of those about one resource. As in 0025, a request is in them once, when it has
-- ended: those that have not are few, and each of their states has an index.

-- step when select from requests
create index concurrently requests_ended_owner on requests (owner_team, state, number desc)
  where state in ('succeeded', 'failed', 'cancelled', 'rejected', 'withdrawn', 'expired', 'void');
-- step when select from requests
create index concurrently requests_ended_resource on requests (resource_id, resource_type, state, number desc)
  where state in ('succeeded', 'failed', 'cancelled', 'rejected', 'withdrawn', 'expired', 'void');

-- step
create index if not exists requests_ended_owner on requests (owner_team, state, number desc)
  where state in ('succeeded', 'failed', 'cancelled', 'rejected', 'withdrawn', 'expired', 'void');
create index if not exists requests_ended_resource on requests (resource_id, resource_type, state, number desc)
  where state in ('succeeded', 'failed', 'cancelled', 'rejected', 'withdrawn', 'expired', 'void');
