-- breaking: false
-- The trace in which a request was filed (W3C traceparent): its runs belong to it, hours later and at another replica.
alter table requests add column traceparent text;
