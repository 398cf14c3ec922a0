-- breaking: false

-- Nobody filed it: the time of what it undoes was over. Whoever stands behind it does not stop it.
alter table requests add column by_clock boolean not null default false;
