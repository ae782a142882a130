-- An embedding space. Vectors of two models are never compared: each has its own partial index,
-- which is made when the model is first used.
create table pedro.embedding_model (
    id smallint generated always as identity primary key,
    name text not null unique,
    dimension integer not null check (dimension between 1 and 4000),
    created_at timestamptz not null default now()
);

create table pedro.message_embedding (
    message_id bigint not null references pedro.message on delete cascade,
    model_id smallint not null references pedro.embedding_model,
    -- copied from the message, so that the vector index can be filtered without a join
    channel_id bigint not null,
    author_id bigint not null,
    sent_at timestamptz not null,
    evidence boolean not null,
    embedding halfvec not null,
    primary key (message_id, model_id)
);

-- Lines that wait for their embedding. Written with the line, deleted with the embedding.
create table pedro.message_unembedded (
    message_id bigint primary key references pedro.message on delete cascade
);
