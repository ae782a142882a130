//! What the page, and tests in other languages, drive the stand-in Discord with: `/api/discord/...`.
//!
//! Bodies and answers are JSON; ids are text; people go by user name. What cannot be done is answered with a status of
//! 400 or 404 and `{"error": "..."}`.
//!
//! | request | does |
//! | --- | --- |
//! | `GET state?person=` | guilds with roles and members, people, sessions, what goes wrong; with a person, the channels, threads and direct messages they see, each with `permissions` and `can_send` |
//! | `GET messages?channel=&person=&last=` | what the person sees there (`messages`), and what the bot has not answered them or failed to (`interactions`, each with `notice`) |
//! | `GET commands?channel=&person=` | the commands they can use there, as registered |
//! | `GET interaction?id=` | one interaction: `state`, `notice`, `choices`, `modal`, `response` |
//! | `GET events?person=` | what happens where they can see it, as server-sent events: `message`, `message_changed`, `messages_deleted`, `guild`, `channel`, `typing`, `interaction`, `commands`, `connection`, `violation`, and `resync` for "read everything again" |
//! | `GET requests?last=` | the bot's last requests |
//! | `POST say` | `{channel, person, text, reply_to?}` -> `{id}` |
//! | `POST act` | `{action: edit\|delete\|bulk_delete\|react\|unreact\|type\|redeliver, ...}` on a `message` (`channel` and `messages` for `bulk_delete`, `channel` for `type`), as `person`, with `text` or `emoji` |
//! | `POST thread` | `{action: begin\|begin_from\|join\|leave\|archive\|delete, ...}`: `channel`, `message` or `thread`, `person`, `name`, `private`, `archived`, `locked`; `begin` and `begin_from` -> `{id}` |
//! | `POST join` | `{guild, person}`: they become a member, without roles, if they are none yet |
//! | `POST dm` | `{person}` -> `{id}` of their direct message with the bot |
//! | `POST slash` | `{channel, person, command, options: {name: value}, focused?}` -> `{id}` of the interaction; with `focused`, asks for suggestions |
//! | `POST press` | `{message, custom_id, person, values?}` -> `{id}` |
//! | `POST submit` | `{interaction, fields: {custom_id: value}}` -> `{id}` |
//! | `POST misbehave` | `{action, ...}`: see `Misbehave` below |

