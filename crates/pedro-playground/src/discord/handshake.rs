//! What bots say on the gateway, and what they are answered: signing in, coming back, heartbeats.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::dispatch::{Dispatch, intent};
use super::sessions::{ConnectionId, Session};
use super::snowflake::Snowflake;
use super::world::World;

/// The longest thing a bot may send, in bytes.
const PAYLOAD_BYTES: usize = 4_096;
/// How much a bot may send in how much time.
const SENT: usize = 120;
const SENT_WINDOW: Duration = Duration::from_secs(60);
/// Shards that one bot may have.
const SHARDS: u64 = 16_384;
/// Members that one answer to a request for them holds.
const CHUNK: usize = 1_000;

#[derive(Debug, Deserialize)]
struct Payload {
    op: u64,
    #[serde(default)]
    d: Value,
}

#[derive(Debug, Deserialize)]
struct Identify {
    token: String,
    intents: u64,
    shard: Option<(u64, u64)>,
}

#[derive(Debug, Deserialize)]
struct Resume {
    token: String,
    session_id: String,
    seq: u64,
}

#[derive(Debug, Deserialize)]
struct MembersWanted {
    guild_id: Snowflake,
    query: Option<String>,
    #[serde(default)]
    limit: usize,
    user_ids: Option<Value>,
    nonce: Option<String>,
}

impl World {
    /// A bot says something on the gateway.
    pub(super) fn hear(&mut self, id: ConnectionId, text: &str) {
        if self.gateway.is_silent() {
            if let Some(connection) = self.gateway.get_mut(id) {
                connection.missed_something = true;
            }
            return;
        }
        let payload = if text.len() > PAYLOAD_BYTES { None } else { serde_json::from_str::<Payload>(text).ok() };
        let Some(Payload { op, d }) = payload else {
            return self.gateway.close(id, 4002, "Error while decoding payload.");
        };
        // Heartbeats come as often as they are asked for, and a test may ask for many.
        if op != 1 && !self.within_limit(id) {
            return self.gateway.close(id, 4008, "You are being rate limited.");
        }
        let signed_in = self.gateway.get(id).is_some_and(|connection| connection.session.is_some());
        match (op, signed_in) {
            (1, _) => self.hear_heartbeat(id),
            (2 | 6, true) => self.gateway.close(id, 4005, "Already authenticated."),
            (2, false) => self.hear_identify(id, d),
            (6, false) => self.hear_resume(id, d),
            (3 | 4 | 8 | 31, false) => self.gateway.close(id, 4003, "Not authenticated."),
            (8, true) => self.hear_members_wanted(id, d),
            (3 | 4 | 31, true) => {}
            _ => self.gateway.close(id, 4001, "Unknown opcode."),
        }
    }

    fn within_limit(&mut self, id: ConnectionId) -> bool {
        let Some(connection) = self.gateway.get_mut(id) else { return true };
        let now = Instant::now();
        connection.sent.retain(|at| now.duration_since(*at) < SENT_WINDOW);
        connection.sent.push_back(now);
        connection.sent.len() <= SENT
    }

    fn hear_heartbeat(&mut self, id: ConnectionId) {
        self.gateway.heartbeats += 1;
        if let Some(connection) = self.gateway.get_mut(id) {
            connection.heartbeat = Instant::now();
        }
        if !self.misbehaviour.no_acks {
            self.gateway.send(id, &json!({ "op": 11, "d": null, "s": null, "t": null }));
        }
    }

    fn hear_identify(&mut self, id: ConnectionId, data: Value) {
        self.gateway.identifies += 1;
        let Ok(identify) = serde_json::from_value::<Identify>(data) else {
            return self.gateway.close(id, 4002, "Error while decoding payload.");
        };
        if let Some((code, reason)) = self.refusal(&identify) {
            return self.gateway.close(id, code, reason);
        }
        if self.misbehaviour.invalid_identifies > 0 {
            self.misbehaviour.invalid_identifies -= 1;
            return self.gateway.send(id, &json!({ "op": 9, "d": false, "s": null, "t": null }));
        }
        let shard = identify.shard.unwrap_or((0, 1));
        let session_id = Uuid::new_v4().simple().to_string();
        let session = Session {
            shard,
            intents: identify.intents,
            seq: 0,
            log: VecDeque::new(),
            connection: Some(id),
            lost: Instant::now(),
        };
        self.gateway.sessions.insert(session_id.clone(), session);
        if let Some(connection) = self.gateway.get_mut(id) {
            connection.session = Some(session_id.clone());
        }
        self.welcome(id, &session_id, shard);
        self.tell_connections();
    }

