create schema if not exists pedro;

-- Both are trusted extensions: a role that may create in the database may create them. Where they are installed
-- already (Supabase keeps them in schema "extensions") they stay where they are.
create extension if not exists vector;
create extension if not exists pg_trgm;

-- A streamer's Twitch channels and Discord guilds together: one memory.
create table pedro.community (
    id bigint generated always as identity primary key,
    name text not null unique,
    time_zone text not null default 'UTC',
    created_at timestamptz not null default now()
);

create table pedro.channel (
    id bigint generated always as identity primary key,
    community_id bigint not null references pedro.community,
    platform text not null check (platform in ('twitch', 'discord', 'import', 'terminal', 'http')),
    platform_channel_id text not null,
    name text not null,
    -- readable by everybody in the community; what is said elsewhere is evidence only there
    public boolean not null default true,
    chattiness text not null default 'questions' check (chattiness in ('quiet', 'named', 'questions')),
    paused_until timestamptz,
    created_at timestamptz not null default now(),
    unique (platform, platform_channel_id)
);
create index channel_community on pedro.channel (community_id);

create table pedro.author (
    id bigint generated always as identity primary key,
    platform text not null,
    platform_user_id text not null,
    login text not null,
    display_name text not null,
    kind text not null check (kind in ('person', 'pedro', 'bot')),
    created_at timestamptz not null default now(),
    -- people are their id: names change and are taken over by others
    unique (platform, platform_user_id)
);
create index author_login on pedro.author (lower(login));
create index author_display_name on pedro.author (lower(display_name));

-- The words of a chat line. English stems of its plain words, and as they stand the things that the parser would
-- tear apart or glue together: c++, c#, :8080, @alice, node.js.
create function pedro.chat_words(line text) returns tsvector
language sql immutable strict parallel safe
return to_tsvector('pg_catalog.english'::regconfig, regexp_replace(lower(line), '[^[:alnum:]'']+', ' ', 'g'))
    || array_to_tsvector(array(
        select distinct left(special[1], 64)
        from regexp_matches(lower(line), '([[:alnum:]_]+(?:\+\+|#)|:[0-9]{2,5}|@[[:alnum:]_]+|[[:alnum:]]+(?:[._/-][[:alnum:]]+)+)', 'g')
            as matches (special)
    ));

create table pedro.message (
    id bigint generated always as identity primary key,
    channel_id bigint not null references pedro.channel,
    author_id bigint not null references pedro.author,
    -- the author's kind when the line was written: only a person's line is evidence
    author_kind text not null check (author_kind in ('person', 'pedro', 'bot')),
    platform text not null check (platform in ('twitch', 'discord', 'import', 'terminal', 'http')),
    platform_message_id text not null,
    text text not null,
    words tsvector generated always as (pedro.chat_words(text)) stored,
    -- the platform's id of the line that this one replies to: that line may not be stored
    reply_to text,
    sent_at timestamptz not null,
    stored_at timestamptz not null default now(),
    -- a line delivered twice is stored once
    unique (platform, platform_message_id)
);
-- the order in which a channel is read; neighbours of a hit are found by it
create index message_channel_order on pedro.message (channel_id, sent_at, id);
create index message_author on pedro.message (author_id, sent_at);
create index message_words on pedro.message using gin (words);
-- for words that no line has: the nearest spelling
create index message_spelling on pedro.message using gin (text gin_trgm_ops);
-- replies to a line go with it when it is forgotten
create index message_reply_to on pedro.message (platform, reply_to) where reply_to is not null;
-- the most common words and their frequencies are read from the statistics: they are left out of queries
alter table pedro.message alter column words set statistics 1000;

-- What was not heard and cannot be fetched.
create table pedro.gap (
    id bigint generated always as identity primary key,
    channel_id bigint not null references pedro.channel,
    began_at timestamptz,
    ended_at timestamptz not null
);
create index gap_channel on pedro.gap (channel_id, ended_at);

-- Who wants not to be stored, or not to be answered: a keyed hash of the user id, so that the list names nobody.
create table pedro.opt_out (
    person_hash bytea primary key,
    storage boolean not null,
    replies boolean not null,
    changed_at timestamptz not null default now()
);

-- Values that Pedro makes once and keeps: the key of the hash above where the operator gives none.
create table pedro.setting (
    name text primary key,
    value bytea not null
);
