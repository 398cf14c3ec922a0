-- breaking: false
-- Lists of how the requests of an action, and those of a person, ended: a rare action that failed is not looked for among
-- all that failed. As in 0020, a request is in them once, when it has ended.

-- step when select from requests
create index concurrently requests_ended_action on requests (action text_pattern_ops, state, number desc)
  where state in ('succeeded', 'failed', 'cancelled', 'rejected', 'withdrawn', 'expired', 'void');
-- step when select from requests
create index concurrently requests_ended_requester on requests (requester_id, state, number desc)
  where state in ('succeeded', 'failed', 'cancelled', 'rejected', 'withdrawn', 'expired', 'void');

-- step
create index if not exists requests_ended_action on requests (action text_pattern_ops, state, number desc)
  where state in ('succeeded', 'failed', 'cancelled', 'rejected', 'withdrawn', 'expired', 'void');
create index if not exists requests_ended_requester on requests (requester_id, state, number desc)
  where state in ('succeeded', 'failed', 'cancelled', 'rejected', 'withdrawn', 'expired', 'void');
