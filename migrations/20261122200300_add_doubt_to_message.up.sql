-- How often an answer that was made from the line was taken back: such a line counts less.
alter table pedro.message add column doubt smallint not null default 0;
-- when somebody said that the answer was wrong
alter table pedro.generation add column withdrawn_at timestamptz;
