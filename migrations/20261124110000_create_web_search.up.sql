-- What the web was found to say, for a while: the same search is not made twice.
create table pedro.web_search (
    id bigint generated always as identity primary key,
    provider text not null,
    -- sha256 of the query as it is compared: lower case, one space between words
    query_hash bytea not null,
    -- the question that it was searched for: it need not be a message (a slash command is none), and the search goes with it
    question_id bigint references pedro.question on delete cascade,
    results jsonb not null,
    fetched_at timestamptz not null default now(),
    unique (provider, query_hash)
);
create index web_search_age on pedro.web_search (fetched_at);
create index web_search_question on pedro.web_search (question_id);

-- Provenance: the messages that the query was made from. The search goes with each of them.
create table pedro.web_search_source (
    web_search_id bigint not null references pedro.web_search on delete cascade,
    message_id bigint not null references pedro.message on delete cascade,
    primary key (web_search_id, message_id)
);
create index web_search_source_message on pedro.web_search_source (message_id);
