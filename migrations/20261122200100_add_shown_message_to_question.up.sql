-- The message on which a question's progress is shown, where messages can be edited: after a crash the answer still
-- takes its place.
alter table pedro.question add column shown_message_id text;
