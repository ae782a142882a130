create table pedro.link (
    id bigint generated always as identity primary key,
    community_id bigint not null references pedro.community,
    name text not null check (name = lower(name) and length(name) between 1 and 40),
    url text not null check (url ~ '^https?://'),
    description text not null default '',
    words text not null default '',
    added_at timestamptz not null default now(),
    unique (community_id, name)
);

-- One row for as long as title, category and live state stay as they are.
create table pedro.stream_title (
    id bigint generated always as identity primary key,
    channel_id bigint not null references pedro.channel,
    title text not null,
    category text not null,
    live boolean not null,
    began_at timestamptz not null,
    ended_at timestamptz check (ended_at >= began_at)
);
-- at most one is the current one
create unique index stream_title_current on pedro.stream_title (channel_id) where ended_at is null;
create index stream_title_history on pedro.stream_title (channel_id, began_at desc);
