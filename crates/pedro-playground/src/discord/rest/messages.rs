//! Messages: read, written, changed, removed.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use chrono::{TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Done, Ids};
use crate::discord::Discord;
use crate::discord::failure::{Failure, Problems};
use crate::discord::form::{Draft, Payload};
use crate::discord::message::{Message, flag, kind};
use crate::discord::permission::{ATTACH_FILES, MANAGE_MESSAGES, READ_MESSAGE_HISTORY};
use crate::discord::snowflake::Snowflake;
use crate::discord::world::World;

/// Messages in one answer, and how many unless asked.
const PAGE: usize = 100;
const PAGE_UNASKED: usize = 50;
/// How many messages can be removed at once, and how old they may be.
const BULK: std::ops::RangeInclusive<usize> = 2..=100;
const BULK_DAYS: i64 = 14;
/// How long a nonce keeps a message from being sent twice.
const NONCE_MINUTES: i64 = 5;

#[derive(Debug, Deserialize)]
pub(super) struct Page {
    around: Option<Snowflake>,
    before: Option<Snowflake>,
    after: Option<Snowflake>,
    limit: Option<usize>,
}

/// The newest first, whatever was asked for.
pub(super) async fn list(
    State(discord): State<Discord>,
    Ids(channel): Ids<Snowflake>,
    Query(page): Query<Page>,
) -> Answer {
    let limit = page.limit.unwrap_or(PAGE_UNASKED);
    if limit == 0 {
        return Err(Failure::field("limit", "NUMBER_TYPE_MIN", "int value should be greater than or equal to 1."));
    }
    if limit > PAGE {
        return Err(Failure::field("limit", "NUMBER_TYPE_MAX", "int value should be less than or equal to 100."));
    }
    discord.read(|world| {
        world.channel_for_bot(channel, 0)?;
        // Without the history there is nothing to read, but that is no error.
        if world.permissions(world.bot.id, channel) & READ_MESSAGE_HISTORY == 0 {
            return Ok(Json(json!([])));
        }
        let mut found = world.page(channel, &page, limit);
        found.sort_by_key(|message| std::cmp::Reverse(message.id));
        Ok(Json(found.into_iter().map(|message| world.readable(message)).collect()))
    })
}

impl World {
    fn page(&self, channel: Snowflake, page: &Page, limit: usize) -> Vec<&Message> {
        let here = |message: &&Message| message.channel == channel && !message.deleted && !message.is_ephemeral();
        let before = |id: Snowflake| self.messages.range(..id).rev().map(|(_, message)| message).filter(here);
        let after = |id: Snowflake| self.messages.range(id.next()..).map(|(_, message)| message).filter(here);
        match (page.around, page.before, page.after) {
            (Some(around), ..) => {
                let itself = self.messages.get(&around).filter(here);
                before(around).take(limit / 2).chain(itself).chain(after(around).take(limit / 2)).take(limit).collect()
            }
            (_, Some(id), _) => before(id).take(limit).collect(),
            (.., Some(id)) => after(id).take(limit).collect(),
            _ => before(Snowflake::new(u64::MAX)).take(limit).collect(),
        }
    }
}

pub(super) async fn message(
    State(discord): State<Discord>,
    Ids((channel, message)): Ids<(Snowflake, Snowflake)>,
) -> Answer {
    discord.read(|world| {
        let message = world.message_for_bot(channel, message, READ_MESSAGE_HISTORY)?;
        Ok(Json(world.readable(message)))
    })
}

pub(super) async fn create(State(discord): State<Discord>, Ids(channel): Ids<Snowflake>, payload: Payload) -> Answer {
    discord.update(|world| {
        world.may_write(channel)?;
        let draft = world.read_draft(&payload)?;
        if draft.is_empty() {
            return Err(Failure::EMPTY_MESSAGE);
        }
        if draft.has_files() {
            world.channel_for_bot(channel, ATTACH_FILES)?;
        }
        if let Some(twin) = world.twin(channel, &draft) {
            return Ok(Json(world.message_json(twin)));
        }
        let name = world.bot.name.clone();
        let mut message = world.begin_message(channel, &name);
        world.add_reference(&mut message, &draft)?;
        let may = flag::SUPPRESS_EMBEDS | flag::SUPPRESS_NOTIFICATIONS | flag::IS_COMPONENTS_V2;
        message.flags = draft.flags.unwrap_or(0) & may;
        message.nonce.clone_from(&draft.nonce);
        world.apply_draft(&mut message, draft);
        let message = world.publish(message);
        Ok(Json(world.message_json(&message)))
    })
}

