-- breaking: false

-- Who made the token that a request was filed with. Who makes a machine's token can act as the machine: they are
-- no second person for what it asks.
alter table requests add column token_maker_id text;
