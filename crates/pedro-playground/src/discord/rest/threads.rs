//! Threads and who is in them.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::channels::check;
use super::{Answer, Done, Ids};
use crate::discord::Discord;
use crate::discord::channel::{Channel, ChannelKind};
use crate::discord::failure::Failure;
use crate::discord::form::Payload;
use crate::discord::permission::{
    CREATE_PRIVATE_THREADS, CREATE_PUBLIC_THREADS, MANAGE_THREADS, READ_MESSAGE_HISTORY, SEND_MESSAGES_IN_THREADS,
};
use crate::discord::snowflake::Snowflake;
use crate::discord::threads::NewThread;
use crate::discord::world::World;

/// After how many minutes a thread is archived unless asked: a day.
const ARCHIVE_AFTER: u64 = 1_440;
/// Threads in one answer.
const PAGE: usize = 50;

type Created = Result<(StatusCode, Json<Value>), Failure>;

pub(super) async fn from_message(
    State(discord): State<Discord>,
    Ids((channel, message)): Ids<(Snowflake, Snowflake)>,
    payload: Payload,
) -> Created {
    let mut new = read(&payload.fields)?;
    discord.update(|world| {
        let found = world.channel_for_bot(channel, CREATE_PUBLIC_THREADS)?;
        new.kind = match found.kind {
            ChannelKind::Text => ChannelKind::PublicThread,
            ChannelKind::Announcement => ChannelKind::AnnouncementThread,
            _ => return Err(Failure::WRONG_CHANNEL_TYPE),
        };
        world.message_for_bot(channel, message, 0)?;
        if world.channels.contains_key(&message) {
            return Err(Failure::HAS_THREAD);
        }
        new.message = Some(message);
        world.create_thread(channel, new)
    })
}

pub(super) async fn create(State(discord): State<Discord>, Ids(channel): Ids<Snowflake>, payload: Payload) -> Created {
    let new = read(&payload.fields)?;
    discord.update(|world| {
        let needed = match new.kind {
            ChannelKind::PrivateThread => CREATE_PRIVATE_THREADS,
            _ => CREATE_PUBLIC_THREADS,
        };
        if world.channel_for_bot(channel, needed)?.kind != ChannelKind::Text {
            return Err(Failure::WRONG_CHANNEL_TYPE);
        }
        world.create_thread(channel, new)
    })
}

/// Reads what a request says of a new thread. Without a type it is private, as on Discord.
fn read(fields: &Value) -> Result<NewThread, Failure> {
    check(fields)?;
    let name = fields["name"].as_str().map(str::trim).map(str::to_owned);
    let name = name.ok_or_else(|| Failure::field("name", "BASE_TYPE_REQUIRED", "This field is required"))?;
    let kind = match fields["type"].as_u64() {
        None | Some(12) => ChannelKind::PrivateThread,
        Some(11) => ChannelKind::PublicThread,
        Some(_) => return Err(Failure::field("type", "BASE_TYPE_CHOICES", "Value must be one of (10, 11, 12).")),
    };
    let archive_after = fields["auto_archive_duration"].as_u64().unwrap_or(ARCHIVE_AFTER);
    let invitable = fields["invitable"].as_bool().unwrap_or(true);
    Ok(NewThread { name, kind, archive_after, message: None, invitable })
}

impl World {
    fn create_thread(&mut self, channel: Snowflake, new: NewThread) -> Created {
        let id = self.begin_thread(channel, self.bot.id, new);
        let thread = self.channels.get(&id).ok_or(Failure::UNKNOWN_CHANNEL)?;
        Ok((StatusCode::CREATED, Json(self.channel_json(thread))))
    }

    /// A thread in which the bot may do this.
    fn thread_for_bot(&self, id: Snowflake, needed: u64) -> Result<&Channel, Failure> {
        let channel = self.channel_for_bot(id, needed)?;
        if channel.kind.is_thread() { Ok(channel) } else { Err(Failure::WRONG_CHANNEL_TYPE) }
    }

    fn thread_list(&self, threads: Vec<&Channel>, has_more: Option<bool>) -> Value {
        let members: Vec<Value> = threads.iter().filter_map(|thread| thread.thread_member(self.bot.id)).collect();
        let threads: Vec<Value> = threads.into_iter().map(|thread| self.channel_json(thread)).collect();
        let mut list = json!({ "threads": threads, "members": members });
        if let Some(has_more) = has_more {
            list["has_more"] = json!(has_more);
        }
        list
    }
}

pub(super) async fn active(State(discord): State<Discord>, Ids(guild): Ids<Snowflake>) -> Answer {
    discord.read(|world| {
        world.guild_for_bot(guild)?;
        let mut threads: Vec<_> = world.active_threads(guild).collect();
        threads.sort_by_key(|thread| std::cmp::Reverse(thread.id));
        Ok(Json(world.thread_list(threads, None)))
    })
}

