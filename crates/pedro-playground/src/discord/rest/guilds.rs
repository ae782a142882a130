//! Guilds, as far as a bot looks at them.

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Ids};
use crate::discord::Discord;
use crate::discord::dispatch::intent;
use crate::discord::failure::Failure;
use crate::discord::guild::Role;
use crate::discord::permission;
use crate::discord::snowflake::Snowflake;

/// Members in one answer.
const MEMBERS: usize = 1_000;

pub(super) async fn mine(State(discord): State<Discord>) -> Json<Value> {
    discord.read(|world| {
        let guilds = world.guilds.values().filter(|guild| guild.members.contains_key(&world.bot.id));
        let rows = guilds.map(|guild| {
            json!({
                "id": guild.id, "name": guild.name, "icon": null, "banner": null, "owner": false, "features": [],
                "permissions": permission::in_guild(guild, world.bot.id).to_string(),
            })
        });
        Json(rows.collect())
    })
}

pub(super) async fn guild(State(discord): State<Discord>, Ids(guild): Ids<Snowflake>) -> Answer {
    discord.read(|world| world.guild_for_bot(guild).map(|guild| Json(guild.json())))
}

pub(super) async fn channels(State(discord): State<Discord>, Ids(guild): Ids<Snowflake>) -> Answer {
    discord.read(|world| {
        world.guild_for_bot(guild)?;
        let here = world.channels.values().filter(|channel| channel.guild == Some(guild) && !channel.kind.is_thread());
        Ok(Json(here.map(|channel| world.channel_json(channel)).collect()))
    })
}

pub(super) async fn roles(State(discord): State<Discord>, Ids(guild): Ids<Snowflake>) -> Answer {
    discord.read(|world| Ok(Json(world.guild_for_bot(guild)?.roles.values().map(Role::json).collect())))
}

#[derive(Debug, Deserialize)]
pub(super) struct Page {
    limit: Option<usize>,
    after: Option<Snowflake>,
}

/// Only for applications that have the intent for members.
pub(super) async fn members(
    State(discord): State<Discord>,
    Ids(guild): Ids<Snowflake>,
    Query(page): Query<Page>,
) -> Answer {
    let (limit, after) = (page.limit.unwrap_or(1), page.after.unwrap_or_default());
    if !(1..=MEMBERS).contains(&limit) {
        let message = "int value should be between 1 and 1000.";
        return Err(Failure::field("limit", "NUMBER_TYPE_MAX", message));
    }
    discord.read(|world| {
        let found = world.guild_for_bot(guild)?;
        if world.gateway.privileged & intent::GUILD_MEMBERS == 0 {
            return Err(Failure::MISSING_ACCESS);
        }
        let users = found.members.keys().filter(|user| **user > after).take(limit);
        Ok(Json(users.filter_map(|user| world.member_json(guild, *user)).collect()))
    })
}

pub(super) async fn member(State(discord): State<Discord>, Ids((guild, user)): Ids<(Snowflake, Snowflake)>) -> Answer {
    discord.read(|world| {
        world.guild_for_bot(guild)?;
        if world.people.by_id(user).is_none() {
            return Err(Failure::UNKNOWN_USER);
        }
        world.member_json(guild, user).map(Json).ok_or(Failure::UNKNOWN_MEMBER)
    })
}
