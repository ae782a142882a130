-- A worker that embeds lines says until when it expects to need: nobody else takes them meanwhile, and no lock is held
-- while it computes.
alter table pedro.message_unembedded add column taken_until timestamptz;
