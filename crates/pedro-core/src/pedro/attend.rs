//! Those who wait are looked after: they are told once that it takes longer, and that it took too long.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Pedro;
use crate::plan::PlanStatus;
use crate::question::{PATIENCE, UNASKED_WITHIN};
use crate::reply;
use crate::service::metrics::record;
use crate::speech::{ReplyTarget, can_edit};
use crate::store::StoreError;
use crate::store::plan as plans;
use crate::store::question::{self as questions, Waiting};
use crate::voice::{Answers, Utterance};

/// How often.
const ATTEND_EVERY: Duration = Duration::from_secs(1);

/// How often it is said anew how many are before somebody, where a message can be changed.
pub(super) const RETELL_EVERY: Duration = Duration::from_secs(15);

impl Pedro {
    pub(super) async fn attend(self: &Arc<Self>) {
        let (stop, pulse) = (self.shutdown.token(), self.shutdown.pulse("attendant"));
        let mut retold = Instant::now();
        while !stop.is_cancelled() {
            let due = retold.elapsed() >= RETELL_EVERY;
            if due {
                retold = Instant::now();
            }
            let attended = async {
                self.attend_once().await?;
                if due { self.retell_waiting().await } else { Ok(()) }
            };
            if let Err(error) = pulse.during(attended).await {
                tracing::debug!(%error, "those who wait are looked after when the database is back");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(ATTEND_EVERY) => {}
            }
        }
    }

    async fn attend_once(self: &Arc<Self>) -> Result<(), StoreError> {
        let reach = self.reach();
        questions::drop_unbegun(&self.pool, &reach, UNASKED_WITHIN).await?;
        for waiting in questions::take_expired(&self.pool, &reach, self.terms.expiry).await? {
            self.tell_end(waiting, reply::expired());
        }
        for waiting in questions::take_unacknowledged(&self.pool, &reach, PATIENCE).await? {
            let ahead = questions::ahead(&self.pool, waiting.id).await?;
            self.tell_waiting(waiting, ahead);
        }
        let mut connection = self.pool.acquire().await?;
        questions::sweep(&mut connection).await?;
        let swept = plans::sweep(&mut connection).await?;
        drop(connection);
        for (status, count) in [(PlanStatus::Stopped, swept.stopped), (PlanStatus::Failed, swept.failed)] {
            record::plans(status, u64::try_from(count).unwrap_or(0));
        }
        let open = questions::open(&self.pool, &reach).await?;
        record::queue(
            u64::try_from(open.count).unwrap_or(0),
            Duration::try_from_secs_f64(open.oldest).unwrap_or_default(),
        );
        self.patience.tidy();
        self.voice.tidy();
        Ok(())
    }

    /// What people read of those before them becomes less. Those that a worker holds are its own to tell of.
    async fn retell_waiting(self: &Arc<Self>) -> Result<(), StoreError> {
        let told = self.voice.waiting();
        if told.is_empty() {
            return Ok(());
        }
        for waiting in questions::queued_of(&self.pool, &told).await? {
            let ahead = questions::ahead(&self.pool, waiting.id).await?;
            self.tell_waiting(waiting, ahead);
        }
        Ok(())
    }

    fn tell_waiting(self: &Arc<Self>, waiting: Waiting, ahead: i64) {
        let pedro = Arc::clone(self);
        self.shutdown.spawn("notice", async move {
            let Ok(Some(place)) = pedro.places.find(waiting.channel_id).await else { return };
            let Ok(target) = serde_json::from_value::<ReplyTarget>(waiting.reply_target) else { return };
            if can_edit(pedro.platform) {
                if let Err(error) = pedro.voice.show_waiting(waiting.id, &place, Some(&target), ahead).await {
                    tracing::debug!(%error, "an asker was not told that it takes longer");
                }
            } else {
                let text = reply::on_it(ahead);
                let utterance = Utterance { stored: !waiting.ephemeral, ..Utterance::reply(&place, &target, &text) };
                pedro.say(&utterance).await;
            }
        });
    }

    /// A last word about a question that nobody works on any more.
    pub(super) fn tell_end(self: &Arc<Self>, waiting: Waiting, text: String) {
        let pedro = Arc::clone(self);
        self.shutdown.spawn("notice", async move {
            // Nobody waits for it, and nothing is to be seen of it.
            let is_shown = waiting.shown_message_id.is_some();
            if !is_shown && questions::is_unasked(&pedro.pool, waiting.id).await.unwrap_or(true) {
                return;
            }
            let Ok(Some(place)) = pedro.places.find(waiting.channel_id).await else { return };
            let Ok(target) = serde_json::from_value::<ReplyTarget>(waiting.reply_target) else { return };
            if !target.is_somebody() {
                return;
            }
            let below = !pedro.plans_of(waiting.id).await.unwrap_or_default().is_empty();
            let answers = Some(Answers { question: waiting.id, lease: None, said: 0, round: waiting.round, below });
            let stored = !waiting.ephemeral;
            pedro.say(&Utterance { stored, answers, ..Utterance::reply(&place, &target, &text) }).await;
            if below {
                pedro.show_ended_plan(waiting.id, &place).await;
            }
        });
    }
}
