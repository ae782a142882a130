//! The bot's commands: for all guilds, or for one.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::{Answer, Done, Ids};
use crate::discord::Discord;
use crate::discord::commands::{COMMANDS, check, check_all};
use crate::discord::event::Event;
use crate::discord::failure::{Failure, Problems};
use crate::discord::form::Payload;
use crate::discord::snowflake::Snowflake;
use crate::discord::world::World;

const NOT_YOURS: Failure =
    Failure::new(StatusCode::FORBIDDEN, 20_012, "You are not authorized to perform this action on this application");
const TOO_MANY: Failure =
    Failure::new(StatusCode::BAD_REQUEST, 30_032, "Maximum number of application commands reached (100).");

/// Where commands are registered.
#[derive(Debug, Deserialize)]
pub(super) struct Place {
    application: Snowflake,
    guild: Option<Snowflake>,
}

/// One command, and where it is registered.
#[derive(Debug, Deserialize)]
pub(super) struct One {
    application: Snowflake,
    guild: Option<Snowflake>,
    command: Snowflake,
}

impl World {
    /// Whether the bot may look at and change the commands of a place.
    fn own_place(&self, application: Snowflake, guild: Option<Snowflake>) -> Result<(), Failure> {
        if application != self.bot.application {
            return Err(NOT_YOURS);
        }
        match guild {
            Some(guild) => self.guild_for_bot(guild).map(|_| ()),
            None => Ok(()),
        }
    }

    fn put_command(&mut self, guild: Option<Snowflake>, command: &Value) -> Value {
        let (version, application) = (self.next_id(), self.bot.application);
        let command = self.commands.put(guild, application, command, version);
        self.tell(Event::Commands);
        command
    }
}

pub(super) async fn list(State(discord): State<Discord>, Ids(place): Ids<Place>) -> Answer {
    discord.read(|world| {
        world.own_place(place.application, place.guild)?;
        Ok(Json(world.commands.of(place.guild).into_iter().cloned().collect()))
    })
}

pub(super) async fn create(
    State(discord): State<Discord>,
    Ids(place): Ids<Place>,
    payload: Payload,
) -> Result<(StatusCode, Json<Value>), Failure> {
    check_one(&payload.fields)?;
    discord.update(|world| {
        world.own_place(place.application, place.guild)?;
        let kind = payload.fields.get("type").cloned().unwrap_or_else(|| 1.into());
        let name = payload.fields["name"].as_str().unwrap_or_default();
        let known = world.commands.named(place.guild, name, &kind).is_some();
        if !known && world.commands.of(place.guild).len() >= COMMANDS {
            return Err(TOO_MANY);
        }
        let status = if known { StatusCode::OK } else { StatusCode::CREATED };
        Ok((status, Json(world.put_command(place.guild, &payload.fields))))
    })
}

/// All commands of the place are these from now on.
pub(super) async fn overwrite(State(discord): State<Discord>, Ids(place): Ids<Place>, payload: Payload) -> Answer {
    let Some(commands) = payload.fields.as_array() else {
        return Err(Failure::field("", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"));
    };
    let mut problems = Problems::default();
    check_all(commands, &mut problems);
    problems.check()?;
    discord.update(|world| {
        world.own_place(place.application, place.guild)?;
        let kept: Vec<Value> = commands.iter().map(|command| world.put_command(place.guild, command)).collect();
        world.commands.retain(place.guild, &kept);
        world.commands.overwrites += 1;
        world.tell(Event::Commands);
        Ok(Json(Value::Array(kept)))
    })
}

pub(super) async fn command(State(discord): State<Discord>, Ids(one): Ids<One>) -> Answer {
    discord.read(|world| {
        world.own_place(one.application, one.guild)?;
        world.commands.get(one.guild, one.command).cloned().map(Json).ok_or(Failure::UNKNOWN_COMMAND)
    })
}

pub(super) async fn change(State(discord): State<Discord>, Ids(one): Ids<One>, payload: Payload) -> Answer {
    discord.update(|world| {
        world.own_place(one.application, one.guild)?;
        let mut command = world.commands.get(one.guild, one.command).cloned().ok_or(Failure::UNKNOWN_COMMAND)?;
        let fields = payload.fields.as_object().cloned().unwrap_or_default();
        let renamed = fields.get("name").is_some_and(|name| *name != command["name"]);
        for (key, value) in fields {
            command[key] = value;
        }
        check_one(&command)?;
        if renamed {
            world.commands.remove(one.guild, one.command);
        }
        Ok(Json(world.put_command(one.guild, &command)))
    })
}

pub(super) async fn remove(State(discord): State<Discord>, Ids(one): Ids<One>) -> Done {
    discord.update(|world| {
        world.own_place(one.application, one.guild)?;
        let there = world.commands.remove(one.guild, one.command);
        world.tell(Event::Commands);
        if there { Ok(StatusCode::NO_CONTENT) } else { Err(Failure::UNKNOWN_COMMAND) }
    })
}

fn check_one(command: &Value) -> Result<(), Failure> {
    let mut problems = Problems::default();
    check(command, "", &mut problems);
    problems.check()
}
