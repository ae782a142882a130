//! What people still see of what is no more gives way to a neutral word, where messages can be changed.

use std::sync::Arc;

use super::Pedro;
use crate::chat::ChannelId;
use crate::listener::Line;
use crate::places::Place;
use crate::reply;
use crate::speech::{Controls, ReplyTarget, can_edit};
use crate::store::StoreError;
use crate::store::erase::{self, Seen};
use crate::store::question::Waiting;

/// The most messages that are changed for one person: Discord takes about one a second in a channel.
const MOST: usize = 300;

impl Pedro {
    /// `!forget` as a reply: the line goes that it replies to, with everything that was made from it; of an answer of
    /// Pedro's the whole.
    pub(super) async fn forget_replied(self: &Arc<Self>, line: &Line) -> String {
        let Some(pointed_at) = &line.message.reply_to else { return reply::privacy::forget_what(self.platform) };
        match self.forget_line(&line.place, &pointed_at.platform_message_id).await {
            Ok(Some(seen)) => {
                self.clear_away(seen);
                reply::privacy::line_forgotten()
            }
            Ok(None) => reply::privacy::line_unknown(),
            Err(error) => {
                tracing::warn!(%error, "a line was not forgotten");
                reply::command_failed()
            }
        }
    }

    /// `None` if there is no such line in the place.
    async fn forget_line(&self, place: &Place, platform_message_id: &str) -> Result<Option<Seen>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let platform = place.key.platform;
        let erased = erase::pointed_at(&mut transaction, place.id, platform, platform_message_id).await?;
        transaction.commit().await?;
        Ok((erased.lines > 0).then_some(erased.seen))
    }

    /// What was erased because somebody wanted it is not left standing.
    pub(super) fn clear_away(self: &Arc<Self>, seen: Seen) {
        if !can_edit(self.platform) {
            return;
        }
        let Seen { open, said, threads } = seen;
        self.close_questions(open);
        let pedro = Arc::clone(self);
        self.shutdown.spawn("clearing away", async move {
            let stop = pedro.shutdown.token();
            tokio::select! {
                () = stop.cancelled() => tracing::info!("some messages of what was forgotten are left standing"),
                () = pedro.clear(&threads, &said) => {}
            }
        });
    }

    async fn clear(&self, threads: &[ChannelId], said: &[(ChannelId, String)]) {
        // First the threads: in one that is archived no message can be changed.
        for thread in threads.iter().take(MOST) {
            let Some(place) = self.place_of(*thread).await else { continue };
            if let Err(error) = self.voice.name(&place, &reply::privacy::forgotten_thread()).await {
                tracing::debug!(%error, "a thread keeps its name");
            }
        }
        for (channel, id) in said.iter().take(MOST) {
            let Some(place) = self.place_of(*channel).await else { continue };
            if let Err(error) =
                self.voice.change(&place, id, &reply::privacy::forgotten_here(), Controls::default(), None).await
            {
                tracing::debug!(%error, "a message of what was forgotten is left standing");
            }
        }
    }

    /// Open questions that are gone, or will not be answered, leave no "on it" and no half an answer.
    pub(super) fn close_questions(self: &Arc<Self>, open: Vec<Waiting>) {
        for waiting in open.into_iter().filter(|_| can_edit(self.platform)) {
            let pedro = Arc::clone(self);
            self.shutdown.spawn("notice", async move {
                let Some(place) = pedro.place_of(waiting.channel_id).await else { return };
                let target = serde_json::from_value::<ReplyTarget>(waiting.reply_target).ok();
                let (shown, text) = (waiting.shown_message_id, reply::question_gone());
                if let Err(error) = pedro.voice.close(waiting.id, &place, target.as_ref(), shown, &text).await {
                    tracing::debug!(%error, "a question that is gone left a word standing");
                }
            });
        }
    }

    async fn place_of(&self, channel: ChannelId) -> Option<Arc<Place>> {
        self.places.find(channel).await.ok()?
    }
}
