//! How an answer is made: gather what is known (`gather`), put it to the model, clean what it writes, keep it with its
//! sources.

mod found;
mod gather;
mod past_titles;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::Utc;
use sqlx::PgPool;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

pub use self::found::Found;
use self::gather::{Gathered, links_allowed};
use crate::chat::GenerationId;
use crate::event::Events;
use crate::knowledge::TrainedPrompts;
use crate::llm::{Generation, GenerationRequest, LanguageModel, LlmError, ModelServer, Priority, Purpose, Slots, keep};
use crate::memory::Retriever;
use crate::places::Place;
use crate::plan::PlanStatus;
use crate::prompt::{self, CleanRules, PromptMessage, PromptRole};
use crate::question::{Failure, UNASKED_WITHIN};
use crate::reply;
use crate::service::metrics::catalog::Stage;
use crate::service::metrics::record;
use crate::store::question::{self as questions, Ending, Question};
use crate::store::{StoreError, generation, plan as plans};

/// Why a generation led to no answer though it did not fail.
const NOTHING_TO_SAY: &str = "nothing_to_say";

/// How often it is tried to keep an answer while the database is away.
const KEEP_AGAIN: Duration = Duration::from_millis(500);

/// The size of a generation.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Tokens that prompt and answer may have together.
    pub context: u32,
    /// Tokens that the answer may have.
    pub max_tokens: u32,
}

/// Makes answers.
pub struct Answering {
    pool: PgPool,
    retriever: Arc<Retriever>,
    prompts: Arc<TrainedPrompts>,
    model: Arc<dyn LanguageModel>,
    slots: Arc<Slots>,
    sizes: Sizes,
    events: Events,
}

/// An answer that is to be made.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    question: &'a Question,
    place: &'a Place,
    found: Option<&'a Found>,
    /// The question has a row, to which everything that is made for it belongs.
    kept: bool,
}

/// Where the text of an answer is shown as it grows.
#[derive(Clone, Copy)]
struct Shown<'a> {
    place: &'a Place,
    drafts: &'a watch::Sender<String>,
}

impl Answering {
    /// Answers from this memory, by this model.
    pub fn new(
        pool: PgPool,
        retriever: Arc<Retriever>,
        prompts: Arc<TrainedPrompts>,
        model: Arc<dyn LanguageModel>,
        slots: Arc<Slots>,
        sizes: Sizes,
        events: Events,
    ) -> Self {
        Self { pool, retriever, prompts, model, slots, sizes, events }
    }

    /// What it knows of events.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Makes the answer to a question and keeps it: after a crash it is sent, not made again. What is known is gathered
    /// when a slot is free, not before: a question may wait long for one. `found`: what a plan brought; then the answer
    /// is its last step, and names its sources. `drafts` gets the text as it grows, fit to be
    /// shown; an empty one says that the slot is there.
    ///
    /// # Errors
    /// See [`Failure`]; nothing is kept then but a note of the failed generation.
    pub async fn make(
        &self,
        question: &Question,
        place: &Place,
        found: Option<&Found>,
        stop: &CancellationToken,
        drafts: Option<&watch::Sender<String>>,
    ) -> Result<String, Failure> {
        let wanted = Wanted { question, place, found, kept: true };
        let begun = AtomicBool::new(false);
        let work = async |server: ModelServer| {
            begun.store(true, Ordering::Relaxed);
            self.write(wanted, &server, drafts).await
        };
        let stop = stop.child_token();
        let mut making = pin!(self.slots.with(Priority::Interactive, &stop, work));
        if question.origin.is_unasked() {
            tokio::select! {
                made = &mut making => return made.map_err(|_| Failure::Stopped)?,
                () = tokio::time::sleep(left(question)) => {}
            }
            // Nobody waits for it: it does not wait for a slot for long.
            if !begun.load(Ordering::Relaxed) {
                stop.cancel();
                return making.await.map_err(|_| Failure::NothingToSay)?;
            }
        }
        making.await.map_err(|_| Failure::Stopped)?
    }

