//! What the page, and tests in other languages, drive the stand-in Twitch with: `/api/twitch/...`.

use std::time::Duration;

use axum::extract::{FromRef, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::world::World;
use super::{ChatLine, Twitch, stream};

/// What the handlers share.
#[derive(Debug, Clone)]
pub(super) struct Control {
    twitch: Twitch,
    shutdown: CancellationToken,
}

impl FromRef<Control> for Twitch {
    fn from_ref(control: &Control) -> Self {
        control.twitch.clone()
    }
}

impl FromRef<Control> for CancellationToken {
    fn from_ref(control: &Control) -> Self {
        control.shutdown.clone()
    }
}

pub(super) fn router(twitch: Twitch, shutdown: CancellationToken) -> Router {
    Router::new()
        .route("/say", post(say))
        .route("/lines", get(lines))
        .route("/title", post(title))
        .route("/moderate", post(moderate))
        .route("/misbehave", post(misbehave))
        .route("/sign_in", post(sign_in))
        .route("/state", get(state))
        .route("/events", get(stream::events))
        .with_state(Control { twitch, shutdown })
}

type Answer = Result<Json<Value>, Refused>;

/// What a request asked for cannot be done; says why.
#[derive(Debug)]
struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

fn done() -> Answer {
    Ok(Json(json!({ "ok": true })))
}

impl Twitch {
    /// A channel that a request names; made only by the program or a test, so that a slip of the pen is noticed.
    fn existing(&self, channel: &str) -> Result<(), Refused> {
        if self.read(|world| world.has_channel(channel)) {
            return Ok(());
        }
        Err(Refused(StatusCode::NOT_FOUND, format!("there is no channel {channel:?} in the playground")))
    }
}

#[derive(Debug, Deserialize)]
struct Say {
    channel: String,
    login: String,
    text: String,
    reply_to: Option<String>,
}

async fn say(State(twitch): State<Twitch>, Json(said): Json<Say>) -> Answer {
    twitch.existing(&said.channel)?;
    let login = super::people::normal_login(&said.login);
    // Twitch's own rule; a login with a space would break the protocol's lines.
    if login.is_empty() || !login.chars().all(|character| character.is_ascii_alphanumeric() || character == '_') {
        let why = format!("{:?} is no login: letters a to z, digits and _", said.login);
        return Err(Refused(StatusCode::BAD_REQUEST, why));
    }
    if said.text.trim().is_empty() {
        return Err(Refused(StatusCode::BAD_REQUEST, "there is nothing to say".to_owned()));
    }
    let line = ChatLine {
        channel: said.channel,
        login: login.clone(),
        text: said.text,
        reply_to: said.reply_to.filter(|id| !id.is_empty()),
        ..ChatLine::default()
    };
    let id = twitch.say_as(line);
    Ok(Json(json!({ "id": id })))
}

#[derive(Debug, Deserialize)]
struct Lines {
    channel: String,
    #[serde(default)]
    after: u64,
    /// Not more than so many, the newest.
    last: Option<usize>,
}

async fn lines(State(twitch): State<Twitch>, Query(asked): Query<Lines>) -> Answer {
    twitch.existing(&asked.channel)?;
    let mut lines = twitch.lines_after(&asked.channel, asked.after);
    let surplus = asked.last.map_or(0, |last| lines.len().saturating_sub(last));
    lines.drain(..surplus);
    Ok(Json(json!({ "lines": lines })))
}

#[derive(Debug, Deserialize)]
struct Title {
    channel: String,
    title: Option<String>,
    category: Option<String>,
    live: Option<bool>,
}

/// Changes what is given and leaves the rest.
async fn title(State(twitch): State<Twitch>, Json(asked): Json<Title>) -> Answer {
    twitch.existing(&asked.channel)?;
    twitch.update(|world| {
        if asked.title.is_some() || asked.category.is_some() {
            let channel = world.channel(&asked.channel);
            let title = asked.title.unwrap_or_else(|| channel.title.clone());
            let category = asked.category.unwrap_or_else(|| channel.category.clone());
            world.set_title(&asked.channel, &title, &category);
        }
        if let Some(live) = asked.live {
            world.set_live(&asked.channel, live);
        }
    });
    done()
}

#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
enum Moderate {
    Delete { id: String },
    Timeout { channel: String, login: String, seconds: Option<u32> },
    Clear { channel: String },
    Pardon { channel: String, login: String },
    Mod { channel: String, login: String },
    Unmod { channel: String, login: String },
    Redeliver { id: String },
}

async fn moderate(State(twitch): State<Twitch>, Json(action): Json<Moderate>) -> Answer {
    let missing = || Refused(StatusCode::NOT_FOUND, "there is no such line".to_owned());
    match action {
        Moderate::Delete { id } if !twitch.delete_line(&id) => return Err(missing()),
        Moderate::Redeliver { id } if !twitch.redeliver(&id) => return Err(missing()),
        Moderate::Delete { .. } | Moderate::Redeliver { .. } => {}
        Moderate::Timeout { channel, login, seconds } => twitch.time_out(&channel, &login, seconds),
        Moderate::Clear { channel } => twitch.clear_chat(&channel),
        Moderate::Pardon { channel, login } => twitch.pardon(&channel, &login),
        Moderate::Mod { channel, login } => twitch.set_moderator(&channel, &login, true),
        Moderate::Unmod { channel, login } => twitch.set_moderator(&channel, &login, false),
    }
    done()
}

#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
enum Misbehave {
    Drop,
    Stall,
    Unstall,
    RefuseSignIn,
    AcceptSignIn,
    Reconnect,
    Unavailable,
    Available,
    RejectNext {
        channel: String,
        msg_id: String,
    },
    HelixFail {
        count: usize,
        status: u16,
    },
    /// Requests to be told of something.
    EventsFail {
        count: usize,
        status: u16,
    },
    LimitsOn,
    LimitsOff,
    /// How long tokens hold that are issued from now on.
    TokenLifetime {
        seconds: u64,
    },
    ExpireTokens,
    RevokeTokens,
    OauthFail {
        count: usize,
        status: u16,
    },
    EventsReconnect,
    EventsDrop,
    EventsSilent,
    EventsSpeak,
    EventsTwice,
    EventsOnce,
    EventsRevoke,
}

async fn misbehave(State(twitch): State<Twitch>, Json(action): Json<Misbehave>) -> Answer {
    match action {
        Misbehave::Drop => twitch.drop_connections(),
        Misbehave::Stall => twitch.stall(true),
        Misbehave::Unstall => twitch.stall(false),
        Misbehave::RefuseSignIn => twitch.refuse_sign_in(true),
        Misbehave::AcceptSignIn => twitch.refuse_sign_in(false),
        Misbehave::Reconnect => twitch.send_reconnect(),
        Misbehave::Unavailable => twitch.set_unavailable(true),
        Misbehave::Available => twitch.set_unavailable(false),
        Misbehave::RejectNext { channel, msg_id } => twitch.reject_next_send(&channel, &msg_id),
        Misbehave::HelixFail { count, status } => twitch.helix_fail(count.min(1_000), status),
        Misbehave::EventsFail { count, status } => twitch.subscriptions_fail(count.min(1_000), status),
        Misbehave::LimitsOn => twitch.set_rate_limits(true),
        Misbehave::LimitsOff => twitch.set_rate_limits(false),
        Misbehave::TokenLifetime { seconds } => twitch.set_token_lifetime(Duration::from_secs(seconds.max(1))),
        Misbehave::ExpireTokens => twitch.expire_tokens(),
        Misbehave::RevokeTokens => twitch.revoke_tokens(),
        Misbehave::OauthFail { count, status } => twitch.oauth_fail(count.min(1_000), status),
        Misbehave::EventsReconnect => twitch.reconnect_events(),
        Misbehave::EventsDrop => twitch.drop_event_sessions(),
        Misbehave::EventsSilent => twitch.silence_events(true),
        Misbehave::EventsSpeak => twitch.silence_events(false),
        Misbehave::EventsTwice => twitch.repeat_events(true),
        Misbehave::EventsOnce => twitch.repeat_events(false),
        Misbehave::EventsRevoke => twitch.revoke_events("user_removed"),
    }
    done()
}

#[derive(Debug, Deserialize)]
struct SignIn {
    code: String,
    /// As whom; the bot's account unless another is named.
    login: Option<String>,
}

/// Somebody lets in the program that shows this code.
async fn sign_in(State(twitch): State<Twitch>, Json(asked): Json<SignIn>) -> Answer {
    let login = asked.login.unwrap_or_else(|| twitch.read(|world| world.tokens.bot_login.clone()));
    if twitch.authorize_device(asked.code.trim().to_uppercase().as_str(), &login) {
        return done();
    }
    Err(Refused(StatusCode::NOT_FOUND, "no program waits with this code".to_owned()))
}

async fn state(State(twitch): State<Twitch>) -> Json<Value> {
    Json(twitch.read(describe))
}

fn describe(world: &World) -> Value {
    let channels: Vec<Value> = world
        .channels
        .iter()
        .map(|(login, channel)| {
            json!({
                "login": login, "id": world.people.by_login(login).map(|user| user.id), "title": channel.title,
                "category": channel.category, "live": channel.live_since.is_some(), "live_since": channel.live_since,
                "moderators": channel.moderators, "bots": bots(world.connections.in_channel(login)),
            })
        })
        .collect();
    let people: Vec<_> = world.people.everybody().collect();
    json!({
        "run": world.run, "channels": channels, "people": people, "bot_login": world.tokens.bot_login,
        "connections": world.connections.count(), "connections_total": world.connections.total,
        "joins": world.connections.joins, "stalled": world.connections.is_stalled(),
        "refuse_sign_in": world.misbehaviour.refuse_sign_in, "unavailable": world.misbehaviour.unavailable,
        "sign_ins": world.tokens.waiting_codes(), "token_lifetime": world.tokens.lifetime.as_secs(),
        "event_sessions": world.eventsub.count(), "event_subscriptions": world.eventsub.subscriptions(),
        "events_silent": world.eventsub.silent, "events_twice": world.eventsub.twice,
        "rate_limits": world.limits.enabled, "violations": world.violations,
    })
}

fn bots<'a>(connections: impl Iterator<Item = &'a Connection>) -> Vec<&'a str> {
    let mut logins: Vec<_> = connections.filter_map(|connection| connection.login.as_deref()).collect();
    logins.sort_unstable();
    logins.dedup();
    logins
}