    /// Why this bot may not sign in, as the code that the connection is closed with.
    fn refusal(&self, identify: &Identify) -> Option<(u16, &'static str)> {
        let (shard, shards) = identify.shard.unwrap_or((0, 1));
        if self.misbehaviour.refuse_identify || !self.is_token(&identify.token) {
            Some((4004, "Authentication failed."))
        } else if shard >= shards || shards > SHARDS {
            Some((4010, "Invalid shard."))
        } else if shards < self.gateway.required_shards {
            Some((4011, "Sharding required."))
        } else if identify.intents & !intent::KNOWN != 0 {
            Some((4013, "Invalid intent(s)."))
        } else if identify.intents & intent::PRIVILEGED & !self.gateway.privileged != 0 {
            Some((4014, "Disallowed intent(s)."))
        } else {
            None
        }
    }

    /// Whether a token is the bot's, with or without the word before it.
    pub(super) fn is_token(&self, token: &str) -> bool {
        let token = token.strip_prefix("Bot ").unwrap_or(token).trim();
        match &self.bot.token {
            Some(good) => token == good,
            None => !token.is_empty(),
        }
    }

    /// `READY`, and then every guild.
    fn welcome(&mut self, id: ConnectionId, session_id: &str, (shard, shards): (u64, u64)) {
        let host = self.gateway.get(id).map(|connection| connection.host.clone()).unwrap_or_default();
        let bot = self.bot.id;
        let theirs = self.guilds.values().filter(|guild| guild.members.contains_key(&bot));
        let guilds: Vec<Snowflake> = theirs.map(|guild| guild.id).filter(|id| id.shard(shards) == shard).collect();
        let waiting: Vec<Value> = guilds.iter().map(|id| json!({ "id": id, "unavailable": true })).collect();
        let data = json!({
            "v": 10, "user": self.current_user(), "user_settings": {}, "session_type": "normal",
            "session_id": session_id, "resume_gateway_url": gateway_url(&host), "relationships": [],
            "private_channels": [], "presences": [], "guilds": waiting, "guild_join_requests": [],
            "geo_ordered_rtc_regions": [], "shard": [shard, shards], "_trace": [],
            "application": { "id": self.bot.application, "flags": self.application_flags() },
        });
        // To this session whatever its shard: it has just signed in.
        let ready = Dispatch { name: "READY", guild: None, intents: 0, data, otherwise: None };
        self.deliver_directly(session_id, &ready);
        for guild in guilds {
            let out_of_order = self.guilds.get(&guild).is_some_and(|guild| guild.unavailable);
            if let Some(create) = self.guild_create(guild).filter(|_| !out_of_order) {
                self.gateway.deliver_to(session_id, &create);
            }
        }
    }

    /// Tells a session something that has nothing to do with shards.
    fn deliver_directly(&mut self, session_id: &str, dispatch: &Dispatch) {
        let Some(session) = self.gateway.sessions.get_mut(session_id) else { return };
        let shard = std::mem::replace(&mut session.shard, (0, 1));
        self.gateway.deliver_to(session_id, dispatch);
        if let Some(session) = self.gateway.sessions.get_mut(session_id) {
            session.shard = shard;
        }
    }

