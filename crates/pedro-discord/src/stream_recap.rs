//! Posts the recap of a stream that has ended, where a community wants that. The Twitch bot writes down that it has; this
//! looks every second.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pedro_core::service::config::Community;
use pedro_core::store::StoreError;
use pedro_core::store::recap::EndedStream;
use twilight_model::id::Id;

use crate::bot::Bot;

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long a channel that cannot be used is let be: somebody has to see to it.
const TRY_AGAIN: Duration = Duration::from_secs(60);

/// Looks until told to stop.
pub(crate) async fn run(bot: Arc<Bot>) {
    let stop = bot.shutdown.token();
    let mut unusable: Option<Instant> = None;
    // Of which stream it was told that its recap cannot be posted: once is enough.
    let mut told = HashSet::new();
    while !stop.is_cancelled() {
        if unusable.is_none_or(|since| since.elapsed() > TRY_AGAIN) {
            unusable = None;
            for community in bot.communities.iter() {
                let Some(channel) = community.recap_channel else { continue };
                match look(&bot, community, channel, &mut told).await {
                    Ok(true) => {}
                    Ok(false) => unusable = Some(Instant::now()),
                    Err(error) => tracing::debug!(%error, "recaps of streams wait for the database"),
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// False if there is a recap to post, and nowhere to post it.
async fn look(
    bot: &Arc<Bot>,
    community: &Community,
    channel: u64,
    told: &mut HashSet<i64>,
) -> Result<bool, StoreError> {
    match bot.pedro.stream_to_recap(community).await? {
        Some(stream) if post(bot, community, channel, &stream).await? => Ok(true),
        Some(stream) => {
            if told.insert(stream.stream_title_id) {
                tracing::warn!(
                    community = community.name,
                    "a stream has ended, but its recap cannot be posted: recap_channel {channel} is no channel of this community that I can see"
                );
            }
            Ok(false)
        }
        None => Ok(true),
    }
}

/// False if the channel is none of the community's.
async fn post(bot: &Arc<Bot>, community: &Community, channel: u64, stream: &EndedStream) -> Result<bool, StoreError> {
    let place = match Id::new_checked(channel) {
        Some(channel) => bot.place(channel).await,
        None => None,
    };
    // What is said in one community comes up in no other.
    let Some(place) = place.filter(|place| place.home.settings.name == community.name) else { return Ok(false) };
    if bot.pedro.post_recap(stream, &place).await? {
        tracing::info!(
            community = community.name,
            "the stream has ended at {}: its recap is being made",
            stream.ended_at
        );
    }
    Ok(true)
}
