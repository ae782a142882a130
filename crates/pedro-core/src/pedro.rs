//! The only file that knows the whole flow: a line is heard, stored, looked at; a question is answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use sqlx::PgPool;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::answer::{Answering, Failure};
use crate::chat::{ChannelKey, ChatMessage, Heard, Platform, Removal};
use crate::command::{self, Given, Person};
use crate::listener::{FollowUp, Line, Listener};
use crate::memory::{InboxReader, PersonHasher};
use crate::places::{Place, Places};
use crate::question::{ATTEMPTS, EXPIRY, Held, PATIENCE, Settled, Unsettled, Worker};
use crate::reply;
use crate::service::Shutdown;
use crate::service::metrics::catalog::{DropReason, ReplyKind, Stage};
use crate::service::metrics::record;
use crate::speech::{NotSpoken, ReplyTarget};
use crate::store::question::{self as questions, Ending, Question};
use crate::store::{StoreError, channel, erase};
use crate::trigger::{Command, Usage};
use crate::voice::{Utterance, Voice};

/// How many commands and short replies may be under way at once. One more is dropped, counted and logged: a flood of
/// commands must not pile up behind the platform's send limit.
const ERRANDS: usize = 64;

/// How many questions one process works on at once. The model's slots decide how many really run.
const WORKERS: usize = 4;

/// How long to wait before something is tried again that the database did not do.
const RETRY_AFTER: Duration = Duration::from_millis(300);

/// How often the askers of waiting questions are looked after.
const ATTEND_EVERY: Duration = Duration::from_secs(1);

/// Pedro on one platform.
pub struct Pedro {
    /// The database.
    pub pool: PgPool,
    /// The platform that this process speaks on.
    pub platform: Platform,
    /// Communities and channels.
    pub places: Places,
    /// Writes lines and decides about them.
    pub listener: Listener,
    /// Makes answers.
    pub answering: Answering,
    /// Says texts.
    pub voice: Voice,
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
}

