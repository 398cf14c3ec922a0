-- breaking: false
-- What is not known of an earlier try of a request that waits for its next one: 'arriving', its call may still arrive until
-- then; 'unseen', it was sent and nobody saw how it ended; 'restored', the database was restored since.
-- step when select where not exists (select from pg_attribute where attrelid = 'requests'::regclass and attname = 'doubt')
alter table requests
  add column doubt text,
  add constraint requests_doubt_check check (doubt in ('arriving', 'unseen', 'restored')) not valid;
-- step
alter table requests validate constraint requests_doubt_check;
