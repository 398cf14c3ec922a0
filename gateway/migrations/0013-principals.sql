-- breaking: false

-- Whom each id stood for when the company was loaded last, or when they signed in. Ids are names, and names are given
-- again: what the one before holds must not become the next one's.
create table principals (
  id text primary key, -- user:NAME or machine:NAME
  listed boolean not null, -- in the company's files; otherwise the identity provider alone knows them
  name text,
  email text,
  team text, -- that owns the machine
  left_at timestamptz -- since when the files do not list them any more
);

-- What the account said that made it this person, when it signed in last.
alter table identities add column claim text, add column value text;

-- They may be addresses that nobody has verified. The next sign-in says.
update directory_claims set email = null;

-- What a browser lets in lasts no longer than the browser's own session.
alter table device_sign_ins add column ends_at timestamptz;
alter table sign_in_codes add column ends_at timestamptz;

-- What the proof was exchanged for: whoever brings it again is not the only one who has it.
alter table used_assertions add column token_id uuid;

create index tokens_maker on tokens (created_by_id) where session_id is null;
