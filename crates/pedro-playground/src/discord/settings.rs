//! How the stand-in Discord is set up, and what the bot has done with it, as verbs on [`Discord`].

use std::time::Duration;

use serde_json::Value;

use super::limits::Allowance;
use super::snowflake::Snowflake;
use super::{Discord, Request};

impl Discord {
    /// The bot's user id, which is its application's id too.
    pub fn bot(&self) -> Snowflake {
        self.read(|world| world.bot.id)
    }

    /// The token that bots have to come with. Until this is said, any token is good.
    pub fn set_token(&self, token: &str) {
        self.update(|world| world.bot.token = Some(token.to_owned()));
    }

    /// How often bots have to send a heartbeat (41.25 s unless told otherwise). Holds for connections from now on, and
    /// for when a bot that is late is closed: after two of them.
    pub fn set_heartbeat_interval(&self, interval: Duration) {
        self.update(|world| world.gateway.heartbeat_interval = interval);
    }

    /// How long a session without a connection can be resumed (three minutes unless told otherwise).
    pub fn set_session_lifetime(&self, lifetime: Duration) {
        self.update(|world| world.gateway.session_lifetime = lifetime);
    }

    /// The number of shards that Discord recommends, and the one below which it turns bots away (4011).
    pub fn set_shards(&self, recommended: u64, required: u64) {
        self.update(|world| {
            world.gateway.recommended_shards = recommended.max(1);
            world.gateway.required_shards = required.max(1);
        });
    }

    /// The privileged intents that the application has: members (`1 << 1`), presences (`1 << 8`), message content
    /// (`1 << 15`). All unless told otherwise; who asks for another is turned away (4014).
    pub fn set_privileged_intents(&self, intents: u64) {
        self.update(|world| world.gateway.privileged = intents);
    }

    /// Whether rate limits hold (they do unless told otherwise). Either way all buckets are full again.
    pub fn set_rate_limits(&self, enabled: bool) {
        self.update(|world| {
            world.limits.enabled = enabled;
            world.limits.forget();
        });
    }

    /// How many messages, and how many edits, a channel takes in how much time (5 in 5 s unless told otherwise).
    pub fn set_message_limit(&self, count: usize, window: Duration) {
        self.update(|world| {
            world.limits.messages = Allowance { count: count.max(1), window };
            world.limits.forget();
        });
    }

    /// Gateway connections at the moment.
    pub fn connections(&self) -> usize {
        self.read(|world| world.gateway.connections())
    }

    /// Gateway connections accepted so far.
    pub fn connections_total(&self) -> u64 {
        self.read(|world| world.gateway.total)
    }

    /// Gateway connections turned away so far (see [`Discord::set_gateway_down`]).
    pub fn connections_refused(&self) -> u64 {
        self.read(|world| world.gateway.refused)
    }

    /// Shards that are signed in and connected at the moment, by number.
    pub fn shards(&self) -> Vec<u64> {
        self.read(|world| {
            let connected = world.gateway.sessions.values().filter(|session| session.connection.is_some());
            let mut shards: Vec<u64> = connected.map(|session| session.shard.0).collect();
            shards.sort_unstable();
            shards
        })
    }

    /// Sessions that are connected, or could be resumed.
    pub fn sessions(&self) -> usize {
        self.read(|world| world.gateway.sessions.len())
    }

    /// Sign-ins so far, refused ones too.
    pub fn identifies(&self) -> u64 {
        self.read(|world| world.gateway.identifies)
    }

    /// Sessions resumed so far.
    pub fn resumes(&self) -> u64 {
        self.read(|world| world.gateway.resumes)
    }

    /// Heartbeats received so far.
    pub fn heartbeats(&self) -> u64 {
        self.read(|world| world.gateway.heartbeats)
    }

    /// The commands that the bot has registered: for all guilds (`None`) or for one, in the order of their names.
    pub fn commands(&self, guild: Option<Snowflake>) -> Vec<Value> {
        self.read(|world| world.commands.of(guild).into_iter().cloned().collect())
    }

    /// How often the bot has overwritten all commands of a place.
    pub fn command_overwrites(&self) -> u64 {
        self.read(|world| world.commands.overwrites)
    }

    /// Every request so far, in the order in which they were answered; the last 20,000.
    pub fn requests(&self) -> Vec<Request> {
        self.read(|world| world.requests.iter().cloned().collect())
    }

    /// What a real Discord would have punished, or people would have been annoyed by, in order: requests sooner than a
    /// 429 allowed, messages that are too long or ping, answers that came too late, edits that change nothing.
    pub fn violations(&self) -> Vec<String> {
        self.read(|world| world.violations.clone())
    }
}
