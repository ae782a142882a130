-- What was sent to Twitch's chat within the last minute, noted before it is sent: the limits are the account's and outlast
-- a process. Not what was said: enough of its digest to tell whether the same is said again.
create table pedro.twitch_sent (
    id bigint generated always as identity primary key,
    bot_login text not null,
    channel text not null,
    text_digest integer not null,
    sent_at timestamptz not null default now()
);
