//! After a time without a connection, what was said meanwhile is fetched, and what was changed or taken back is followed
//! (`look_back`).

use std::sync::Arc;

use pedro_core::chat::{ChannelId, Heard};
use twilight_model::channel::Message;
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, MessageMarker};

use crate::bot::Bot;
use crate::convert;
use crate::directory::key;
use crate::look_back::look_back;
use crate::note::Note;
use crate::rest::{PAGE, Trouble};

/// The most that is fetched of one channel: some days of a busy one.
const MOST: usize = 20_000;

/// A channel in which something may have been said that was not heard.
pub(crate) struct Missed {
    pub(crate) channel: Id<ChannelMarker>,
    pub(crate) place: ChannelId,
    /// The message after which all is fetched; `None` if none was heard before.
    pub(crate) after: Option<Id<MessageMarker>>,
    /// The last message that was heard, perhaps in a fetch that was cut off; `None` if none ever was.
    pub(crate) newest: Option<Id<MessageMarker>>,
}

/// Fetches what each of the channels has after the message that is known; of a channel without one, the last ones.
pub(crate) fn start(bot: &Arc<Bot>, channels: Vec<Missed>) {
    let bot = Arc::clone(bot);
    bot.shutdown.clone().spawn("catch up", async move {
        let stop = bot.shutdown.token();
        for missed in channels {
            tokio::select! {
                () = stop.cancelled() => return,
                () = catch_up(&bot, &missed) => {}
            }
        }
    });
}

async fn catch_up(bot: &Arc<Bot>, missed: &Missed) {
    let channel = missed.channel;
    match fetch(bot, channel, missed.after).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(%channel, count, "{count} messages were fetched that I had not heard"),
        // Channels that Pedro sees and may not read the past of.
        Err(Trouble::Refused { .. }) => {}
        // It is tried again after the next connection.
        Err(error) => {
            return tracing::warn!(%channel, %error, "what was missed in a channel could not be fetched");
        }
    }
    if let Some(newest) = missed.newest {
        match look_back(bot, missed, newest).await {
            Ok(()) | Err(Trouble::Refused { .. }) => {}
            Err(error) => {
                return tracing::warn!(%channel, %error, "what was changed or taken back in a channel is not known yet");
            }
        }
    }
    // Behind what was fetched: who is killed before that is written fetches it again.
    bot.recorder.put_patiently(Note::Changed(Heard::Fetched { channel: key(channel) })).await;
}

async fn fetch(bot: &Arc<Bot>, channel: Id<ChannelMarker>, after: Option<Id<MessageMarker>>) -> Result<usize, Trouble> {
    match after {
        Some(after) => forwards(bot, channel, after).await,
        None => backwards(bot, channel).await,
    }
}

async fn forwards(bot: &Arc<Bot>, channel: Id<ChannelMarker>, mut after: Id<MessageMarker>) -> Result<usize, Trouble> {
    let mut count = 0;
    while count < MOST {
        let page = bot.rest.messages(|| bot.rest.http.channel_messages(channel).after(after).limit(PAGE)).await?;
        let Some(last) = page.messages.last() else { break };
        (after, count) = (last.id, count + page.messages.len());
        hear(bot, page.messages).await;
        if page.size < usize::from(PAGE) {
            break;
        }
    }
    Ok(count)
}

/// A channel that was never heard: its last messages, up to the configured count, oldest first.
async fn backwards(bot: &Arc<Bot>, channel: Id<ChannelMarker>) -> Result<usize, Trouble> {
    let mut all: Vec<Message> = Vec::new();
    while all.len() < bot.rest.backfill {
        let limit = u16::try_from(bot.rest.backfill - all.len()).unwrap_or(PAGE).min(PAGE);
        let oldest = all.last().map(|message| message.id);
        let page = match oldest {
            None => bot.rest.messages(|| bot.rest.http.channel_messages(channel).limit(limit)).await?,
            Some(oldest) => {
                bot.rest.messages(|| bot.rest.http.channel_messages(channel).before(oldest).limit(limit)).await?
            }
        };
        let is_last = page.size < usize::from(limit) || page.messages.is_empty();
        all.extend(page.messages.into_iter().rev());
        if is_last {
            break;
        }
    }
    all.reverse();
    let count = all.len();
    hear(bot, all).await;
    Ok(count)
}

async fn hear(bot: &Arc<Bot>, messages: Vec<Message>) {
    for mut message in messages {
        // REST leaves out what the gateway tells: the guild, and with it who may do what. Nobody commands from the past.
        message.guild_id = None;
        if let Some(line) = convert::line(&message, bot.me.user_id, &bot.directory) {
            bot.recorder.put_patiently(Note::Heard(message.channel_id, Heard::Line(line))).await;
        }
    }
}
