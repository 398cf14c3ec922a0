-- breaking: false
-- What a person has to undo, for its time is over and it was not undone by itself: a list that is looked at, and short.
create index requests_undo_held on requests (number desc) where undo_state = 'held';
