-- A game of twenty questions: somebody thinks of a thing, Pedro finds it out. The row is the game's state, and games whose
-- turn is Pedro's are a queue of their own.
create table pedro.game (
    id bigint generated always as identity primary key,
    community_id bigint not null references pedro.community,
    -- where it is played, and where it was begun: two channels if a thread was opened for it
    channel_id bigint not null references pedro.channel,
    begun_in bigint not null references pedro.channel,
    platform text not null,
    -- keyed hash of the player's user id: games are forgotten with the person and name nobody
    player_hash bytea not null,
    -- what the player thinks of: in no prompt, and shown to nobody before the end
    thing text not null,
    -- the line that the questions reply to; null if the game was begun by something that cannot be replied to
    reply_target jsonb,
    -- thinking: Pedro's turn; asking: the player's; telling: decided, the last word has to be said
    status text not null default 'thinking'
        check (status in ('thinking', 'asking', 'telling', 'won', 'lost', 'abandoned')),
    -- as Pedro sees it: won is guessed
    outcome text check (outcome in ('won', 'lost', 'abandoned')),
    -- a question that is made and not yet answered makes the difference
    asked integer not null default 0,
    answered integer not null default 0,
    -- failed tries of the turn at hand
    attempts integer not null default 0,
    lease_owner uuid,
    lease_until timestamptz,
    -- after trouble with the model or the platform: not tried again before
    not_before timestamptz,
    -- since when the player is to answer, and when they were told that Pedro waits
    waiting_since timestamptz,
    paused_at timestamptz,
    begun_at timestamptz not null default now(),
    finished_at timestamptz,
    check (asked between 0 and 20 and answered between asked - 1 and asked),
    check ((outcome is null) = (status in ('thinking', 'asking')))
);
-- one open game per player and channel
create unique index game_open on pedro.game (begun_in, player_hash) where status in ('thinking', 'asking');
create index game_turn_of on pedro.game (platform, status) where status in ('thinking', 'asking', 'telling');
create index game_player on pedro.game (player_hash);
create index game_channel on pedro.game (channel_id);
create index game_score on pedro.game (community_id, outcome);

-- The questions of a game and their answers. What Pedro says in a game is nowhere else: it goes with the game.
create table pedro.game_turn (
    game_id bigint not null references pedro.game on delete cascade,
    number integer not null check (number between 1 and 20),
    question text not null,
    -- a yes to it is the end
    is_guess boolean not null,
    answer text check (answer in ('yes', 'no', 'sometimes', 'unknown')),
    -- the message that shows it, and whether its buttons were taken away
    shown_message_id text,
    closed boolean not null default false,
    primary key (game_id, number)
);
