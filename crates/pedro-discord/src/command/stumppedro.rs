//! `/stumppedro thing`: Pedro guesses what you think of, in at most twenty questions.

use std::sync::Arc;
use std::time::Duration;

use pedro_core::game::{Player, Pressed, Started};
use pedro_core::places::Place;
use pedro_core::reply;
use pedro_core::store::StoreError;
use twilight_model::id::Id;
use twilight_model::id::marker::ChannelMarker;
use twilight_util::builder::command::{CommandBuilder, StringBuilder};

use super::{WRITE_WITHIN, anywhere, place};
use crate::call::Call;
use crate::rest::Trouble;

/// Discord's code for a channel that is not there any more.
/// <https://docs.discord.com/developers/topics/opcodes-and-status-codes#json>
const UNKNOWN_CHANNEL: u64 = 10_003;

/// Characters of a thing.
const LONGEST: u16 = 60;

pub(super) fn definition() -> CommandBuilder {
    anywhere("stumppedro", "Think of something: Pedro guesses it in twenty questions").option(
        StringBuilder::new("thing", "What do you think of? Nobody else sees it").required(true).max_length(LONGEST),
    )
}

pub(super) async fn run(call: Call) -> Result<(), Trouble> {
    call.defer(false).await?;
    let thing = call.text("thing").unwrap_or_default();
    let text = match tokio::time::timeout(WRITE_WITHIN, begin(&call, &thing)).await {
        Ok(text) => text,
        Err(_) => Some(reply::command_failed()),
    };
    match text {
        Some(text) => call.finish(&text, &[]).await.map(|_| ()),
        None => Ok(()),
    }
}

/// Begins a game; `Some`: what is to be said where the command was given.
async fn begin(call: &Call, thing: &str) -> Option<String> {
    let here = place(call).await;
    let (games, player) = (&call.bot.pedro.games, Player { platform_user_id: &call.author.platform_user_id });
    match games.refusal(&here, player, thing).await {
        Ok(None) => {}
        Ok(Some(Started::AlreadyPlaying { .. })) if end_lost(call, &here, player).await => {}
        Ok(Some(refused)) => return Some(text_of(refused)),
        Err(error) => return Some(failed(&error)),
    }
    let thread = match call.bot.can_open_thread(call) {
        true => open(call).await,
        false => None,
    };
    match &thread {
        None => match games.start(&here, player, thing, None).await {
            Ok(started) => Some(text_of(started)),
            Err(error) => Some(failed(&error)),
        },
        Some(thread) => match games.start_in_thread(thread, &here, player, thing, None).await {
            Ok(Started::Begun { text }) => {
                call.bot.pedro.announce(thread, &text).await;
                None
            }
            Ok(refused) => Some(text_of(refused)),
            Err(error) => Some(failed(&error)),
        },
    }
}

/// Ends the player's open game if its thread was deleted while Pedro was not there to be told. Whether it was.
async fn end_lost(call: &Call, here: &Place, player: Player<'_>) -> bool {
    let games = &call.bot.pedro.games;
    let Ok(Some((channel, id))) = games.open_game(here, player).await else { return false };
    let Ok(id) = id.parse::<Id<ChannelMarker>>() else { return false };
    let rest = &call.bot.rest;
    match rest.call_within(Duration::ZERO, || rest.http.channel(id)).await {
        Err(Trouble::Refused { code: UNKNOWN_CHANNEL, .. }) => games.stop_channel(channel).await.is_ok(),
        _ => false,
    }
}

async fn open(call: &Call) -> Option<Arc<Place>> {
    let announced = call.finish(&reply::game_opened(&call.author.display_name), &[]).await.ok()?;
    call.bot.open_thread(call, announced, &reply::game_title(&call.author.display_name)).await
}

fn text_of(started: Started) -> String {
    match started {
        Started::Begun { text } | Started::AlreadyPlaying { text } | Started::NotAThing { text } => text,
    }
}

fn failed(error: &StoreError) -> String {
    tracing::warn!(%error, "a game did not begin");
    reply::command_failed()
}

/// What to say to whoever pressed a button of a game; `None`: it was taken.
pub(crate) fn answer_of(pressed: Pressed) -> Option<String> {
    match pressed {
        Pressed::Taken => None,
        Pressed::NotYours(text) | Pressed::Stale(text) => Some(text),
    }
}
