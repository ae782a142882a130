//! Lines that nobody addressed to Pedro: once they have their embedding, those that were trained, and questions to the
//! room that Pedro knows something of, become questions too. Off the ingest path; what took too long is let go.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::sync::Notify;

use super::Pedro;
use crate::chat::{Chattiness, MessageId};
use crate::knowledge;
use crate::listener::Line;
use crate::question::UNASKED_WITHIN;
use crate::service::metrics::catalog::DropReason;
use crate::service::metrics::record;
use crate::store::embedding::{self, Embedded};
use crate::store::message::{self, MessageRow};
use crate::store::{StoreError, trained_prompt};
use crate::trigger::overhear::{self, Asks, Earlier};

/// Lines that are considered at once. Of more the oldest are let go and counted.
const CONSIDERED: usize = 512;

/// How often the embeddings of lines are looked for: whichever process makes them.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The lines before a line that are read: who talks with whom, and who was heard lately.
const LINES_BEFORE: i64 = 60;
const MINUTES_BEFORE: i64 = 30;

/// A line that waits for its embedding.
struct Considered {
    line: Line,
    id: MessageId,
    heard: Instant,
}

/// The lines that wait for their embedding.
#[derive(Default)]
pub struct Overheard {
    /// Held for moments only.
    lines: Mutex<VecDeque<Considered>>,
    wake: Notify,
}

impl Overheard {
    fn put(&self, considered: Considered) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= CONSIDERED
            && let Some(oldest) = lines.pop_front()
        {
            record::messages_dropped(oldest.line.place.key.platform.as_str(), DropReason::Busy, 1);
        }
        lines.push_back(considered);
        self.wake.notify_one();
    }

    /// The rows of the lines that are not too old.
    fn waiting(&self) -> Vec<MessageId> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.retain(|considered| considered.heard.elapsed() < UNASKED_WITHIN);
        lines.iter().map(|considered| considered.id).collect()
    }

    fn take(&self, ready: &HashMap<MessageId, Embedded>) -> Vec<Considered> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let (taken, rest) = lines.drain(..).partition(|considered| ready.contains_key(&considered.id));
        *lines = rest;
        VecDeque::into(taken)
    }
}

impl Pedro {
    /// A line that may ask something of whoever reads waits for its embedding.
    pub(super) fn consider(&self, line: &Line, id: MessageId) {
        self.overheard.put(Considered { line: line.clone(), id, heard: Instant::now() });
    }

    /// Looks after the lines that wait, until told to stop.
    pub(super) async fn overhear(self: Arc<Self>) {
        let stop = self.shutdown.token();
        while !stop.is_cancelled() {
            let waiting = self.overheard.waiting();
            if waiting.is_empty() {
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = self.overheard.wake.notified() => continue,
                }
            }
            match embedding::of_lines(&self.pool, self.prompts.space(), &waiting).await {
                Ok(ready) => self.decide_all(ready).await,
                Err(error) => {
                    tracing::debug!(%error, "lines that nobody addressed are looked at when the database is back")
                }
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn decide_all(&self, ready: Vec<Embedded>) {
        let ready: HashMap<MessageId, Embedded> = ready.into_iter().map(|line| (line.id, line)).collect();
        for Considered { line, id, heard } in self.overheard.take(&ready) {
            if heard.elapsed() >= UNASKED_WITHIN || self.shutdown.token().is_cancelled() {
                continue;
            }
            match self.decide_unasked(&line, &ready[&id]).await {
                Ok(true) => self.question_wake.notify_one(),
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "a line that nobody addressed was not looked at"),
            }
        }
    }

    /// Whether a line became a question.
    async fn decide_unasked(&self, line: &Line, embedded: &Embedded) -> Result<bool, StoreError> {
        let (place, text) = (&line.place, line.message.text.as_str());
        let chattiness = place.chattiness();
        if chattiness == Chattiness::Quiet || place.is_paused(Utc::now()) {
            return Ok(false);
        }
        let since = Utc::now() - chrono::Duration::minutes(MINUTES_BEFORE);
        let before = message::latest(&self.pool, place.id, since, Some(embedded.id), LINES_BEFORE).await?;
        let asks = asks(line, &before);
        if asks == Asks::Nothing {
            return Ok(false);
        }
        let near = self.prompts.near(place.home.id, text, &embedded.vector).await?;
        if let Some(best) = near.first().filter(|best| best.matches) {
            return self.listener.accept_unasked(line, Some(best.fit.id)).await;
        }
        if asks < Asks::TheRoom || chattiness < Chattiness::Questions {
            return Ok(false);
        }
        let retriever = &self.planner.retriever;
        if !knowledge::bears_out(retriever, place, text, embedded.id, embedded.author).await? {
            return Ok(false);
        }
        self.listener.accept_unasked(line, None).await
    }

    /// Follows the files of trained prompts, and gives their examples embeddings, until told to stop.
    pub(super) async fn follow_prompts(self: Arc<Self>) {
        const EVERY: Duration = Duration::from_secs(1);
        let stop = self.shutdown.token();
        while !stop.is_cancelled() {
            for home in self.places.homes() {
                match self.prompts.follow(home.id, home.trained_prompts.as_ref()).await {
                    Ok(None | Some(0)) => {}
                    Ok(Some(count)) => tracing::info!("{count} trained prompts of {} were read", home.settings.name),
                    Err(error) => tracing::debug!(%error, "trained prompts are read when the database is back"),
                }
            }
            if let Err(error) = self.prompts.embed_new().await {
                tracing::debug!(%error, "trained prompts wait for their embeddings");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// What Pedro was taught to answer to a question that was taken for a trained prompt.
    pub(super) async fn taught(&self, id: crate::chat::TrainedPromptId) -> Result<Option<String>, StoreError> {
        trained_prompt::answer(&self.pool, id).await
    }
}

fn asks(line: &Line, before: &[MessageRow]) -> Asks {
    let said = line.message.sent_at;
    let earlier: Vec<Earlier<'_>> = before
        .iter()
        .map(|row| Earlier {
            who: &row.author,
            text: &row.text,
            ago: (said - row.sent_at).to_std().unwrap_or(Duration::ZERO),
        })
        .collect();
    let mut names: Vec<String> = before.iter().map(|row| row.author.clone()).collect();
    names.sort();
    names.dedup();
    overhear::asks(&line.message.text, &line.message.author.display_name, &earlier, &names)
}
