//! The part of Twitch's API (Helix) that a chat bot uses.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Twitch;
use super::eventsub;
use super::people::User;
use super::sending::{Message, Refusal};
use super::tokens::Token;
use super::world::{Channel, World};

/// The badge of what an app sends for its bot.
const BOT_BADGE: (&str, &str) = ("bot-badge", "1");
/// Rows a request gets at most.
const ROWS: usize = 100;

type Params = Query<Vec<(String, String)>>;
type Answer = Result<Json<Value>, Failure>;

pub(super) fn router(twitch: Twitch) -> Router {
    Router::new()
        .route("/users", get(users))
        .route("/channels", get(channels))
        .route("/streams", get(streams))
        .route("/chat/messages", post(send_message))
        .route("/eventsub/subscriptions", get(subscriptions).post(subscribe).delete(unsubscribe))
        .fallback(async || Failure::new(StatusCode::NOT_FOUND, "the playground has no such part of Helix"))
        .with_state(twitch)
}

/// A refusal in the shape Helix gives it.
#[derive(Debug)]
struct Failure {
    status: StatusCode,
    message: String,
}

impl Failure {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let error = self.status.canonical_reason().unwrap_or("Error");
        let body = json!({ "error": error, "status": self.status.as_u16(), "message": self.message });
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            let reset = (Utc::now().timestamp() + 1).into();
            response.headers_mut().insert(HeaderName::from_static("ratelimit-reset"), reset);
        }
        response
    }
}

/// Who asks. Every request passes here first: what was told to fail fails, and strangers are turned away.
struct Caller(Token, String);

impl FromRequestParts<Twitch> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, twitch: &Twitch) -> Result<Self, Failure> {
        if let Some(status) = twitch.update(|world| world.misbehaviour.helix_failure()) {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return Err(Failure::new(status, "the playground was told to fail"));
        }
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let token = header("authorization").strip_prefix("Bearer ").unwrap_or_default();
        let client_id = header("client-id");
        if token.is_empty() {
            return Err(Failure::new(StatusCode::UNAUTHORIZED, "OAuth token is missing"));
        }
        if client_id.is_empty() {
            return Err(Failure::new(StatusCode::UNAUTHORIZED, "Client ID is missing"));
        }
        let known = twitch.update(|world| world.tokens.look_up(token, client_id));
        known
            .map(|known| Self(known, token.to_owned()))
            .ok_or_else(|| Failure::new(StatusCode::UNAUTHORIZED, "Invalid OAuth token"))
    }
}

async fn users(Caller(token, _): Caller, State(twitch): State<Twitch>, Query(params): Params) -> Answer {
    let users = twitch.update(|world| {
        if let (true, Some(login)) = (params.is_empty(), &token.login) {
            world.people.meet(login);
            return world.people.by_login(login).cloned().into_iter().collect();
        }
        world.find(&params, "login", "id")
    });
    if users.is_empty() && params.is_empty() {
        return Err(Failure::bad_request("The id or login query parameter is required with an app access token"));
    }
    rows(users.iter().map(user_row))
}

async fn channels(_: Caller, State(twitch): State<Twitch>, Query(params): Params) -> Answer {
    if !params.iter().any(|(key, _)| key == "broadcaster_id") {
        return Err(Failure::bad_request("Missing required parameter \"broadcaster_id\""));
    }
    let found = twitch.read(|world| {
        let users = world.find(&params, "", "broadcaster_id").into_iter();
        users.map(|user| channel_row(&user, world.channels.get(&user.login))).collect::<Vec<_>>()
    });
    rows(found)
}

async fn streams(_: Caller, State(twitch): State<Twitch>, Query(params): Params) -> Answer {
    let found = twitch.read(|world| {
        let asked = world.find(&params, "user_login", "user_id");
        let asked = if params.is_empty() { world.people.everybody().cloned().collect() } else { asked };
        let live = asked.iter().filter_map(|user| stream_row(user, world.channels.get(&user.login)?));
        live.collect::<Vec<_>>()
    });
    rows(found)
}

