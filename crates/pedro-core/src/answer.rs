//! How an answer is made: gather what is known (`gather`), put it to the model, clean what it writes (`fit`), keep it with
//! its sources (`kept`).

mod fit;
mod found;
mod gather;
mod kept;
mod past_titles;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::Utc;
use sqlx::PgPool;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use self::fit::cleaned;
pub(crate) use self::fit::{presentable, whole};
pub use self::found::Found;
use self::gather::Gathered;
use crate::event::Events;
use crate::knowledge::TrainedPrompts;
use crate::llm::{Generation, GenerationRequest, LanguageModel, LlmError, ModelServer, Priority, Purpose, Slots};
use crate::memory::Retriever;
use crate::places::Place;
use crate::prompt::{self, PromptMessage};
use crate::question::{Failure, UNASKED_WITHIN};
use crate::reply;
use crate::service::metrics::catalog::Stage;
use crate::service::metrics::record;
use crate::store::question::Question;

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

    /// What of a text that people wrote may be said in a place, if anything.
    pub fn presentable(&self, text: &str, place: &Place) -> Option<String> {
        cleaned(text, place).ok()
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
