-- Something that Pedro accepted to answer. This table is the queue.
create table pedro.question (
    id bigint generated always as identity primary key,
    community_id bigint not null references pedro.community,
    channel_id bigint not null references pedro.channel,
    platform text not null,
    -- the line that asked: one line is one question, however often it is delivered
    platform_message_id text not null,
    -- nothing here names somebody who opted out of storage: the row is deleted once the question is answered
    ephemeral boolean not null default false,
    -- keyed hash of the asker's user id: fairness and limits work without naming anybody
    asker_hash bytea not null,
    asker_name text not null,
    text text not null,
    -- what the adapter needs to answer after a restart
    reply_target jsonb not null,
    status text not null default 'queued'
        check (status in ('queued', 'working', 'sending', 'answered', 'failed', 'expired', 'cancelled')),
    attempts integer not null default 0,
    lease_owner uuid,
    lease_until timestamptz,
    asked_at timestamptz not null,
    -- after trouble with the model: not tried again before
    not_before timestamptz,
    -- when people were told that it takes longer, and that the model is away: once each
    acknowledged_at timestamptz,
    trouble_told_at timestamptz,
    answer text,
    -- how many pieces of the answer were handed to the platform
    pieces_sent integer not null default 0,
    finished_at timestamptz,
    unique (platform, platform_message_id)
);
create index question_open on pedro.question (platform, status, id) where status in ('queued', 'working', 'sending');
create index question_asker on pedro.question (asker_hash, asked_at);

-- One call of the model. `prompt` and `output` are null once something they were made from was forgotten.
create table pedro.generation (
    id bigint generated always as identity primary key,
    community_id bigint not null references pedro.community,
    question_id bigint references pedro.question on delete cascade,
    purpose text not null,
    model text not null,
    prompt jsonb,
    output text,
    prompt_tokens integer,
    completion_tokens integer,
    first_token_ms integer,
    took_ms integer,
    failure text,
    created_at timestamptz not null default now()
);
create index generation_question on pedro.generation (question_id);

-- Provenance: the messages that a generation was made from.
create table pedro.generation_source (
    generation_id bigint not null references pedro.generation on delete cascade,
    message_id bigint not null references pedro.message on delete cascade,
    primary key (generation_id, message_id)
);
create index generation_source_message on pedro.generation_source (message_id);

-- Pedro's own lines know the generation that they say.
alter table pedro.message add column generation_id bigint references pedro.generation on delete set null;
create index message_generation on pedro.message (generation_id) where generation_id is not null;

-- The order in which open questions are answered: what runs comes before what waits, then turn by turn: somebody's
-- second question of the last ten minutes comes after everybody's first.
create view pedro.question_order as
select id, status = 'queued' as waiting, (
        select count(*) from pedro.question as earlier
        where earlier.asker_hash = question.asker_hash and earlier.id < question.id
            and earlier.asked_at > question.asked_at - interval '10 minutes'
    ) as turn
from pedro.question where status in ('queued', 'working', 'sending');
