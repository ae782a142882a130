//! The only room that knows the whole flow: here a line is heard, stored, looked at; in `obey` a command is carried out; in
//! `ask` a question is answered; in `attend` those who wait are looked after.

mod ask;
mod attend;
mod clear;
mod event;
mod interact;
mod obey;
mod overhear;
mod plan;
mod recap;
mod unasked;
mod wish;

pub use overhear::Overheard;
pub use wish::Wish;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::{Notify, Semaphore};
use tracing::Instrument;
use url::Url;

use crate::answer::Answering;
use crate::chat::{ChannelKey, ChatMessage, Heard, Platform, Removal};
use crate::game::Games;
use crate::knowledge::TrainedPrompts;
use crate::listener::{FollowUp, Followed, Line, Listener};
use crate::memory::{InboxReader, PersonHasher};
use crate::patience::Patience;
use crate::places::Places;
use crate::plan::executor::Executor;
use crate::plan::planner::Planner;
use crate::question::{Terms, Worker};
use crate::recap::Recaps;
use crate::service::Shutdown;
use crate::service::metrics::catalog::DropReason;
use crate::service::metrics::record;
use crate::service::telemetry;
use crate::speech::can_edit;
use crate::store::question::Reach;
use crate::store::{StoreError, channel, erase, message, opt_out};
use crate::voice::Voice;

/// How many questions one process works on at once. The model's slots decide how many really run.
const WORKERS: usize = 4;

/// How long to wait before something is tried again that the database did not do.
const RETRY_AFTER: Duration = Duration::from_millis(300);

/// Pedro, once it is there: the pages are served before.
pub type Booted = Arc<OnceLock<Arc<Pedro>>>;

/// Pedro on one platform.
pub struct Pedro {
    /// The database.
    pub pool: PgPool,
    /// The platform that this process speaks on.
    pub platform: Platform,
    /// Communities and channels.
    pub places: Arc<Places>,
    /// Writes lines and decides about them.
    pub listener: Listener,
    /// Makes answers.
    pub answering: Answering,
    /// Makes recaps.
    pub recaps: Recaps,
    /// Makes plans.
    pub planner: Arc<Planner>,
    /// Carries them out.
    pub executor: Executor,
    /// Where people reach this bot's pages, if they do.
    pub public_url: Option<Url>,
    /// Twenty questions.
    pub games: Arc<Games>,
    /// What it was taught.
    pub prompts: Arc<TrainedPrompts>,
    /// Lines that nobody addressed to it, for some moments.
    pub overheard: Overheard,
    /// Says texts.
    pub voice: Arc<Voice>,
    /// Hashes people.
    pub hasher: PersonHasher,
    /// Told when lines were written.
    pub embed_wake: Arc<Notify>,
    /// Told when questions were accepted.
    pub question_wake: Arc<Notify>,
    /// Where tasks are spawned.
    pub shutdown: Shutdown,
    /// Places for commands and short replies.
    pub errands: Arc<Semaphore>,
    /// On what terms questions are accepted.
    pub terms: Terms,
    /// What each person may still do.
    pub patience: Patience,
}

impl Pedro {
    /// Starts the tasks: reading the inbox, answering questions, looking after those who wait.
    pub fn start(self: &Arc<Self>, mut inbox: InboxReader) {
        let (pedro, pulse) = (Arc::clone(self), self.shutdown.pulse("inbox"));
        self.shutdown.spawn_essential("inbox", async move {
            while let Some(batch) = inbox.next_batch().await {
                pulse.during(pedro.hear(batch)).await;
            }
        });
        let held = self.voice.held().clone();
        for _ in 0..WORKERS {
            let pedro = Arc::clone(self);
            let reach = Arc::clone(self);
            let worker = Worker {
                pool: self.pool.clone(),
                reach: Arc::new(move || reach.reach()),
                expiry: self.terms.expiry,
                wake: Arc::clone(&self.question_wake),
                held: held.clone(),
                stop: self.shutdown.token(),
                give_up: self.shutdown.work_token(),
            };
            self.shutdown.spawn_essential(
                "question worker",
                worker.run(move |question, stop| {
                    let pedro = Arc::clone(&pedro);
                    async move { pedro.ask(question, stop).await }
                }),
            );
        }
        self.shutdown.spawn_essential("overhearing", Arc::clone(self).overhear());
        self.shutdown.spawn_essential("trained prompts", Arc::clone(self).follow_prompts());
        // Twenty questions needs buttons and threads.
        if can_edit(self.platform) {
            self.start_games();
        }
        let pedro = Arc::clone(self);
        self.shutdown.spawn_essential("attendant", async move { pedro.attend().await });
    }

    fn start_games(&self) {
        let (games, token, work) = (Arc::clone(&self.games), self.shutdown.token(), self.shutdown.work_token());
        self.shutdown.spawn_essential("games", async move { games.run(token, work).await });
    }

