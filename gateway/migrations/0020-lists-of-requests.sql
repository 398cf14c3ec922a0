-- breaking: false
-- Lists by time, by environment and by how requests ended, when there are many. One that ends is in the last of them once:
-- what goes on has indexes of its own already.

-- step when select from requests
create index concurrently requests_created_at on requests (created_at);
-- step when select from requests
create index concurrently requests_environment on requests (environment, number desc);
-- step when select from requests
create index concurrently requests_ended on requests (state, number desc)
  where state in ('succeeded', 'failed', 'cancelled', 'rejected', 'withdrawn', 'expired', 'void');

-- step
create index if not exists requests_created_at on requests (created_at);
create index if not exists requests_environment on requests (environment, number desc);
create index if not exists requests_ended on requests (state, number desc)
  where state in ('succeeded', 'failed', 'cancelled', 'rejected', 'withdrawn', 'expired', 'void');