impl Pedro {
    /// Permits for [`Pedro::errands`].
    pub fn errands() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(ERRANDS))
    }

    /// Starts the tasks: reading the inbox, answering questions, looking after those who wait.
    pub fn start(self: &Arc<Self>, mut inbox: InboxReader) {
        let pedro = Arc::clone(self);
        self.shutdown.spawn_essential("inbox", async move {
            while let Some(batch) = inbox.next_batch().await {
                pedro.hear(batch).await;
            }
        });
        let held = Held::default();
        for _ in 0..WORKERS {
            let pedro = Arc::clone(self);
            let worker = Worker {
                pool: self.pool.clone(),
                platform: self.platform,
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
        let pedro = Arc::clone(self);
        self.shutdown.spawn_essential("attendant", async move { pedro.attend().await });
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
                            self.obey_privacy(line, command).await;
                        }
                        None => lines.push(line),
                    }
                }
                Heard::Removed { channel, removal } => {
                    self.hear_lines(std::mem::take(&mut lines)).await;
                    self.until_stored("removal", || self.remove(&channel, &removal)).await;
                }
                Heard::Gap { channel, from, until } => {
                    let Some(place) = self.places.get(&channel) else { continue };
                    self.until_stored("gap", || channel::insert_gap(&self.pool, place.id, from, until)).await;
                }
            }
        }
        self.hear_lines(lines).await;
    }

    fn line(&self, message: ChatMessage) -> Option<Line> {
        let place = self.places.get(&message.channel);
        if place.is_none() {
            tracing::warn!(channel = %message.channel.platform_channel_id, "a line of an unknown channel is dropped");
        }
        place.map(|place| Line::new(message, place, &self.hasher))
    }

    async fn hear_lines(self: &Arc<Self>, lines: Vec<Line>) {
        if lines.is_empty() {
            return;
        }
        let follow_ups = self.listener.hear(&lines).await;
        self.embed_wake.notify_one();
        for (line, follow_up) in follow_ups {
            match follow_up {
                FollowUp::Answer => self.question_wake.notify_one(),
                FollowUp::Say(text) => self.reply(&lines[line], text),
                FollowUp::Obey(command) => self.obey(&lines[line], command),
            }
        }
    }

    /// Says a text to whoever wrote a line, off the ingest path.
    fn reply(self: &Arc<Self>, line: &Line, text: String) {
        let (pedro, place, target, stored) =
            (Arc::clone(self), Arc::clone(&line.place), line.target(), line.is_stored());
        self.errand(async move {
            let utterance = Utterance { stored, ..Utterance::reply(&place, &target, &text) };
            pedro.say(&utterance).await;
        });
    }

    /// Carries out a command, off the ingest path.
    fn obey(self: &Arc<Self>, line: &Line, command: Command) {
        if line.message.author.role < command.needs() {
            return self.reply(line, reply::moderators_only());
        }
        let (pedro, place, target, stored) =
            (Arc::clone(self), Arc::clone(&line.place), line.target(), line.is_stored());
        let began = Instant::now();
        self.errand(async move {
            let given = Given { pool: &pedro.pool, place: &place, now: Utc::now() };
            let text = command::obey(&command, &given).await.unwrap_or_else(|error| {
                tracing::warn!(%error, command = command.name(), "a command failed");
                reply::command_failed()
            });
            let utterance = Utterance { stored, ..Utterance::reply(&place, &target, &text) };
            pedro.say(&utterance).await;
            record::replied(pedro.platform.as_str(), ReplyKind::Command, began.elapsed());
        });
    }

    /// Carries out a privacy command before anything that was said after it is stored; waits for the database as lines
    /// do. The answer is not stored.
    async fn obey_privacy(self: &Arc<Self>, line: Line, command: Result<Command, Usage>) {
        let text = match &command {
            Err(usage) => reply::usage(&usage.usage),
            Ok(command) => self.obey_privacy_patiently(&line, command).await,
        };
        self.reply(&Line { stored: false, ..line }, text);
    }

    async fn obey_privacy_patiently(&self, line: &Line, command: &Command) -> String {
        let author = &line.message.author;
        let person = Person { platform: self.platform, platform_user_id: &author.platform_user_id, hash: &line.person };
        loop {
            match command::obey_privacy(command, &person, &self.pool).await {
                Ok(text) => return text,
                Err(error) if error.is_transient() => {
                    tracing::warn!(%error, command = command.name(), "a privacy command waits for the database");
                }
                Err(error) => {
                    tracing::error!(%error, command = command.name(), "a privacy command failed");
                    return reply::command_failed();
                }
            }
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }

    fn errand(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        let Ok(permit) = Arc::clone(&self.errands).try_acquire_owned() else {
            record::messages_dropped(self.platform.as_str(), DropReason::Busy, 1);
            tracing::warn!("too many commands are under way: one is dropped");
            return;
        };
        self.shutdown.spawn("errand", async move {
            work.await;
            drop(permit);
        });
    }

    async fn say(&self, utterance: &Utterance<'_>) {
        if let Err(error) = self.voice.say(utterance).await {
            tracing::warn!(%error, "a reply was not sent");
        }
    }

    async fn remove(&self, channel: &ChannelKey, removal: &Removal) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        match removal {
            Removal::Line { platform_message_id } => {
                erase::line(&mut transaction, channel.platform, platform_message_id).await?;
            }
            Removal::Author { platform_user_id, since } => {
                let Some(place) = self.places.get(channel) else { return Ok(()) };
                erase::channel_lines(&mut transaction, place.id, Some(platform_user_id), *since).await?;
            }
            Removal::Everything { since } => {
                let Some(place) = self.places.get(channel) else { return Ok(()) };
                erase::channel_lines(&mut transaction, place.id, None, Some(*since)).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Does something to the database, and again while that is away. What fails for good is logged and given up.
    async fn until_stored<F>(&self, what: &str, attempt: impl Fn() -> F)
    where
        F: Future<Output = Result<(), StoreError>>,
    {
        while let Err(error) = attempt().await {
            if !error.is_transient() {
                return tracing::error!(%error, "a {what} could not be stored");
            }
            tracing::warn!(%error, "a {what} waits for the database");
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }

    /// Answers a question that a worker holds.
    async fn ask(&self, question: Question, stop: CancellationToken) -> Result<Settled, Unsettled> {
        let Some(place) = self.places.by_id(question.channel_id) else {
            // Another process has this channel; it will find the question.
            return Err(Unsettled { wait: Duration::from_secs(5), counts: false });
        };
        let target: Option<ReplyTarget> = serde_json::from_value(question.reply_target.clone()).ok();
        let failure = match self.answer(&question, &place, target.as_ref(), &stop).await {
            Ok(()) => return Ok(Settled),
            Err(failure) => failure,
        };
        tracing::warn!(question.id = %question.id, "question {} was not answered: {failure}", question.id);
        match failure {
            Failure::Stopped => Err(Unsettled { wait: Duration::ZERO, counts: false }),
            Failure::SourceForgotten => Err(Unsettled { wait: Duration::ZERO, counts: false }),
            Failure::Store(_) | Failure::Unsent(NotSpoken::Unavailable) => {
                Err(Unsettled { wait: Duration::from_secs(2), counts: false })
            }
            Failure::ModelAway => {
                if questions::first_trouble(&self.pool, question.id).await.unwrap_or(false) {
                    self.tell(&question, &place, target.as_ref(), &reply::model_away()).await;
                }
                Err(Unsettled { wait: Duration::from_secs(3), counts: false })
            }
            Failure::Unsent(NotSpoken::Refused(_)) => self.finish(&question, Ending::Failed).await,
            Failure::Model(_) if question.attempts < ATTEMPTS => {
                Err(Unsettled { wait: Duration::from_secs(2), counts: true })
            }
            Failure::Model(_) | Failure::TooOften => {
                self.tell(&question, &place, target.as_ref(), &reply::gave_up()).await;
                self.finish(&question, Ending::Failed).await
            }
        }
    }

    async fn answer(
        &self,
        question: &Question,
        place: &Place,
        target: Option<&ReplyTarget>,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        let text = match &question.answer {
            Some(answer) => answer.clone(),
            None if question.attempts > ATTEMPTS => return Err(Failure::TooOften),
            None => {
                record::overhead(Stage::Queue, waited(question));
                self.answering.make(question, place, stop).await?
            }
        };
        let generation = self.answering.generation_of(question).await?;
        let said = usize::try_from(question.pieces_sent).unwrap_or(0);
        let answers = Some((question.id, said));
        let utterance = Utterance { place, to: target, text: &text, stored: !question.ephemeral, generation, answers };
        let began = Instant::now();
        self.voice.say(&utterance).await.map_err(Failure::Unsent)?;
        record::overhead(Stage::Send, began.elapsed());
        self.answering.finish(question, Ending::Answered).await?;
        record::replied(self.platform.as_str(), ReplyKind::Answer, waited(question));
        Ok(())
    }

    async fn finish(&self, question: &Question, ending: Ending) -> Result<Settled, Unsettled> {
        self.answering.finish(question, ending).await.map(|()| Settled).map_err(|error| {
            tracing::warn!(%error, "the end of a question could not be written");
            Unsettled { wait: Duration::from_secs(2), counts: false }
        })
    }

    async fn tell(&self, question: &Question, place: &Place, target: Option<&ReplyTarget>, text: &str) {
        let utterance =
            Utterance { place, to: target, text, stored: !question.ephemeral, generation: None, answers: None };
        self.say(&utterance).await;
        record::replied(self.platform.as_str(), ReplyKind::Apology, waited(question));
    }

    /// Looks after those who wait: tells them once that it takes longer, and that it took too long.
    async fn attend(self: &Arc<Self>) {
        let stop = self.shutdown.token();
        while !stop.is_cancelled() {
            if let Err(error) = self.attend_once().await {
                tracing::debug!(%error, "those who wait are looked after when the database is back");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(ATTEND_EVERY) => {}
            }
        }
    }

    async fn attend_once(self: &Arc<Self>) -> Result<(), StoreError> {
        for waiting in questions::take_expired(&self.pool, self.platform, EXPIRY).await? {
            self.tell_waiting(waiting, reply::expired());
        }
        for waiting in questions::take_unacknowledged(&self.pool, self.platform, PATIENCE).await? {
            let ahead = questions::ahead(&self.pool, waiting.id).await?;
            self.tell_waiting(waiting, reply::on_it(ahead));
        }
        questions::sweep_ephemeral(&self.pool).await?;
        let depth = questions::depth(&self.pool, self.platform).await?;
        record::queue_depth(u64::try_from(depth).unwrap_or(0));
        Ok(())
    }

    fn tell_waiting(self: &Arc<Self>, waiting: questions::Waiting, text: String) {
        let Some(place) = self.places.by_id(waiting.channel_id) else { return };
        let Ok(target) = serde_json::from_value::<ReplyTarget>(waiting.reply_target) else { return };
        let pedro = Arc::clone(self);
        self.errand(async move {
            let utterance = Utterance { stored: !waiting.ephemeral, ..Utterance::reply(&place, &target, &text) };
            pedro.say(&utterance).await;
        });
    }
}

/// How long its asker has waited for a question.
fn waited(question: &Question) -> Duration {
    (Utc::now() - question.asked_at).to_std().unwrap_or_default()
}