impl World {
    /// The message that was sent with the same nonce a moment ago, if the bot wants to be kept from sending it twice.
    fn twin(&self, channel: Snowflake, draft: &Draft) -> Option<&Message> {
        let nonce = draft.nonce.as_ref().filter(|_| draft.enforce_nonce)?;
        let since = Utc::now() - TimeDelta::minutes(NONCE_MINUTES);
        let recent = self.messages.values().rev().take_while(|message| message.sent_at > since);
        let mut own = recent.filter(|message| message.channel == channel && message.author_id == self.bot.id);
        own.find(|message| message.nonce.as_ref() == Some(nonce))
    }

    fn add_reference(&self, message: &mut Message, draft: &Draft) -> Result<(), Failure> {
        let Some(reference) = &draft.reference else { return Ok(()) };
        if self.permissions(self.bot.id, message.channel) & READ_MESSAGE_HISTORY == 0 {
            return Err(Failure::NO_HISTORY);
        }
        let original = self.messages.get(&reference.message_id);
        let there = original.is_some_and(|original| {
            original.channel == message.channel && !original.deleted && !original.is_ephemeral()
        });
        if there {
            message.kind = kind::REPLY;
            message.reply_to = Some(reference.message_id);
        } else if reference.fail_if_not_exists {
            return Err(Failure::field("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message"));
        }
        Ok(())
    }
}

pub(super) async fn edit(
    State(discord): State<Discord>,
    Ids((channel, id)): Ids<(Snowflake, Snowflake)>,
    payload: Payload,
) -> Answer {
    discord.update(|world| {
        let message = world.message_for_bot(channel, id, 0)?;
        let own = message.author_id == world.bot.id;
        world.open_thread(world.channel_for_bot(channel, 0)?)?;
        if !own {
            return world.suppress_embeds(channel, id, &payload.fields);
        }
        let draft = world.read_draft(&payload)?;
        let message = world.change_by_bot(id, draft)?;
        Ok(Json(world.message_json(&message)))
    })
}

impl World {
    /// All that a moderator may change of somebody else's message: whether its links get a preview.
    fn suppress_embeds(&mut self, channel: Snowflake, id: Snowflake, fields: &Value) -> Answer {
        let flags = fields["flags"].as_u64();
        let Some(flags) = flags.filter(|_| fields.as_object().is_some_and(|fields| fields.len() == 1)) else {
            return Err(Failure::NOT_THE_AUTHOR);
        };
        self.channel_for_bot(channel, MANAGE_MESSAGES)?;
        let changed = self.change_message(id, |message| {
            message.flags = (message.flags & !flag::SUPPRESS_EMBEDS) | (flags & flag::SUPPRESS_EMBEDS);
        });
        let message = changed.ok_or(Failure::UNKNOWN_MESSAGE)?;
        Ok(Json(self.readable(&message)))
    }
}

pub(super) async fn remove(State(discord): State<Discord>, Ids((channel, id)): Ids<(Snowflake, Snowflake)>) -> Done {
    discord.update(|world| {
        let message = world.message_for_bot(channel, id, 0)?;
        if message.author_id != world.bot.id {
            world.channel_for_bot(channel, MANAGE_MESSAGES)?;
        }
        world.open_thread(world.channel_for_bot(channel, 0)?)?;
        world.delete_messages(channel, &[id], false);
        Ok(StatusCode::NO_CONTENT)
    })
}

pub(super) async fn bulk_delete(
    State(discord): State<Discord>,
    Ids(channel): Ids<Snowflake>,
    payload: Payload,
) -> Done {
    let listed = payload.fields["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut problems = Problems::default();
    let mut ids: Vec<Snowflake> = Vec::new();
    for (place, id) in listed.iter().enumerate() {
        match id.as_str().and_then(|id| id.parse().ok()) {
            Some(id) => ids.push(id),
            None => problems.add(&format!("messages.{place}"), "NUMBER_TYPE_COERCE", "Value is not snowflake."),
        }
    }
    problems.check()?;
    ids.sort_unstable();
    ids.dedup();
    if !BULK.contains(&ids.len()) {
        return Err(Failure::BULK_COUNT);
    }
    discord.update(|world| {
        let guild = world.channel_for_bot(channel, MANAGE_MESSAGES)?.guild;
        if guild.is_none() {
            return Err(Failure::WRONG_CHANNEL_TYPE);
        }
        let oldest = (Utc::now() - TimeDelta::days(BULK_DAYS)).timestamp_millis();
        if ids.iter().any(|id| i64::try_from(id.created_ms()).unwrap_or(i64::MAX) < oldest) {
            return Err(Failure::TOO_OLD);
        }
        world.delete_messages(channel, &ids, true);
        Ok(StatusCode::NO_CONTENT)
    })
}
