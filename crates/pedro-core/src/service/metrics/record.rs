//! The verbs that move the metrics. Places in the code use these and not the names, so that what belongs together moves
//! together: an alert divides one counter by another.
//!
//! `platform` is `twitch` or `discord`, as [`start`](super::start) was told; labels never carry anything unbounded.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

use super::catalog::*;
use crate::plan::{Action, PlanStatus, StepStatus};

/// A connection to the platform stands.
pub fn connection_established(platform: &'static str) {
    if platform == super::TWITCH {
        counter!(TWITCH_CONNECTIONS).increment(1);
    }
}

/// Whether events really arrive.
pub fn connected(platform: &'static str, is_connected: bool) {
    gauge!(CONNECTED, "platform" => platform).set(f64::from(u8::from(is_connected)));
}

/// A task was polled so much later than it had asked for.
pub fn polled_late(delay: Duration) {
    histogram!(TOKIO_POLL_DELAY).record(delay);
}

/// A connection is made anew.
pub fn reconnecting(platform: &'static str, reason: ReconnectReason) {
    counter!(RECONNECTS, "platform" => platform, "reason" => reason.as_str()).increment(1);
}

/// What one of the checks of `/readyz` found.
pub fn ready(check: &'static str, is_green: bool) {
    gauge!(READY, "check" => check).set(f64::from(u8::from(is_green)));
}

/// How long ago the platform was last heard.
pub fn last_event_age(platform: &'static str, age: Duration) {
    gauge!(LAST_EVENT_AGE, "platform" => platform).set(age.as_secs_f64());
}

/// How long the platform's token is still good.
pub fn token_expires_in(time_left: Duration) {
    gauge!(TOKEN_EXPIRY).set(time_left.as_secs_f64());
}

/// For so many channels Twitch tells by itself what the stream is called.
pub fn channels_watched(channels: usize) {
    gauge!(CHANNELS_WATCHED).set(channels as f64);
}

/// Somebody wrote a message.
pub fn message_received(platform: &'static str) {
    match platform {
        super::TWITCH => counter!(TWITCH_RECEIVED).increment(1),
        super::DISCORD => counter!(DISCORD_RECEIVED).increment(1),
        _ => {}
    }
}

/// Pedro wrote a message.
pub fn message_sent(platform: &'static str) {
    match platform {
        super::TWITCH => counter!(TWITCH_SENT).increment(1),
        super::DISCORD => counter!(DISCORD_SENT).increment(1),
        _ => {}
    }
}

/// A message had to wait for the platform's send limit.
pub fn rate_limit_wait(platform: &'static str) {
    counter!(RATE_LIMIT_WAITS, "platform" => platform).increment(1);
}

/// Messages are in the table.
pub fn messages_stored(platform: &'static str, count: u64) {
    counter!(MESSAGES_STORED, "platform" => platform).increment(count);
}

/// Messages wait to be stored.
pub fn messages_waiting(platform: &'static str, count: usize) {
    gauge!(MESSAGES_WAITING, "platform" => platform).increment(count as f64);
}

/// They do not wait any more.
pub fn messages_taken(platform: &'static str, count: usize) {
    gauge!(MESSAGES_WAITING, "platform" => platform).decrement(count as f64);
}

/// Messages are lost.
pub fn messages_dropped(platform: &'static str, reason: DropReason, count: u64) {
    counter!(MESSAGES_DROPPED, "platform" => platform, "reason" => reason.as_str()).increment(count);
}

/// Messages were deleted by age.
pub fn expired(count: u64) {
    counter!(MESSAGES_EXPIRED).increment(count);
}

/// Embeddings were made, or could not be.
pub fn embedded(outcome: EmbeddingOutcome, count: u64) {
    counter!(EMBEDDINGS, "outcome" => outcome.as_str()).increment(count);
}

/// How many stored messages have no embedding.
pub fn embedding_lag(messages: u64) {
    gauge!(EMBEDDING_LAG).set(messages as f64);
}

/// The memory was searched.
pub fn retrieved(elapsed: Duration, hits: usize) {
    histogram!(RETRIEVAL_DURATION).record(elapsed);
    histogram!(RETRIEVAL_HITS).record(hits as f64);
}

/// The web was searched once: one query, one provider.
pub fn web_searched(found_something: bool) {
    counter!(if found_something { WEB_SEARCH_SUCCESS } else { WEB_SEARCH_FAIL }).increment(1);
}

/// Pedro's own work, without the model's.
pub fn overhead(stage: Stage, elapsed: Duration) {
    histogram!(OVERHEAD_DURATION, "stage" => stage.as_str()).record(elapsed);
}

/// An answer was made twice and could not be said.
pub fn answer_withheld(reason: &'static str) {
    counter!(ANSWERS_WITHHELD, "reason" => reason).increment(1);
}

/// Twitch did not take a message.
pub fn message_rejected() {
    counter!(TWITCH_REJECTED).increment(1);
}

/// How many questions are accepted and not yet answered, and how long ago the oldest of them was asked.
pub fn queue(questions: u64, oldest: Duration) {
    gauge!(QUEUE_DEPTH).set(questions as f64);
    gauge!(QUEUE_OLDEST).set(oldest.as_secs_f64());
}

/// A person was sent something. An answer is also what operators read as Pedro's latency (`handler="ask"`).
pub fn replied(platform: &'static str, kind: ReplyKind, elapsed: Duration) {
    histogram!(REPLY_DURATION, "platform" => platform, "kind" => kind.as_str()).record(elapsed);
    if kind == ReplyKind::Answer {
        http_served(super::ASK, "POST", 200, elapsed);
    }
}

/// Games of twenty questions began or ended.
pub fn games(status: GameStatus, count: u64) {
    counter!(GAMES, "status" => status.as_str()).increment(count);
}

/// One of the bot's own pages was served.
pub fn http_served(handler: &'static str, method: &'static str, status: u16, elapsed: Duration) {
    histogram!(HTTP_DURATION, "handler" => handler, "method" => method, "status" => status.to_string()).record(elapsed);
}

/// A slash command was given.
pub fn discord_command(command: &'static str) {
    counter!(DISCORD_COMMANDS, "command" => command).increment(1);
}

/// A slash command failed.
pub fn discord_command_failed(command: &'static str) {
    counter!(DISCORD_COMMAND_ERRORS, "command" => command).increment(1);
}

/// A slash command has its final answer.
pub fn discord_command_took(command: &'static str, elapsed: Duration) {
    histogram!(DISCORD_COMMAND_DURATION, "command" => command).record(elapsed);
}

/// A step of a plan came to its end.
pub fn plan_step(action: Action, succeeded: bool, elapsed: Duration) {
    let outcome = if succeeded { StepStatus::Succeeded } else { StepStatus::Failed };
    counter!(PLAN_STEPS, "action" => action.as_str(), "outcome" => outcome.as_str()).increment(1);
    histogram!(PLAN_STEP_DURATION, "action" => action.as_str()).record(elapsed);
}

/// Plans came to their end.
pub fn plans(status: PlanStatus, count: u64) {
    counter!(PLANS, "outcome" => status.as_str()).increment(count);
}
