-- Up to which message a channel was heard, and from where messages are being fetched that were not: by the platform's
-- ids, which grow with time. Kept apart from the messages: what was forgotten must not be fetched again.
alter table pedro.channel add column heard_to bigint;
alter table pedro.channel add column fetch_from bigint;