    /// What was heard, in order. Lines that stand together are written in one statement; what changes memory or a
    /// person's choices happens between the lines where it was said.
    pub async fn hear(self: &Arc<Self>, batch: Vec<Heard>) {
        let mut lines = Vec::with_capacity(batch.len());
        for heard in batch {
            match heard {
                Heard::Line(message) => {
                    let Some(line) = self.line(message) else { continue };
                    match line.privacy_command() {
                        Some(command) => {
                            self.hear_lines(std::mem::take(&mut lines)).await;
                            let span = telemetry::of_message(&line.message.platform_message_id);
                            self.obey_privacy(line, command).instrument(span).await;
                        }
                        None => lines.push(line),
                    }
                }
                Heard::Edited { platform, platform_user_id, platform_message_id, text } => {
                    self.hear_lines(std::mem::take(&mut lines)).await;
                    let person = self.hasher.hash(platform, &platform_user_id);
                    self.until_stored("change", || self.edit(platform, &person, &platform_message_id, &text)).await;
                    self.embed_wake.notify_one();
                }
                Heard::Removed { channel, removal } => {
                    self.hear_lines(std::mem::take(&mut lines)).await;
                    self.until_stored("removal", || self.remove(&channel, &removal)).await;
                }
                Heard::Gap { channel, from, until } => {
                    let Some(place) = self.places.get(&channel) else { continue };
                    self.until_stored("gap", || channel::insert_gap(&self.pool, place.id, from, until)).await;
                }
                Heard::Fetched { channel } => {
                    self.hear_lines(std::mem::take(&mut lines)).await;
                    let Some(place) = self.places.get(&channel) else { continue };
                    self.until_stored("fetch", || channel::end_fetch(&self.pool, place.id)).await;
                }
            }
        }
        self.hear_lines(lines).await;
    }

    fn line(&self, message: ChatMessage) -> Option<Line> {
        let place = self.places.get(&message.channel);
        let (id, channel) = (&message.platform_message_id, &message.channel.platform_channel_id);
        tracing::debug!(message.id = id, channel, "a line was heard");
        if place.is_none() {
            tracing::warn!(channel = %message.channel.platform_channel_id, "a line of an unknown channel is dropped");
        }
        place.map(|place| Line::new(message, place, &self.hasher))
    }

    async fn hear_lines(self: &Arc<Self>, lines: Vec<Line>) {
        if lines.is_empty() {
            return;
        }
        let lines = self.note_moves(lines).await;
        let followed = self.listener.hear(&lines).await;
        self.embed_wake.notify_one();
        for followed in followed {
            self.follow_up(&lines[followed.line], followed);
        }
    }

    /// Marks the lines that answer a question of a game: they ask nothing.
    async fn note_moves(&self, mut lines: Vec<Line>) -> Vec<Line> {
        for line in lines.iter_mut().filter(|line| line.place.own_thread) {
            line.is_move = self.games.hear(line).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "an answer in a game was not taken");
                false
            });
        }
        lines
    }

    fn follow_up(self: &Arc<Self>, line: &Line, followed: Followed) {
        // Whatever is started in here says for which line.
        let _line = telemetry::of_message(&line.message.platform_message_id).entered();
        match followed.follow_up {
            FollowUp::Answer => {
                self.question_wake.notify_one();
                if can_edit(self.platform) && line.put.is_none() {
                    self.voice.type_in(&line.place);
                }
            }
            FollowUp::Refuse(text) if line.put.is_some() || self.patience.tells(&line.person, &text) => {
                self.reply(line, text, followed.stored);
            }
            FollowUp::Refuse(_) => {}
            FollowUp::Correct(_) | FollowUp::Obey(_) if !self.patience.takes_command(&line.person) => {
                record::messages_dropped(self.platform.as_str(), DropReason::Busy, 1);
            }
            FollowUp::Correct(text) => self.reply(line, text, followed.stored),
            FollowUp::Obey(command) => {
                tracing::info!(command = command.name(), "a command is carried out");
                self.obey(line, command, followed.stored);
            }
            FollowUp::Consider(id) => self.consider(line, id),
        }
    }

    /// Whose askers this process can speak to.
    fn reach(&self) -> Reach {
        self.places.reach(self.platform, self.terms.everywhere)
    }

    /// A changed line. That of somebody who opted out of storage since is stored no longer.
    async fn edit(self: &Arc<Self>, platform: Platform, person: &[u8], id: &str, text: &str) -> Result<(), StoreError> {
        let choices = opt_out::find(&self.pool, &[person.to_vec()]).await?;
        if choices.iter().any(|(_, choice)| choice.storage) {
            let mut transaction = self.pool.begin().await?;
            let erased = erase::line(&mut transaction, platform, id).await?;
            transaction.commit().await?;
            self.close_questions(erased.seen.open);
        } else {
            message::edit(&self.pool, platform, id, text).await?;
        }
        Ok(())
    }

    async fn remove(self: &Arc<Self>, channel: &ChannelKey, removal: &Removal) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        let erased = match removal {
            Removal::Line { platform_message_id } => {
                erase::line(&mut transaction, channel.platform, platform_message_id).await?
            }
            Removal::Author { platform_user_id, since } => {
                let Some(place) = self.places.get(channel) else { return Ok(()) };
                erase::channel_lines(&mut transaction, place.id, Some(platform_user_id), *since).await?
            }
            Removal::Everything { since } => {
                let Some(place) = self.places.get(channel) else { return Ok(()) };
                erase::channel_lines(&mut transaction, place.id, None, Some(*since)).await?
            }
        };
        transaction.commit().await?;
        self.close_questions(erased.seen.open);
        Ok(())
    }

    /// Does something to the database, and again while that is away. What fails for good is logged and given up.
    async fn until_stored<F>(&self, what: &str, attempt: impl Fn() -> F)
    where
        F: Future<Output = Result<(), StoreError>>,
    {
        while let Err(error) = attempt().await {
            if error.blames_the_data() {
                return tracing::error!(%error, "a {what} could not be stored");
            }
            tracing::warn!(%error, "a {what} waits for the database");
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }
}