#[derive(Debug, Deserialize)]
struct SendMessage {
    broadcaster_id: String,
    sender_id: String,
    message: String,
    reply_parent_message_id: Option<String>,
}

async fn send_message(
    Caller(token, _): Caller,
    State(twitch): State<Twitch>,
    body: Result<Json<SendMessage>, JsonRejection>,
) -> Answer {
    let Json(body) = body.map_err(|error| Failure::bad_request(error.body_text()))?;
    let sent = twitch.update(|world| {
        let (channel, login) = world.route(&body, &token)?;
        let badge = (BOT_BADGE.0.to_owned(), BOT_BADGE.1.to_owned());
        Ok(world.accept(Message {
            channel: &channel,
            login: &login,
            text: &body.message,
            reply_to: body.reply_parent_message_id.as_deref(),
            badges: if token.login.is_none() { vec![badge] } else { Vec::new() },
            from: None,
        }))
    })?;
    let dropped = |code: &str, message: &str| json!({ "message_id": "", "is_sent": false, "drop_reason": { "code": code, "message": message } });
    let row = match sent {
        Ok(line) => json!({ "message_id": line.id, "is_sent": true, "drop_reason": null }),
        Err(Refusal::Silent { reason: "msg_too_long" }) => {
            return Err(Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "The message is too large"));
        }
        Err(Refusal::Silent { reason: "empty" }) => return Err(Failure::bad_request("The message is empty")),
        Err(Refusal::Silent { reason }) => dropped(reason, "Your message was not sent."),
        Err(Refusal::Told { msg_id, text }) => dropped(&msg_id, &text),
    };
    rows([row])
}

#[derive(Debug, Deserialize)]
struct Subscribe {
    #[serde(rename = "type")]
    kind: String,
    version: String,
    condition: Condition,
    transport: Transport,
}

#[derive(Debug, Deserialize)]
struct Condition {
    broadcaster_user_id: String,
}

#[derive(Debug, Deserialize)]
struct Transport {
    method: String,
    #[serde(default)]
    session_id: String,
}

/// What can be subscribed to here, and in which version.
const EVENTS: [(&str, &str); 3] = [("channel.update", "2"), ("stream.online", "1"), ("stream.offline", "1")];
/// As on Twitch: each subscription to a channel that has not let the application in costs one.
const COSTS: usize = 10;

async fn subscribe(
    Caller(token, access): Caller,
    State(twitch): State<Twitch>,
    body: Result<Json<Subscribe>, JsonRejection>,
) -> Result<Response, Failure> {
    let Json(body) = body.map_err(|error| Failure::bad_request(error.body_text()))?;
    if let Some(status) = twitch.update(|world| world.misbehaviour.subscription_failure()) {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return Err(Failure::new(status, "the playground was told to fail"));
    }
    if token.login.is_none() || body.transport.method != "websocket" {
        return Err(Failure::bad_request("invalid transport and auth combination"));
    }
    if !EVENTS.contains(&(body.kind.as_str(), body.version.as_str())) {
        return Err(Failure::bad_request("the playground has no such subscription type and version"));
    }
    let described = twitch.update(|world| {
        if world.people.by_id(&body.condition.broadcaster_user_id).is_none() {
            return Err((400, "the broadcaster_user_id is no user"));
        }
        if world.eventsub.subscriptions().len() >= COSTS {
            return Err((429, "number of websocket subscriptions limit exceeded"));
        }
        let broadcaster = &body.condition.broadcaster_user_id;
        let new = eventsub::wanted(&body.transport.session_id, &body.kind, &body.version, broadcaster, &access);
        world.eventsub.subscribe(new)
    });
    let described = described.map_err(|(status, message)| {
        Failure::new(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), message)
    })?;
    let body = json!({ "data": [described], "total": 1, "total_cost": 1, "max_total_cost": COSTS });
    Ok((StatusCode::ACCEPTED, Json(body)).into_response())
}

