-- breaking: false
-- Lists by time, by environment and by how requests ended, when there are many. One that ends is in the last of them once:
-- what goes on has indexes of its own already.
create index requests_created_at on requests (created_at);
create index requests_environment on requests (environment, number desc);
create index requests_ended on requests (state, number desc)
  where state in ('succeeded', 'failed', 'cancelled', 'rejected', 'withdrawn', 'expired', 'void');
