-- Days after which the channel's lines are deleted, with all that was made from them. Null: as the community has it.
alter table pedro.channel add column retention_days integer check (retention_days between 1 and 36500);
