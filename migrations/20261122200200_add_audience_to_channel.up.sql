-- Who can read a channel that not everybody can: two channels with the same text have the same readers, and what is said
-- in one may be evidence in the other. Null: everybody (public), or nobody but its own members.
alter table pedro.channel add column audience text;
-- a thread that Pedro opened, or a direct message: everything that is said there is for Pedro
alter table pedro.channel add column own_thread boolean not null default false;
