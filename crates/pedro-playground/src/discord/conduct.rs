//! The part of the control interface that changes things: messages, threads, and how Discord misbehaves.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::json;

use super::control::{Answer, Refused, made, name};
use super::snowflake::Snowflake;
use super::{Discord, Trouble};

/// Requests that can be got into trouble at once.
const TROUBLES: usize = 1_000;

fn done(happened: bool, what: &str) -> Answer {
    if happened { Ok(Json(json!({ "ok": true }))) } else { Err(Refused::missing(what)) }
}

#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(super) enum Act {
    Edit { message: Snowflake, text: String },
    Delete { message: Snowflake },
    BulkDelete { channel: Snowflake, messages: Vec<Snowflake> },
    React { message: Snowflake, person: String, emoji: String },
    Unreact { message: Snowflake, person: String, emoji: String },
    Type { channel: Snowflake, person: String },
    Redeliver { message: Snowflake },
}

pub(super) async fn act(State(discord): State<Discord>, Json(act): Json<Act>) -> Answer {
    let happened = match act {
        Act::Edit { message, text } => discord.edit(message, &text),
        Act::Delete { message } => discord.delete(message),
        Act::BulkDelete { channel, messages } => discord.bulk_delete(channel, &messages) > 0,
        Act::React { message, person, emoji } => discord.react(message, &name(&person)?, &emoji),
        Act::Unreact { message, person, emoji } => discord.unreact(message, &name(&person)?, &emoji),
        Act::Type { channel, person } => {
            discord.existing(channel)?;
            discord.type_in(channel, &name(&person)?);
            true
        }
        Act::Redeliver { message } => discord.redeliver(message),
    };
    done(happened, "message")
}

#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(super) enum Thread {
    Begin {
        channel: Snowflake,
        person: String,
        name: String,
        #[serde(default)]
        private: bool,
    },
    BeginFrom {
        message: Snowflake,
        person: String,
        name: String,
    },
    Join {
        thread: Snowflake,
        person: String,
    },
    Leave {
        thread: Snowflake,
        person: String,
    },
    Archive {
        thread: Snowflake,
        archived: bool,
        #[serde(default)]
        locked: bool,
    },
    Delete {
        thread: Snowflake,
    },
}

pub(super) async fn thread(State(discord): State<Discord>, Json(action): Json<Thread>) -> Answer {
    let happened = match action {
        Thread::Begin { channel, person, name: title, private } => {
            discord.existing(channel)?;
            return made(discord.begin_thread(channel, &name(&person)?, &title, private));
        }
        Thread::BeginFrom { message, person, name: title } => {
            let begun = discord.thread_from(message, &name(&person)?, &title);
            return made(begun.map_err(|_| Refused::missing("message without a thread"))?);
        }
        Thread::Join { thread, person } => discord.join_thread(thread, &name(&person)?),
        Thread::Leave { thread, person } => discord.leave_thread(thread, &name(&person)?),
        Thread::Archive { thread, archived, locked } => discord.archive_thread(thread, archived, locked),
        Thread::Delete { thread } => discord.delete_channel(thread),
    };
    done(happened, "thread")
}

/// Ways to misbehave; each `on` begins or ends it.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(super) enum Misbehave {
    /// Break all gateway connections off.
    Drop,
    /// Close them with a code.
    Close {
        code: u16,
    },
    /// Half-open.
    Silence {
        on: bool,
    },
    /// Heartbeats are not acknowledged.
    WithholdAcks {
        on: bool,
    },
    /// Op 7.
    Reconnect,
    /// Op 9.
    Invalidate {
        resumable: bool,
    },
    RefuseResume {
        on: bool,
    },
    RefuseIdentify {
        on: bool,
    },
    /// New gateway connections are reset.
    GatewayDown {
        on: bool,
    },
    /// The next requests of a kind: `{method?, path?, count, trouble: {kind: rate_limited|status|reset|reset_after|hang|slow, ...}}`.
    Trouble {
        #[serde(default)]
        method: String,
        #[serde(default)]
        path: String,
        count: usize,
        trouble: Trouble,
    },
    NoTrouble,
    /// A guild is out of order.
    GuildUnavailable {
        guild: Snowflake,
        on: bool,
    },
    RateLimits {
        on: bool,
    },
    /// The 3 s and the 15 minutes of interactions.
    Times {
        answer_within_ms: Option<u64>,
        token_lifetime_ms: Option<u64>,
    },
}

pub(super) async fn misbehave(State(discord): State<Discord>, Json(action): Json<Misbehave>) -> Answer {
    match action {
        Misbehave::Drop => discord.drop_connections(),
        // Others cannot be sent in a close.
        Misbehave::Close { code } => discord.close_connections(code.clamp(4_000, 4_999)),
        Misbehave::Silence { on } => discord.silence(on),
        Misbehave::WithholdAcks { on } => discord.withhold_acks(on),
        Misbehave::Reconnect => discord.send_reconnect(),
        Misbehave::Invalidate { resumable } => discord.invalidate_sessions(resumable),
        Misbehave::RefuseResume { on } => discord.refuse_resume(on),
        Misbehave::RefuseIdentify { on } => discord.refuse_identify(on),
        Misbehave::GatewayDown { on } => discord.set_gateway_down(on),
        Misbehave::Trouble { method, path, count, trouble } => {
            discord.trouble(&method, &path, count.min(TROUBLES), trouble);
        }
        Misbehave::NoTrouble => discord.no_trouble(),
        Misbehave::GuildUnavailable { guild, on } => discord.set_guild_unavailable(guild, on),
        Misbehave::RateLimits { on } => discord.set_rate_limits(on),
        Misbehave::Times { answer_within_ms, token_lifetime_ms } => {
            if let Some(ms) = answer_within_ms {
                discord.set_answer_within(Duration::from_millis(ms));
            }
            if let Some(ms) = token_lifetime_ms {
                discord.set_token_lifetime(Duration::from_millis(ms));
            }
        }
    }
    done(true, "")
}
