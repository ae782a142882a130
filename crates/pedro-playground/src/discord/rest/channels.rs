//! Channels and threads themselves.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;

use super::{Answer, Done, Ids};
use crate::discord::Discord;
use crate::discord::channel::{ARCHIVE_AFTER, Channel, NAME_CHARACTERS, Thread};
use crate::discord::failure::{Failure, Problems};
use crate::discord::form::Payload;
use crate::discord::permission::{MANAGE_CHANNELS, MANAGE_THREADS};
use crate::discord::snowflake::Snowflake;
use crate::discord::world::World;

pub(super) async fn channel(State(discord): State<Discord>, Ids(channel): Ids<Snowflake>) -> Answer {
    discord.read(|world| {
        let channel = world.channel_for_bot(channel, 0)?;
        Ok(Json(world.channel_json(channel)))
    })
}

pub(super) async fn typing(State(discord): State<Discord>, Ids(channel): Ids<Snowflake>) -> Done {
    discord.update(|world| {
        world.may_write(channel)?;
        world.type_in(channel, world.bot.id);
        Ok(StatusCode::NO_CONTENT)
    })
}

pub(super) async fn change(State(discord): State<Discord>, Ids(id): Ids<Snowflake>, payload: Payload) -> Answer {
    let fields = payload.fields;
    check(&fields)?;
    discord.update(|world| {
        let channel = world.channel_for_bot(id, 0)?;
        match &channel.thread {
            Some(thread) => world.may_change_thread(channel, thread, &fields)?,
            None => {
                world.channel_for_bot(id, MANAGE_CHANNELS)?;
            }
        }
        world.change_channel(id, |channel| apply(channel, &fields));
        let channel = world.channels.get(&id).ok_or(Failure::UNKNOWN_CHANNEL)?;
        Ok(Json(world.channel_json(channel)))
    })
}

pub(super) async fn remove(State(discord): State<Discord>, Ids(id): Ids<Snowflake>) -> Answer {
    discord.update(|world| {
        let channel = world.channel_for_bot(id, 0)?.clone();
        let needed = if channel.kind.is_thread() { MANAGE_THREADS } else { MANAGE_CHANNELS };
        let json = world.channel_json(&channel);
        // A direct message is only closed; it opens again with the next word.
        if channel.guild.is_some() {
            world.channel_for_bot(id, needed)?;
            world.delete_channel(id);
        }
        Ok(Json(json))
    })
}

/// Checks the fields that channels and threads share.
pub(super) fn check(fields: &Value) -> Result<(), Failure> {
    let mut problems = Problems::default();
    if let Some(name) = fields.get("name") {
        match name.as_str() {
            Some(name) => problems.check_length("name", name.trim().chars().count(), 1, NAME_CHARACTERS),
            None => problems.required("name"),
        }
    }
    if let Some(after) = fields.get("auto_archive_duration").filter(|after| !after.is_null())
        && after.as_u64().is_none_or(|after| !ARCHIVE_AFTER.contains(&after))
    {
        let message = "Value must be one of (60, 1440, 4320, 10080).";
        problems.add("auto_archive_duration", "BASE_TYPE_CHOICES", message);
    }
    problems.check()
}

fn apply(channel: &mut Channel, fields: &Value) {
    if let Some(name) = fields["name"].as_str() {
        name.trim().clone_into(&mut channel.name);
    }
    let Some(thread) = &mut channel.thread else { return };
    thread.archived = fields["archived"].as_bool().unwrap_or(thread.archived);
    thread.locked = fields["locked"].as_bool().unwrap_or(thread.locked);
    thread.invitable = fields["invitable"].as_bool().unwrap_or(thread.invitable);
    thread.archive_after = fields["auto_archive_duration"].as_u64().unwrap_or(thread.archive_after);
}

impl World {
    /// Moderators may change a thread as they like, its owner may name and close it, and whoever may write in it may
    /// open it again unless it is locked.
    fn may_change_thread(&self, channel: &Channel, thread: &Thread, fields: &Value) -> Result<(), Failure> {
        let opens = fields["archived"] == false;
        if thread.archived && !opens {
            return Err(Failure::ARCHIVED);
        }
        if self.permissions(self.bot.id, channel.id) & MANAGE_THREADS != 0 {
            return Ok(());
        }
        let only_opens = opens && fields.as_object().is_some_and(|fields| fields.len() == 1);
        let may_open = only_opens && !thread.locked && self.can_send(self.bot.id, channel.id);
        let locks = fields.get("locked").is_some_and(|locked| *locked != thread.locked);
        let is_owner = thread.owner == self.bot.id && !locks && !(thread.locked && opens);
        if is_owner || may_open { Ok(()) } else { Err(Failure::MISSING_PERMISSIONS) }
    }
}
