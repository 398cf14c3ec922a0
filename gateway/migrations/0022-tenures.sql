-- breaking: false

-- Since when an id stands for whom it stands for now, where it stood for another before. What was approved, filed or
-- scheduled earlier was not by them.
alter table principals add column held_since timestamptz;

-- Whoever resumes a schedule whose owner is gone owns it from then on.
alter table schedules add column owned_since timestamptz;
