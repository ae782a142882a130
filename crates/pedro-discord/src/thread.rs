//! A thread of its own for a question or a game, where that is possible.

use std::sync::Arc;

use pedro_core::places::Place;
use twilight_model::channel::ChannelType;
use twilight_model::channel::thread::AutoArchiveDuration;
use twilight_model::guild::Permissions;
use twilight_model::id::Id;
use twilight_model::id::marker::MessageMarker;

use crate::bot::Bot;
use crate::call::Call;
use crate::rest::Trouble;

/// Characters of a thread's name. <https://docs.discord.com/developers/resources/channel#start-thread-from-message>
const NAME: usize = 100;

/// A message has its thread already. <https://docs.discord.com/developers/topics/opcodes-and-status-codes#json>
const OPENED_ALREADY: u64 = 160_004;

impl Bot {
    /// Whether the channel of a call can have threads: not a thread itself, nor a direct message. A thread in which Pedro
    /// must not write is worse than none.
    pub(crate) fn can_open_thread(&self, call: &Call) -> bool {
        let kind = call.interaction.channel.as_ref().map(|channel| channel.kind).or(self.directory.kind(call.channel));
        call.interaction.guild_id.is_some()
            && matches!(kind, Some(ChannelType::GuildText | ChannelType::GuildAnnouncement))
            && !call.interaction.app_permissions.is_some_and(leads_into_silence)
    }

    /// Opens a thread under a message, and its place. `None` where that fails: most often the permission
    /// is missing.
    pub(crate) async fn open_thread(
        self: &Arc<Self>,
        call: &Call,
        message: Id<MessageMarker>,
        name: &str,
    ) -> Option<Arc<Place>> {
        let name = title(name);
        let opened = self
            .rest
            .channel(|| {
                self.rest
                    .http
                    .create_thread_from_message(call.channel, message, &name)
                    .auto_archive_duration(AutoArchiveDuration::Day)
            })
            .await;
        let thread = match opened {
            Ok(thread) => thread,
            // It was opened, and only the word of that was lost. A thread has the id of its message.
            Err(Trouble::Refused { code: OPENED_ALREADY, .. }) => {
                self.rest.channel(|| self.rest.http.channel(message.cast())).await.ok()?
            }
            Err(error) => {
                tracing::info!(%error, "no thread could be opened: the answer stays in place");
                return None;
            }
        };
        let known = self.directory.known(&thread, &self.communities)?.into_own_thread();
        match self.pedro.places.open(&known.community, &known.seen()).await {
            Ok(place) => Some(place),
            Err(error) => {
                tracing::warn!(%error, "a thread could not be noted");
                None
            }
        }
    }
}

/// Whether threads can be opened, and not written in.
fn leads_into_silence(permissions: Permissions) -> bool {
    !permissions.contains(Permissions::ADMINISTRATOR)
        && permissions.contains(Permissions::CREATE_PUBLIC_THREADS)
        && !permissions.contains(Permissions::SEND_MESSAGES_IN_THREADS)
}

/// A text as a thread's name: one line, not too long.
fn title(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(NAME - 1).collect();
    match (short.is_empty(), short.len() < line.len()) {
        (true, _) => "a question".to_owned(),
        (_, true) => format!("{short}…"),
        _ => short,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_short_line() {
        assert_eq!(title(" what\nis  this? "), "what is this?");
        assert_eq!(title(&"é".repeat(300)).chars().count(), NAME);
        assert_eq!(title(" "), "a question");
    }
}