use axum::extract::{FromRef, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::interaction::Interaction;
use super::people::normal_name;
use super::snowflake::Snowflake;
use super::world::World;
use super::{Discord, conduct, stream};

/// Messages shown unless asked for another number.
const LAST: usize = 200;
/// The longest user name there can be.
const NAME: usize = 32;

/// What the handlers share.
#[derive(Debug, Clone)]
pub(super) struct Control {
    discord: Discord,
    shutdown: CancellationToken,
}

impl FromRef<Control> for Discord {
    fn from_ref(control: &Control) -> Self {
        control.discord.clone()
    }
}

impl FromRef<Control> for CancellationToken {
    fn from_ref(control: &Control) -> Self {
        control.shutdown.clone()
    }
}

pub(super) fn router(discord: Discord, shutdown: CancellationToken) -> Router {
    Router::new()
        .route("/state", get(state))
        .route("/messages", get(messages))
        .route("/commands", get(commands))
        .route("/interaction", get(interaction))
        .route("/requests", get(requests))
        .route("/events", get(stream::events))
        .route("/say", post(say))
        .route("/act", post(conduct::act))
        .route("/thread", post(conduct::thread))
        .route("/join", post(join))
        .route("/dm", post(dm))
        .route("/slash", post(slash))
        .route("/press", post(press))
        .route("/submit", post(submit))
        .route("/misbehave", post(conduct::misbehave))
        .with_state(Control { discord, shutdown })
}

pub(super) type Answer = Result<Json<Value>, Refused>;

/// What a request asked for cannot be done; says why.
#[derive(Debug)]
pub(super) struct Refused(StatusCode, String);

impl Refused {
    pub(super) fn missing(what: &str) -> Self {
        Self(StatusCode::NOT_FOUND, format!("there is no such {what} in the playground"))
    }

    fn bad(why: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, why.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

pub(super) fn made(id: Snowflake) -> Answer {
    Ok(Json(json!({ "id": id })))
}

/// A name that a person can have; typed by people, so that a slip of the pen is noticed.
pub(super) fn name(typed: &str) -> Result<String, Refused> {
    let name = normal_name(typed);
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.".contains(c);
    if name.is_empty() || name.len() > NAME || !name.chars().all(fits) {
        return Err(Refused::bad(format!("{typed:?} is no user name: letters a to z, digits, _ and .")));
    }
    Ok(name)
}

impl Discord {
    pub(super) fn existing(&self, channel: Snowflake) -> Result<(), Refused> {
        let there = self.read(|world| world.channels.contains_key(&channel));
        if there { Ok(()) } else { Err(Refused::missing("channel")) }
    }
}

#[derive(Debug, Deserialize)]
struct Look {
    person: Option<String>,
    last: Option<usize>,
}

async fn state(State(discord): State<Discord>, Query(look): Query<Look>) -> Json<Value> {
    Json(discord.read(|world| world.state_for(look.person.as_deref())))
}

async fn requests(State(discord): State<Discord>, Query(look): Query<Look>) -> Json<Value> {
    let requests = discord.requests();
    let surplus = requests.len().saturating_sub(look.last.unwrap_or(LAST));
    Json(json!({ "requests": requests[surplus..] }))
}

#[derive(Debug, Deserialize)]
struct Place {
    channel: Snowflake,
    person: String,
    last: Option<usize>,
}

async fn messages(State(discord): State<Discord>, Query(place): Query<Place>) -> Answer {
    discord.existing(place.channel)?;
    let person = name(&place.person)?;
    Ok(Json(discord.read(|world| {
        let mut messages = world.seen_by(&person, place.channel);
        let surplus = messages.len().saturating_sub(place.last.unwrap_or(LAST));
        messages.drain(..surplus);
        let theirs = |found: &&Interaction| found.channel == place.channel && found.person == person;
        let interactions = world.interactions.values().filter(theirs).filter(|found| found.notice().is_some());
        json!({ "messages": messages, "interactions": interactions.map(with_notice).collect::<Vec<_>>() })
    })))
}

async fn commands(State(discord): State<Discord>, Query(place): Query<Place>) -> Answer {
    discord.existing(place.channel)?;
    let person = name(&place.person)?;
    Ok(Json(json!({ "commands": discord.read(|world| world.commands_for(&person, place.channel)) })))
}

#[derive(Debug, Deserialize)]
struct Named {
    id: Snowflake,
}

async fn interaction(State(discord): State<Discord>, Query(named): Query<Named>) -> Answer {
    let found = discord.interaction(named.id).ok_or_else(|| Refused::missing("interaction"))?;
    Ok(Json(with_notice(&found)))
}

fn with_notice(interaction: &Interaction) -> Value {
    let mut json = serde_json::to_value(interaction).unwrap_or_default();
    json["notice"] = json!(interaction.notice());
    json
}

#[derive(Debug, Deserialize)]
struct Say {
    channel: Snowflake,
    person: String,
    text: String,
    reply_to: Option<Snowflake>,
}

async fn say(State(discord): State<Discord>, Json(said): Json<Say>) -> Answer {
    discord.existing(said.channel)?;
    let person = name(&said.person)?;
    if said.text.trim().is_empty() {
        return Err(Refused::bad("there is nothing to say"));
    }
    // The page shows what its person may do; whoever gets around it is told.
    let may = discord
        .read(|world: &World| world.people.by_name(&person).is_some_and(|user| world.can_send(user.id, said.channel)));
    if !may {
        return Err(Refused::bad(format!("{person} may not write here")));
    }
    made(discord.update(|world| world.say(said.channel, &person, said.text.trim(), said.reply_to)))
}

#[derive(Debug, Deserialize)]
struct Person {
    person: String,
}

#[derive(Debug, Deserialize)]
struct Join {
    guild: Snowflake,
    person: String,
}

async fn join(State(discord): State<Discord>, Json(asked): Json<Join>) -> Answer {
    let person = name(&asked.person)?;
    let there = discord.read(|world| world.guilds.contains_key(&asked.guild));
    if !there {
        return Err(Refused::missing("guild"));
    }
    let user = discord.user(&person);
    if discord.read(|world| world.member(asked.guild, user).is_none()) {
        discord.add_member(asked.guild, &person, &[]);
    }
    Ok(Json(json!({ "ok": true })))
}

async fn dm(State(discord): State<Discord>, Json(asked): Json<Person>) -> Answer {
    made(discord.dm(&name(&asked.person)?))
}

#[derive(Debug, Deserialize)]
struct Slash {
    channel: Snowflake,
    person: String,
    command: String,
    #[serde(default)]
    options: Map<String, Value>,
    focused: Option<String>,
}

async fn slash(State(discord): State<Discord>, Json(typed): Json<Slash>) -> Answer {
    discord.existing(typed.channel)?;
    let (person, options) = (name(&typed.person)?, typed.options.into_iter().collect::<Vec<_>>());
    let focused = typed.focused.as_deref();
    let sent = discord.update(|world| world.slash(typed.channel, &person, &typed.command, &options, focused));
    made(sent.map_err(Refused::bad)?)
}

#[derive(Debug, Deserialize)]
struct Press {
    message: Snowflake,
    custom_id: String,
    person: String,
    values: Option<Vec<String>>,
}

async fn press(State(discord): State<Discord>, Json(pressed): Json<Press>) -> Answer {
    let Press { message, custom_id, person, values } = pressed;
    let person = name(&person)?;
    let sent = discord.update(|world| world.press(message, &custom_id, &person, values.as_deref()));
    made(sent.map_err(Refused::bad)?)
}

#[derive(Debug, Deserialize)]
struct Submit {
    interaction: Snowflake,
    #[serde(default)]
    fields: Map<String, Value>,
}

async fn submit(State(discord): State<Discord>, Json(sent): Json<Submit>) -> Answer {
    let fields: Vec<(String, Value)> = sent.fields.into_iter().collect();
    made(discord.update(|world| world.submit(sent.interaction, &fields)).map_err(Refused::bad)?)
}
