-- What was said in a time, told again: kept so that the same is not made twice.
create table pedro.recap (
    id bigint generated always as identity primary key,
    community_id bigint not null references pedro.community,
    -- for whose length and manner it was written
    platform text not null,
    -- who can read the place that it was made for; another place with the same text may be given it
    audience text not null,
    began_at timestamptz not null,
    ended_at timestamptz not null check (ended_at >= began_at),
    -- lines that the model read, of so many that there were
    covered integer not null check (covered > 0),
    lines integer not null check (lines >= covered),
    -- what the text was made from: other texts about the same time are made from it, too
    notes jsonb not null,
    text text not null,
    -- the call of the model that wrote the text: what is forgotten there is forgotten here
    generation_id bigint not null references pedro.generation on delete cascade,
    created_at timestamptz not null default now()
);
create index recap_range on pedro.recap (community_id, ended_at);
create index recap_generation on pedro.recap (generation_id);

-- Provenance: the messages that a recap was made from. It goes with each of them.
create table pedro.recap_source (
    recap_id bigint not null references pedro.recap on delete cascade,
    message_id bigint not null references pedro.message on delete cascade,
    primary key (recap_id, message_id)
);
create index recap_source_message on pedro.recap_source (message_id);

-- The recap that a question is answered by, be it an earlier one.
alter table pedro.question add column recap_id bigint references pedro.recap on delete set null;
create index question_recap on pedro.question (recap_id) where recap_id is not null;

-- A stream that has ended and whose recap is posted by itself, under the last title that it had: once, whoever looks.
create table pedro.stream_recap (
    stream_title_id bigint primary key references pedro.stream_title on delete cascade,
    -- null: nothing was said
    question_id bigint references pedro.question on delete set null,
    taken_at timestamptz not null default now()
);
create index stream_recap_question on pedro.stream_recap (question_id) where question_id is not null;