    fn hear_resume(&mut self, id: ConnectionId, data: Value) {
        let Ok(Resume { token, session_id, seq }) = serde_json::from_value(data) else {
            return self.gateway.close(id, 4002, "Error while decoding payload.");
        };
        if !self.is_token(&token) {
            return self.gateway.close(id, 4004, "Authentication failed.");
        }
        let session = self.gateway.sessions.get(&session_id);
        let first = session.and_then(|session| session.log.front().map(|(first, _)| *first)).unwrap_or(1);
        let Some(session) = session.filter(|_| !self.misbehaviour.refuse_resume && first <= seq + 1) else {
            return self.gateway.send(id, &json!({ "op": 9, "d": false, "s": null, "t": null }));
        };
        if seq > session.seq {
            return self.gateway.close(id, 4007, "Invalid seq.");
        }
        let missed: Vec<String> =
            session.log.iter().filter(|(number, _)| *number > seq).map(|(_, text)| text.clone()).collect();
        if let Some(former) = session.connection {
            self.gateway.reset(former);
        }
        if let Some(session) = self.gateway.sessions.get_mut(&session_id) {
            session.connection = Some(id);
        }
        if let Some(connection) = self.gateway.get_mut(id) {
            connection.session = Some(session_id.clone());
        }
        self.gateway.resumes += 1;
        for text in missed {
            self.gateway.send_raw(id, text);
        }
        let data = json!({ "_trace": [] });
        let resumed = Dispatch { name: "RESUMED", guild: None, intents: 0, data, otherwise: None };
        self.deliver_directly(&session_id, &resumed);
        self.tell_connections();
    }

    /// Answers a request for the members of a guild.
    fn hear_members_wanted(&mut self, id: ConnectionId, data: Value) {
        let Ok(wanted) = serde_json::from_value::<MembersWanted>(data) else {
            return self.gateway.close(id, 4002, "Error while decoding payload.");
        };
        let session_id = self.gateway.get(id).and_then(|connection| connection.session.clone()).unwrap_or_default();
        let Some(guild) = self.guilds.get(&wanted.guild_id) else { return };
        let asked: Option<Vec<Snowflake>> = wanted.user_ids.as_ref().map(|ids| match ids {
            Value::Array(ids) => ids.iter().filter_map(|id| id.as_str()?.parse().ok()).collect(),
            id => id.as_str().and_then(|id| id.parse().ok()).into_iter().collect(),
        });
        let prefix = wanted.query.unwrap_or_default().to_lowercase();
        let fits = |user: &Snowflake| match &asked {
            Some(asked) => asked.contains(user),
            None => self.people.name(*user).starts_with(&prefix),
        };
        let limit = if wanted.limit == 0 { usize::MAX } else { wanted.limit };
        let found: Vec<Value> = guild
            .members
            .keys()
            .filter(|user| fits(user))
            .take(limit)
            .filter_map(|user| self.member_json(guild.id, *user))
            .collect();
        let missing: Vec<Snowflake> =
            asked.into_iter().flatten().filter(|user| !guild.members.contains_key(user)).collect();
        let (guild, count) = (guild.id, found.len().div_ceil(CHUNK).max(1));
        for index in 0..count {
            let members: Vec<&Value> = found.iter().skip(index * CHUNK).take(CHUNK).collect();
            let data = json!({
                "guild_id": guild, "members": members, "chunk_index": index, "chunk_count": count,
                "not_found": missing, "nonce": wanted.nonce,
            });
            let name = "GUILD_MEMBERS_CHUNK";
            let chunk = Dispatch { name, guild: Some(guild), intents: 0, data, otherwise: None };
            self.gateway.deliver_to(&session_id, &chunk);
        }
    }

    /// The bot's own user, as only the bot itself is told.
    pub(super) fn current_user(&self) -> Value {
        let mut user = self.people.by_id(self.bot.id).map(|user| user.json()).unwrap_or_default();
        for (key, value) in [("verified", json!(true)), ("mfa_enabled", json!(true)), ("email", Value::Null)] {
            user[key] = value;
        }
        user["flags"] = json!(0);
        user
    }

    /// The application's flags: which privileged intents it has.
    pub(super) fn application_flags(&self) -> u64 {
        let limited = [(intent::GUILD_PRESENCES, 13), (intent::GUILD_MEMBERS, 15), (intent::MESSAGE_CONTENT, 19)];
        let has = limited.iter().filter(|(intent, _)| self.gateway.privileged & intent != 0);
        has.fold(0, |flags, (_, bit)| flags | 1 << bit)
    }
}

/// Where the gateway is, for somebody who came to this host.
pub(super) fn gateway_url(host: &str) -> String {
    format!("ws://{host}/discord/gateway")
}
