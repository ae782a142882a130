-- What lets Pedro into Twitch, so that a restart needs nobody to sign in again. Whoever can read it can speak as Pedro.
create table pedro.twitch_token (
    -- the account's, lower case
    login text primary key,
    -- first byte 1: sealed with PEDRO_SECRET_KEY; 0: as it is, because there is no key
    access_token bytea not null,
    refresh_token bytea,
    scopes text[] not null,
    obtained_at timestamptz not null,
    -- null: Twitch names no end
    expires_at timestamptz,
    -- sha256 of the TWITCH_TOKEN and TWITCH_REFRESH_TOKEN that stood in the configuration then: others are newer than this row
    given_hash bytea
);
