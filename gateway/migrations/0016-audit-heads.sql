-- breaking: false

-- The keys that sign the heads of the audit log, each with its secret half, sealed.
create table audit_keys (
  kid text primary key,
  public text not null,
  sealed json not null,
  created_at timestamptz not null default clock_timestamp()
);

-- The signed heads of the audit log. What is signed is `head`; the other columns are for finding.
create table audit_heads (
  number bigint primary key,
  head json not null,
  size bigint not null,
  first_id bigint not null,
  last_id bigint not null,
  -- Between these times its events are.
  first_at timestamptz not null,
  last_at timestamptz not null,
  -- Which server counts the transactions, up to which of them everything is sealed, and above which id they count.
  cluster text not null,
  settled_to xid8 not null,
  above_id bigint not null
);
create index audit_heads_last_id on audit_heads (last_id);
create index audit_heads_size on audit_heads (size);

-- The hashes of the Merkle tree: of level L those that stand for 256^L events each, 256 to a row.
create table audit_tiles (
  level smallint not null,
  number bigint not null,
  hashes bytea not null,
  primary key (level, number)
);