    /// Makes an answer from `found` for somebody who keeps their questions themselves: nothing of it is kept here, for
    /// nobody here would know what it was made from. `question` has no row.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn make_unkept(
        &self,
        question: &Question,
        place: &Place,
        found: &Found,
        stop: &CancellationToken,
    ) -> Result<String, Failure> {
        let wanted = Wanted { question, place, found: Some(found), kept: false };
        let work = async |server: ModelServer| self.write(wanted, &server, None).await;
        self.slots.with(Priority::Interactive, stop, work).await.map_err(|_| Failure::Stopped)?
    }

    async fn write(
        &self,
        wanted: Wanted<'_>,
        server: &ModelServer,
        drafts: Option<&watch::Sender<String>>,
    ) -> Result<String, Failure> {
        let Wanted { question, place, found, kept } = wanted;
        let shown = drafts.map(|drafts| Shown { place, drafts });
        if let Some(drafts) = drafts {
            drafts.send_replace(String::new());
        }
        let began = Instant::now();
        let gathered = self.gather(question, place, found).await?;
        record::overhead(Stage::Gather, began.elapsed());
        let first = self.generate(wanted, &gathered, &gathered.prompt.messages, server, shown).await?;
        let (answer, generation) = match self.answered(&first, &gathered, wanted) {
            Ok(answer) => (answer, first),
            Err(why) => {
                tracing::info!(question.id = %question.id, why, "an answer was withheld and is tried once more");
                let messages = prompt::second_try(&gathered.prompt.messages);
                let second = self.generate(wanted, &gathered, &messages, server, shown).await?;
                let answer = match self.answered(&second, &gathered, wanted) {
                    Err(_) if question.origin.is_unasked() => {
                        return self.say_nothing(question, &gathered, began).await;
                    }
                    answer => answer.unwrap_or_else(|why| {
                        record::answer_withheld(why);
                        if why == "empty" { reply::nothing_to_say() } else { reply::declined() }
                    }),
                };
                (answer, second)
            }
        };
        let is_none = || prompt::is_unsure(&answer) || prompt::is_echo(&answer, &question.text);
        if question.origin.is_unasked() && is_none() {
            return self.say_nothing(question, &gathered, began).await;
        }
        let answer = found.map_or(answer.clone(), |found| found.below(&answer, place));
        if kept {
            self.keep_patiently(question, &gathered, found, &generation, &answer).await?;
        }
        Ok(answer)
    }

    /// What of a generation can be said as the answer, or why nothing can.
    fn answered(
        &self,
        generation: &Generation,
        gathered: &Gathered,
        wanted: Wanted<'_>,
    ) -> Result<String, &'static str> {
        let fit = |text: &str| presentable(text, &gathered.prompt.messages, wanted.place);
        let text = fit(&generation.text)?;
        // Without the question said once more it may begin with "Answer:".
        let text = match prompt::after_the_question(&text, &wanted.question.text) {
            Some(rest) => fit(rest)?,
            None => text,
        };
        Ok(whole(text, generation, self.sizes))
    }

    /// One generation on a server whose slot is held. A failed one is noted.
    async fn generate(
        &self,
        wanted: Wanted<'_>,
        gathered: &Gathered,
        messages: &[PromptMessage],
        server: &ModelServer,
        shown: Option<Shown<'_>>,
    ) -> Result<Generation, Failure> {
        let request = GenerationRequest {
            messages: messages.to_vec(),
            max_tokens: self.sizes.max_tokens,
            temperature: 0.4,
            json_schema: None,
            purpose: Purpose::Answer,
        };
        let began = Instant::now();
        let result = match shown {
            None => self.model.generate(server, &request, None).await,
            Some(shown) => {
                let (raw, texts) = mpsc::channel(1);
                let writing = async move { self.model.generate(server, &request, Some(&raw)).await };
                tokio::join!(writing, offer_drafts(texts, gathered, shown)).0
            }
        };
        match result {
            Ok(generation) => Ok(generation),
            Err(LlmError::Unavailable { .. } | LlmError::Loading) => {
                self.slots.avoid(&server.url);
                Err(Failure::ModelAway)
            }
            Err(error) => {
                if wanted.kept {
                    self.note_failure(wanted.question, gathered, &error, began).await?;
                }
                Err(Failure::Model(error))
            }
        }
    }

    /// Keeps an answer, however long the database is away: it may have taken minutes to write. Ends with the lease on the
    /// question, for then the work is dropped. If only the word on its commit was lost, the lease is told to be lost, and
    /// whoever takes the question finds the answer.
    async fn keep_patiently(
        &self,
        question: &Question,
        gathered: &Gathered,
        found: Option<&Found>,
        generation: &Generation,
        answer: &str,
    ) -> Result<(), Failure> {
        loop {
            match self.keep(question, gathered, found, generation, answer).await {
                Err(Failure::Store(error)) if error.is_transient() => {
                    tracing::warn!(%error, question.id = %question.id, "an answer waits for the database to be kept");
                    tokio::time::sleep(KEEP_AGAIN).await;
                }
                done => return done,
            }
        }
    }

    /// Keeps generation, provenance and answer, all or nothing.
    async fn keep(
        &self,
        question: &Question,
        gathered: &Gathered,
        found: Option<&Found>,
        generation: &Generation,
        answer: &str,
    ) -> Result<(), Failure> {
        let mut transaction = self.pool.begin().await?;
        // As the row says now: the asker may have opted out while the model wrote.
        let ephemeral = questions::is_ephemeral(&mut transaction, question.id).await?;
        let (asked, sources) = (&gathered.prompt.messages, &gathered.sources);
        let new = keep::row(question, Purpose::Answer, generation, asked, sources, ephemeral);
        generation::insert(&mut transaction, &new).await?;
        if let Some(plan) = found.and_then(|found| found.plan) {
            plans::close(&mut transaction, plan, PlanStatus::Succeeded).await?;
        }
        questions::keep_answer(&mut transaction, question.id, question.lease_owner, answer).await?;
        transaction.commit().await?;
        if found.is_some_and(|found| found.plan.is_some()) {
            record::plans(PlanStatus::Succeeded, 1);
        }
        Ok(())
    }

    async fn note_failure(
        &self,
        question: &Question,
        gathered: &Gathered,
        error: &LlmError,
        began: Instant,
    ) -> Result<(), Failure> {
        self.note(question, gathered, error.reason(), began).await
    }

    /// Nobody put the question, and the model has nothing to say to it.
    async fn say_nothing(&self, question: &Question, gathered: &Gathered, began: Instant) -> Result<String, Failure> {
        self.note(question, gathered, NOTHING_TO_SAY, began).await?;
        Err(Failure::NothingToSay)
    }

    async fn note(
        &self,
        question: &Question,
        gathered: &Gathered,
        reason: &str,
        began: Instant,
    ) -> Result<(), Failure> {
        let sources = &gathered.sources;
        let new = keep::failed_row(question, Purpose::Answer, reason, began.elapsed(), sources);
        let mut transaction = self.pool.begin().await?;
        generation::insert(&mut transaction, &new).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// What of a text that people wrote may be said in a place, if anything.
    pub fn presentable(&self, text: &str, place: &Place) -> Option<String> {
        cleaned(text, place).ok()
    }

    /// Keeps an answer that the model did not make.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn keep_text(&self, question: &Question, answer: &str) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        questions::keep_answer(&mut transaction, question.id, question.lease_owner, answer).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The generation that a question's answer says, if there is one.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn generation_of(&self, question: &Question) -> Result<Option<GenerationId>, StoreError> {
        generation::of_question(&self.pool, question.id).await
    }

    /// Ends a question.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn finish(&self, question: &Question, ending: Ending) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        questions::finish(&mut transaction, question.id, question.lease_owner, ending).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// How long a question that nobody put to Pedro may still wait for a slot.
