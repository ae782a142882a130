-- What a link is about, as it is embedded.
alter table pedro.link add column meaning text not null
    generated always as (name || '. ' || description || ' ' || words) stored;

create table pedro.link_embedding (
    link_id bigint not null references pedro.link on delete cascade,
    model_id smallint not null references pedro.embedding_model,
    -- what was embedded: a link that says something else by now is embedded anew
    meaning text not null,
    embedding halfvec not null,
    primary key (link_id, model_id)
);
