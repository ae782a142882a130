//! What was changed or taken back while nothing was heard: Discord does not tell it afterwards, so what is stored of a
//! channel's last day is compared with what stands there now.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use pedro_core::chat::{Heard, Platform, Removal};
use pedro_core::store::message::{self, Recorded};
use twilight_model::channel::Message;
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, MessageMarker};

use crate::bot::Bot;
use crate::catch_up::Missed;
use crate::convert;
use crate::directory::key;
use crate::note::Note;
use crate::recorder::RETRY_AFTER;
use crate::rest::{PAGE, Trouble};

/// How far before the last message that was heard: what is older is hardly ever changed. The last page is compared however
/// old it is.
const LOOK_BACK: TimeDelta = TimeDelta::hours(24);

/// The most messages of a channel that are compared: ten requests, of which Discord takes about five in five seconds.
const MOST: usize = 1_000;

/// What is answered of a message that is gone.
const UNKNOWN_MESSAGE: u64 = 10_008;

/// Discord's ids count milliseconds from here. <https://docs.discord.com/developers/reference#snowflakes>
const EPOCH_MS: i64 = 1_420_070_400_000;

/// Whether a line that Discord did not show is gone.
enum Fate {
    Gone,
    There,
    /// Pedro may not know: the past of the channel is hidden from it.
    Hidden,
}

/// Follows what became of the lines before and including `newest`, the last that was heard.
pub(crate) async fn look_back(bot: &Arc<Bot>, missed: &Missed, newest: Id<MessageMarker>) -> Result<(), Trouble> {
    let Some(mut before) = newest.get().checked_add(1).and_then(Id::new_checked) else { return Ok(()) };
    let earliest = said_at(newest) - LOOK_BACK;
    let mut compared = 0;
    while compared < MOST {
        let page =
            bot.rest.messages(|| bot.rest.http.channel_messages(missed.channel).before(before).limit(PAGE)).await?;
        let is_last = page.size < usize::from(PAGE);
        let oldest = page.messages.first().map(|message| message.id);
        // Before the last page nothing stands there any more.
        let from = match oldest {
            Some(oldest) if !is_last || said_at(oldest) < earliest => oldest,
            _ if is_last => first_at(earliest),
            // Nothing of a page can be read.
            _ => return Ok(()),
        };
        // Stored with the platform's time, which may be cut otherwise than its ids.
        let (since, until) = (said_at(from) - TimeDelta::seconds(1), said_at(before) + TimeDelta::seconds(1));
        let most = i64::try_from(MOST - compared).unwrap_or(0);
        let mut lines = loop {
            match message::recorded(&bot.pedro.pool, missed.place, since, until, most).await {
                Ok(lines) => break lines,
                // Whoever waits for this is ended with the bot.
                Err(_) => tokio::time::sleep(RETRY_AFTER).await,
            }
        };
        lines.retain(|line| id_of(line).is_some_and(|id| (from..before).contains(&id)));
        compared += page.messages.len().max(lines.len()).max(1);
        for line in lines {
            if !follow(bot, missed.channel, &page.messages, line).await? {
                return Ok(());
            }
        }
        if is_last || said_at(from) <= earliest {
            return Ok(());
        }
        before = from;
    }
    Ok(())
}

/// Follows what became of one line. False if nothing can be known of any.
async fn follow(bot: &Arc<Bot>, channel: Id<ChannelMarker>, page: &[Message], line: Recorded) -> Result<bool, Trouble> {
    let Some(id) = id_of(&line) else { return Ok(true) };
    let heard = match page.iter().find(|message| message.id == id) {
        Some(message) if message.edited_timestamp.is_some() => Heard::Edited {
            platform: Platform::Discord,
            platform_user_id: line.platform_user_id,
            platform_message_id: line.platform_message_id,
            text: convert::text(message, &bot.directory),
        },
        Some(_) => return Ok(true),
        None => match fate(bot, channel, id).await? {
            Fate::There => return Ok(true),
            Fate::Hidden => return Ok(false),
            Fate::Gone => Heard::Removed {
                channel: key(channel),
                removal: Removal::Line { platform_message_id: line.platform_message_id },
            },
        },
    };
    bot.recorder.put_patiently(Note::Changed(heard)).await;
    Ok(true)
}

/// Nothing is forgotten because a page was not what we thought.
async fn fate(bot: &Arc<Bot>, channel: Id<ChannelMarker>, id: Id<MessageMarker>) -> Result<Fate, Trouble> {
    match bot.rest.call(|| bot.rest.http.message(channel, id)).await {
        Ok(_) => Ok(Fate::There),
        Err(Trouble::Refused { code: UNKNOWN_MESSAGE, .. }) => Ok(Fate::Gone),
        Err(Trouble::Refused { .. }) => Ok(Fate::Hidden),
        Err(error) => Err(error),
    }
}

fn id_of(line: &Recorded) -> Option<Id<MessageMarker>> {
    line.platform_message_id.parse().ok().and_then(Id::new_checked)
}

/// When a message was written, by its id.
fn said_at(id: Id<MessageMarker>) -> DateTime<Utc> {
    let ms = i64::try_from(id.get() >> 22).unwrap_or(0) + EPOCH_MS;
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

/// The lowest id of a moment.
fn first_at(moment: DateTime<Utc>) -> Id<MessageMarker> {
    let ms = u64::try_from(moment.timestamp_millis() - EPOCH_MS).unwrap_or(0);
    Id::new_checked(ms << 22).unwrap_or(Id::new(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_when_a_message_was_written() {
        // The example of Discord's documentation.
        let id = Id::new(175_928_847_299_117_063);
        assert_eq!(said_at(id).to_rfc3339(), "2016-04-30T11:18:25.796+00:00");
        assert!(first_at(said_at(id)) <= id && said_at(first_at(said_at(id))) == said_at(id));
        assert_eq!(first_at(DateTime::UNIX_EPOCH), Id::new(1));
    }
}
