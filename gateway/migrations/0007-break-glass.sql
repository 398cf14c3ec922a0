-- breaking: true

-- Set once the glass was broken: who, for which incident and why, and what the review of it said. A gateway that does not
-- know it would void such a request at its run, for want of approvals.
alter table requests add column review jsonb,
  add column review_reminded_at timestamptz; -- when the review that is open was last told of again
create index requests_to_review on requests (number) where review->>'state' = 'open';

-- An approval of the identical request may count again: what was approved, and rejected, under a digest is looked up by it.
create index requests_digest on requests (digest);
