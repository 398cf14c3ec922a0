-- breaking: false

-- How a request that has succeeded can be undone: the action, and the input that its provider gave with the result; and,
-- of a request that undoes another one, which.
alter table requests add column undo json, add column undo_of bigint references requests (number);

-- Of all that were filed to undo a request, one at most may still have an effect.
create unique index requests_undo_of on requests (undo_of)
  where undo_of is not null and state in ('awaiting_approval', 'queued', 'running', 'unknown', 'succeeded');
