-- breaking: false

-- What proved somebody's identity once and must not do so again, for as long as it would: its SHA-256.
create table used_assertions (
  hash bytea primary key,
  expires_at timestamptz not null
);
create index used_assertions_end on used_assertions (expires_at);

-- What a token was exchanged for (`workload:gitlab`, `aws`); null for one that somebody made. Those that were exchanged
-- live for minutes and there are many: they are forgotten soon after their end.
alter table tokens add column origin text;
create index tokens_exchanged on tokens (expires_at) where origin is not null;
