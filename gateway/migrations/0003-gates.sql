-- breaking: true

-- A gate names who may lift it: team:NAME, on-call:NAME or user:NAME.
update requests set gates = (
  select jsonb_agg((gate - 'team') || jsonb_build_object('approvers', 'team:' || (gate->>'team')))
  from jsonb_array_elements(gates) gate)
where gates <> '[]';

-- The persons behind a request (requester, whoever made its token, whoever it was filed on behalf of): none is a second person.
alter table requests add column behind text[] not null default '{}';
update requests set behind = array_remove(array[
  case when requester_id like 'user:%' then requester_id end,
  case when token_maker_id like 'user:%' then token_maker_id end], null);
alter table requests drop column token_maker_id;

-- One person, one approval, however many accounts the person has.
alter table approvals add column person_id text, add column groups text[] not null default '{}',
  add column reused_from bigint references requests (number);
update approvals set person_id = principal_id, groups = array_prepend(principal_id, array(select 'team:' || team from unnest(teams) team));
alter table approvals alter column person_id set not null, drop column teams;
create unique index approvals_person on approvals (request, person_id);

-- What the identity provider said of a person when they last signed in; teams by the mapping of groups.
create table directory_claims (
  principal_id text primary key,
  name text not null,
  email text,
  teams text[] not null,
  at timestamptz not null default now()
);
