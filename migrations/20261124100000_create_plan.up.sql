-- Whether questions are planned here where somebody asks for a plan, or the model sees that one is needed.
alter table pedro.channel add column agentic boolean not null default true;

alter table pedro.question
    -- asked for by a tag, a command or an option
    add column wants_plan boolean not null default false,
    -- how often it was put again, by Retry or a mark: the answers of two rounds are two messages
    add column round integer not null default 0,
    -- the digest of what the message says that shows it: another process does not say it again
    add column shown_digest bytea,
    -- names its workflow page: whoever knows it may look
    add column workflow_id uuid not null unique default gen_random_uuid();

-- What was planned for a question: the newest counts, those before are kept to be looked at.
create table pedro.plan (
    id bigint generated always as identity primary key,
    question_id bigint not null references pedro.question on delete cascade,
    number integer not null check (number > 0),
    origin text not null check (origin in ('model', 'repaired', 'default', 'replan', 'retry', 'mark', 'api')),
    status text not null default 'running' check (status in ('running', 'succeeded', 'failed', 'stopped', 'replaced')),
    -- the call of the model that made it; its steps are emptied with what that call wrote
    generation_id bigint references pedro.generation on delete set null,
    began_at timestamptz not null default now(),
    ended_at timestamptz,
    unique (question_id, number)
);
create index plan_generation on pedro.plan (generation_id) where generation_id is not null;

create table pedro.plan_step (
    plan_id bigint not null references pedro.plan on delete cascade,
    position integer not null check (position between 1 and 8),
    -- s1, s2, ...: how the others name it
    name text not null,
    action text not null
        check (action in ('api_call', 'db_query', 'web_search', 'reference_check', 'return_response')),
    -- as planned: ${s1} is filled in when the step begins, and not kept
    params jsonb not null,
    depends_on text[] not null,
    on_failure text not null check (on_failure in ('continue', 'replan', 'stop')),
    condition jsonb,
    status text not null default 'pending'
        check (status in ('pending', 'running', 'succeeded', 'failed', 'skipped', 'redundant')),
    -- what it brought, or why it brought nothing
    result text,
    note text,
    citations jsonb not null default '[]',
    -- a person said what its status is
    marked boolean not null default false,
    began_at timestamptz,
    ended_at timestamptz,
    primary key (plan_id, position),
    unique (plan_id, name)
);

-- Provenance: the messages that a step's result was made from.
create table pedro.plan_step_source (
    plan_id bigint not null,
    position integer not null,
    message_id bigint not null references pedro.message on delete cascade,
    primary key (plan_id, position, message_id),
    foreign key (plan_id, position) references pedro.plan_step on delete cascade
);
create index plan_step_source_message on pedro.plan_step_source (message_id);

-- A question with where it was asked, as people look at it.
create view pedro.question_view as
select question.id, workflow_id, question.text, asker_name, ephemeral, wants_plan, community.name as community,
    channel.name as channel, channel.id as channel_id, question.platform, question.status, answer, asked_at, finished_at
from pedro.question
join pedro.channel on channel.id = question.channel_id
join pedro.community on community.id = question.community_id;