async fn subscriptions(_: Caller, State(twitch): State<Twitch>) -> Answer {
    rows(twitch.read(|world| {
        let all = world.eventsub.subscriptions().iter();
        all.map(|subscription| subscription.describe("enabled")).collect::<Vec<_>>()
    }))
}

#[derive(Debug, Deserialize)]
struct Unsubscribe {
    id: String,
}

async fn unsubscribe(
    _: Caller,
    State(twitch): State<Twitch>,
    Query(asked): Query<Unsubscribe>,
) -> Result<StatusCode, Failure> {
    let found = twitch.update(|world| world.eventsub.unsubscribe(&asked.id));
    if found { Ok(StatusCode::NO_CONTENT) } else { Err(Failure::new(StatusCode::NOT_FOUND, "subscription not found")) }
}

impl World {
    /// The people that a request names, by login or id, each key as often as it likes.
    fn find(&self, params: &[(String, String)], login_key: &str, id_key: &str) -> Vec<User> {
        let named = params.iter().take(ROWS).filter_map(|(key, value)| match key.as_str() {
            key if key == id_key => self.people.by_id(value),
            key if key == login_key => self.people.by_login(value),
            _ => None,
        });
        named.cloned().collect()
    }

    /// Where a message goes and who sends it, if this token may send it.
    fn route(&self, body: &SendMessage, token: &Token) -> Result<(String, String), Failure> {
        let room = self.people.by_id(&body.broadcaster_id).filter(|user| self.channels.contains_key(&user.login));
        let room = room.ok_or_else(|| Failure::bad_request("The ID in broadcaster_id is not a channel"))?;
        let sender = self.people.by_id(&body.sender_id);
        let sender = sender.ok_or_else(|| Failure::bad_request("The ID in sender_id is not a user"))?;
        if token.login.as_ref().is_some_and(|login| *login != sender.login) {
            let message = "The ID in sender_id must match the user ID in the user access token";
            return Err(Failure::new(StatusCode::UNAUTHORIZED, message));
        }
        Ok((room.login.clone(), sender.login.clone()))
    }
}

fn rows(rows: impl IntoIterator<Item = Value>) -> Answer {
    let rows: Vec<Value> = rows.into_iter().collect();
    Ok(Json(json!({ "data": rows, "pagination": {} })))
}

fn user_row(user: &User) -> Value {
    json!({
        "id": user.id, "login": user.login, "display_name": user.display_name, "type": "", "broadcaster_type": "",
        "description": "", "profile_image_url": "", "offline_image_url": "", "view_count": 0,
        "created_at": "2020-01-01T00:00:00Z",
    })
}

/// Somebody who has no channel here still has one on Twitch, with nothing in it.
fn channel_row(user: &User, channel: Option<&Channel>) -> Value {
    let (title, category) = channel.map_or(("", ""), |channel| (&channel.title, &channel.category));
    json!({
        "broadcaster_id": user.id, "broadcaster_login": user.login, "broadcaster_name": user.display_name,
        "broadcaster_language": "en", "game_id": category_id(category), "game_name": category, "title": title,
        "delay": 0, "tags": [], "content_classification_labels": [], "is_branded_content": false,
    })
}

fn stream_row(user: &User, channel: &Channel) -> Option<Value> {
    let since = channel.live_since?;
    Some(json!({
        "id": since.timestamp_millis().to_string(), "user_id": user.id, "user_login": user.login,
        "user_name": user.display_name, "game_id": category_id(&channel.category), "game_name": channel.category,
        "type": "live", "title": channel.title, "viewer_count": 42,
        "started_at": since.to_rfc3339_opts(SecondsFormat::Secs, true), "language": "en", "thumbnail_url": "",
        "tag_ids": [], "tags": [], "is_mature": false,
    }))
}

/// Categories are free text here; an id that differs where the text does is all that anybody can tell.
fn category_id(category: &str) -> String {
    if category.is_empty() {
        return String::new();
    }
    let sum: u32 = category.bytes().fold(7, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    (sum % 1_000_000).to_string()
}
