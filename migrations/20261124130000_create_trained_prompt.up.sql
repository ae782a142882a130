-- A type of prompt that Pedro has been taught: how people ask it, and how to answer.
create table pedro.trained_prompt (
    id bigint generated always as identity primary key,
    community_id bigint not null references pedro.community,
    name text not null check (name = lower(name) and length(name) between 1 and 60),
    -- given to the model as a fact; said as it is when the model fails
    answer text not null,
    -- a line must have one of these; empty: any line will do
    words text not null default '',
    cooldown_seconds integer not null check (cooldown_seconds >= 0),
    -- rows of the file follow the file; what people taught or the operator added does not
    source text not null check (source in ('file', 'taught', 'added')),
    updated_at timestamptz not null default now(),
    unique (community_id, name)
);

create table pedro.trained_prompt_example (
    id bigint generated always as identity primary key,
    trained_prompt_id bigint not null references pedro.trained_prompt on delete cascade,
    text text not null,
    unique (trained_prompt_id, text)
);

-- Some hundred at most: compared one by one, without an index of vectors.
create table pedro.trained_prompt_embedding (
    example_id bigint not null references pedro.trained_prompt_example on delete cascade,
    model_id smallint not null references pedro.embedding_model,
    embedding halfvec not null,
    primary key (example_id, model_id)
);

-- When a trained prompt was last answered by itself in a channel: whoever moves it on may answer.
create table pedro.trained_prompt_turn (
    trained_prompt_id bigint not null references pedro.trained_prompt on delete cascade,
    channel_id bigint not null references pedro.channel,
    last_answered_at timestamptz not null,
    primary key (trained_prompt_id, channel_id)
);

-- What made it a question to Pedro. Only who addressed Pedro waits for an answer: the others are told nothing but that.
alter table pedro.question add column origin text not null default 'addressed'
    check (origin in ('addressed', 'trained', 'overheard'));
-- the trained prompt that it was taken for
alter table pedro.question add column trained_prompt_id bigint references pedro.trained_prompt on delete set null;
create index question_trained_prompt on pedro.question (trained_prompt_id) where trained_prompt_id is not null;
-- cool-downs of questions that nobody addressed
create index question_overheard on pedro.question (channel_id, asked_at) where origin = 'overheard';
