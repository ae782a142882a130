//! Reactions.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::{Answer, Done, Ids};
use crate::discord::Discord;
use crate::discord::failure::Failure;
use crate::discord::permission::{ADD_REACTIONS, MANAGE_MESSAGES, READ_MESSAGE_HISTORY};
use crate::discord::snowflake::Snowflake;

/// People in one answer, and how many unless asked.
const PAGE: usize = 100;
const PAGE_UNASKED: usize = 25;
const UNKNOWN_EMOJI: Failure = Failure::new(StatusCode::BAD_REQUEST, 10_014, "Unknown Emoji");

type Place = (Snowflake, Snowflake, String);

pub(super) async fn add(State(discord): State<Discord>, Ids((channel, message, emoji)): Ids<Place>) -> Done {
    check(&emoji)?;
    discord.update(|world| {
        let found = world.message_for_bot(channel, message, READ_MESSAGE_HISTORY)?;
        // To join in with an emoji that is there already, nothing more is needed.
        if !found.reactions.iter().any(|reaction| reaction.emoji == emoji) {
            world.channel_for_bot(channel, ADD_REACTIONS)?;
        }
        world.open_thread(world.channel_for_bot(channel, 0)?)?;
        world.react(message, world.bot.id, &emoji, true);
        Ok(StatusCode::NO_CONTENT)
    })
}

pub(super) async fn remove_own(State(discord): State<Discord>, Ids((channel, message, emoji)): Ids<Place>) -> Done {
    check(&emoji)?;
    discord.update(|world| {
        world.message_for_bot(channel, message, 0)?;
        world.react(message, world.bot.id, &emoji, false);
        Ok(StatusCode::NO_CONTENT)
    })
}

pub(super) async fn remove(
    State(discord): State<Discord>,
    Ids((channel, message, emoji, user)): Ids<(Snowflake, Snowflake, String, Snowflake)>,
) -> Done {
    check(&emoji)?;
    discord.update(|world| {
        let needed = if user == world.bot.id { 0 } else { MANAGE_MESSAGES };
        world.message_for_bot(channel, message, needed)?;
        world.react(message, user, &emoji, false);
        Ok(StatusCode::NO_CONTENT)
    })
}

#[derive(Debug, Deserialize)]
pub(super) struct Page {
    after: Option<Snowflake>,
    limit: Option<usize>,
}

pub(super) async fn people(
    State(discord): State<Discord>,
    Ids((channel, message, emoji)): Ids<Place>,
    Query(page): Query<Page>,
) -> Answer {
    check(&emoji)?;
    let (after, limit) = (page.after.unwrap_or_default(), page.limit.unwrap_or(PAGE_UNASKED).clamp(1, PAGE));
    discord.read(|world| {
        let found = world.message_for_bot(channel, message, READ_MESSAGE_HISTORY)?;
        let reactions = found.reactions.iter().filter(|reaction| reaction.emoji == emoji);
        let mut users: Vec<_> =
            reactions.flat_map(|reaction| &reaction.people).filter_map(|name| world.people.by_name(name)).collect();
        users.sort_by_key(|user| user.id);
        Ok(Json(users.into_iter().filter(|user| user.id > after).take(limit).map(|user| user.json()).collect()))
    })
}

/// Words are no emoji, except for a guild's own, which come as `name:id`.
fn check(emoji: &str) -> Result<(), Failure> {
    let own = emoji.rsplit_once(':').is_some_and(|(_, id)| id.parse::<Snowflake>().is_ok());
    let plain = emoji.chars().all(|c| c.is_ascii_alphabetic() || c.is_ascii_punctuation() || c.is_whitespace());
    if own || !plain { Ok(()) } else { Err(UNKNOWN_EMOJI) }
}