fn left(question: &Question) -> Duration {
    UNASKED_WITHIN.saturating_sub((Utc::now() - question.asked_at).to_std().unwrap_or_default())
}

/// Hands on what the model has written so far, as far as it may be said.
async fn offer_drafts(mut texts: mpsc::Receiver<String>, gathered: &Gathered, shown: Shown<'_>) {
    while let Some(text) = texts.recv().await {
        if let Ok(text) = presentable(&text, &gathered.prompt.messages, shown.place) {
            shown.drafts.send_replace(text);
        }
    }
}

/// What can be said of what the model wrote, or why nothing can.
pub(crate) fn presentable(output: &str, asked: &[PromptMessage], place: &Place) -> Result<String, &'static str> {
    let text = cleaned(output, place)?;
    let system = asked.iter().find(|message| message.role == PromptRole::System);
    if system.is_some_and(|system| prompt::leaks_system(&text, &system.content)) { Err("leak") } else { Ok(text) }
}

/// Without half a sentence at its end, where the limit of tokens cut a text short.
pub(crate) fn whole(text: String, generation: &Generation, sizes: Sizes) -> String {
    let is_cut = generation.completion_tokens.is_some_and(|tokens| tokens >= sizes.max_tokens);
    if is_cut { prompt::whole_sentences(&text) } else { text }
}

/// A text as it may be said in a place: clean, not empty, and nothing that must not be said.
fn cleaned(text: &str, place: &Place) -> Result<String, &'static str> {
    let home = &place.home;
    let rules =
        CleanRules { platform: place.key.platform, links_allowed: links_allowed(place), own_names: &home.ear.names };
    let text = prompt::clean(text, &rules);
    if text.is_empty() {
        Err("empty")
    } else if home.deny.hit(&text) || prompt::is_abusive(&text) {
        Err("denied")
    } else {
        Ok(text)
    }
}