#[derive(Debug, Deserialize)]
pub(super) struct Page {
    before: Option<DateTime<Utc>>,
    limit: Option<usize>,
}

pub(super) async fn archived(
    State(discord): State<Discord>,
    Ids((channel, kind)): Ids<(Snowflake, String)>,
    Query(page): Query<Page>,
) -> Answer {
    let private = match kind.as_str() {
        "public" => false,
        "private" => true,
        _ => return Err(Failure::NOT_FOUND),
    };
    let needed = if private { READ_MESSAGE_HISTORY | MANAGE_THREADS } else { READ_MESSAGE_HISTORY };
    discord.read(|world| world.archived_threads(channel, needed, private, &page))
}

/// The private ones that the bot is in.
pub(super) async fn joined_archived(
    State(discord): State<Discord>,
    Ids(channel): Ids<Snowflake>,
    Query(page): Query<Page>,
) -> Answer {
    discord.read(|world| world.archived_threads(channel, READ_MESSAGE_HISTORY, true, &page))
}

impl World {
    /// The last archived first.
    fn archived_threads(&self, channel: Snowflake, needed: u64, private: bool, page: &Page) -> Answer {
        self.channel_for_bot(channel, needed)?;
        let limit = page.limit.unwrap_or(PAGE).clamp(1, 100);
        let mut found: Vec<(&Channel, DateTime<Utc>)> = self
            .channels
            .values()
            .filter(|thread| thread.parent == Some(channel))
            .filter(|thread| (thread.kind == ChannelKind::PrivateThread) == private)
            .filter(|thread| self.can_see(self.bot.id, thread.id))
            .filter_map(|thread| Some((thread, thread.thread.as_ref().filter(|details| details.archived)?)))
            .map(|(thread, details)| (thread, details.archive_changed))
            .filter(|(_, archived)| page.before.is_none_or(|before| *archived < before))
            .collect();
        found.sort_by_key(|(_, archived)| std::cmp::Reverse(*archived));
        let has_more = found.len() > limit;
        let threads = found.into_iter().take(limit).map(|(thread, _)| thread).collect();
        Ok(Json(self.thread_list(threads, Some(has_more))))
    }
}

pub(super) async fn members(State(discord): State<Discord>, Ids(thread): Ids<Snowflake>) -> Answer {
    discord.read(|world| {
        let thread = world.thread_for_bot(thread, 0)?;
        let users = thread.thread.iter().flat_map(|details| details.members.keys());
        Ok(Json(users.filter_map(|user| thread.thread_member(*user)).collect()))
    })
}

pub(super) async fn member(State(discord): State<Discord>, Ids((thread, user)): Ids<(Snowflake, Snowflake)>) -> Answer {
    discord.read(|world| {
        let thread = world.thread_for_bot(thread, 0)?;
        thread.thread_member(user).map(Json).ok_or(Failure::UNKNOWN_MEMBER)
    })
}

pub(super) async fn join(State(discord): State<Discord>, Ids(thread): Ids<Snowflake>) -> Done {
    discord.update(|world| {
        let found = world.thread_for_bot(thread, 0)?;
        world.open_thread(found)?;
        world.join_thread(thread, world.bot.id);
        Ok(StatusCode::NO_CONTENT)
    })
}

pub(super) async fn leave(State(discord): State<Discord>, Ids(thread): Ids<Snowflake>) -> Done {
    discord.update(|world| {
        let found = world.thread_for_bot(thread, 0)?;
        world.open_thread(found)?;
        world.leave_thread(thread, world.bot.id);
        Ok(StatusCode::NO_CONTENT)
    })
}

pub(super) async fn add_member(
    State(discord): State<Discord>,
    Ids((thread, user)): Ids<(Snowflake, Snowflake)>,
) -> Done {
    discord.update(|world| {
        let found = world.thread_for_bot(thread, SEND_MESSAGES_IN_THREADS)?;
        world.open_thread(found)?;
        let guild = found.guild.ok_or(Failure::UNKNOWN_GUILD)?;
        if world.member(guild, user).is_none() {
            return Err(Failure::UNKNOWN_MEMBER);
        }
        world.join_thread(thread, user);
        Ok(StatusCode::NO_CONTENT)
    })
}

pub(super) async fn remove_member(
    State(discord): State<Discord>,
    Ids((thread, user)): Ids<(Snowflake, Snowflake)>,
) -> Done {
    discord.update(|world| {
        let found = world.thread_for_bot(thread, 0)?;
        world.open_thread(found)?;
        let own = found.kind == ChannelKind::PrivateThread
            && found.thread.as_ref().is_some_and(|details| details.owner == world.bot.id);
        if !own {
            world.thread_for_bot(thread, MANAGE_THREADS)?;
        }
        world.leave_thread(thread, user);
        Ok(StatusCode::NO_CONTENT)
    })
}
