-- Tokens that were bought of models that answer for money, by community and day of its time zone. What is being asked
-- counts with the most that it may cost.
create table pedro.api_token_use (
    community_id bigint not null references pedro.community,
    day date not null,
    tokens bigint not null check (tokens >= 0),
    primary key (community_id, day)
);
