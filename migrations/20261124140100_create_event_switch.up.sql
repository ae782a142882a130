-- What moderators said of an event from the operator's file: it is on, or off, whatever its dates say, for a while.
create table pedro.event_switch (
    community_id bigint not null references pedro.community,
    name text not null check (name = lower(name) and length(name) between 1 and 40),
    is_on boolean not null,
    switched_at timestamptz not null default now(),
    primary key (community_id, name)
);
