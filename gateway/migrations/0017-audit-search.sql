-- breaking: false
-- What the audit log is searched by, beside the log: it is made of settled events in the background, so that writing an
-- event costs nothing for it.

-- The words of a text: what letters and digits in a row make, in small letters; of a longer one its first 64.
create function audit_words(text) returns text[] language sql immutable parallel safe as $$
  select array(select distinct left(word, 64) from regexp_split_to_table(lower($1), '[^[:alnum:]]+') word where word <> '')
$$;

-- What an event is found by: its words, and its facts as NAME=VALUE, which no word is. Of the data the names of their
-- members are left out, and what is beyond 20,000 characters.
create function audit_terms(type text, actor_id text, actor_name text, action text, environment text, resource text,
  request bigint, outcome text, data json) returns tsvector language sql stable parallel safe as $$
  select array_to_tsvector(audit_words(concat_ws(' ', type, actor_id, actor_name, action, environment, resource, 'REQ-' || request,
      regexp_replace(left(data::text, 20000), '"[A-Za-z0-9_]+" ?:|\\(u[0-9a-f]{4}|.)', ' ', 'g')))
    || array_remove(array['type=' || type, 'actor=' || actor_id, 'outcome=' || outcome, 'environment=' || environment,
      'action=' || left(action, 500), 'resource=' || left(resource, 500)], null))
$$;

create table audit_search (
  at timestamptz not null,
  id bigint not null,
  terms tsvector not null,
  primary key (at, id)
) partition by range (at);
create index audit_search_terms on audit_search using gin (terms) with (gin_pending_list_limit = 1024);

-- Makes the parts for all months from one time to another that are not there.
create function make_audit_search_parts(first timestamptz, last timestamptz) returns void language plpgsql as $$
declare
  month timestamp;
  part text;
begin
  for month in select generate_series(date_trunc('month', first at time zone 'UTC'), last at time zone 'UTC', interval '1 month') loop
    part := 'audit_search_' || to_char(month, 'YYYY_MM');
    continue when to_regclass(part) is not null;
    execute format('create table %I (like audit_search including constraints including indexes)', part);
    execute format('alter table audit_search attach partition %I for values from (%L) to (%L)', part,
      month at time zone 'UTC', (month + interval '1 month') at time zone 'UTC');
  end loop;
end $$;

insert into audit_cursors (name) values ('search');
