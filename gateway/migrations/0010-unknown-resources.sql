-- breaking: false

-- While the outcome of a run is unknown, other runs on its resource wait: each claim and each dispatch looks it up. There
-- are few of them at any time.
create index requests_unknown_resources on requests (environment, resource_type, resource_id) where state = 'unknown';
