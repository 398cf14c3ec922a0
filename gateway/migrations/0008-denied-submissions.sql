-- breaking: false

-- Policies are replayed over what was asked for, denied submissions too: those are few among all that is recorded.
create index audit_events_denied on audit_events (id) where type = 'request.denied';
