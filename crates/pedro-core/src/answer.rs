//! How an answer is made: gather what is known, put it to the model, clean what it writes, keep it with its sources.

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::chat::{AuthorKind, GenerationId, MessageId, Platform};
use crate::llm::{Generation, GenerationRequest, LanguageModel, LlmError, ModelServer, Priority, Purpose, Slots};
use crate::memory::{Recall, Retriever};
use crate::places::Place;
use crate::prompt::{self, AnswerInput, CleanRules, LinkNote, NoteLine, Prompt, PromptMessage, PromptRole, TitleNote};
use crate::reply;
use crate::service::metrics::catalog::Stage;
use crate::service::metrics::record;
use crate::speech::NotSpoken;
use crate::store::generation::{self, NewGeneration};
use crate::store::message::{self, MessageRow};
use crate::store::question::{self as questions, Ending, Question};
use crate::store::{StoreError, link, stream_title};

/// Hits that are looked for: what does not fit into the prompt is left out, worst first.
const HITS: usize = 12;

/// Lines shown before and after a hit.
const AROUND: i64 = 2;

/// The last lines of the channel that are shown with a question, and how old they may be.
const THREAD_LINES: i64 = 6;
const THREAD_MINUTES: i64 = 30;

/// The same in a thread that Pedro opened, and in direct messages.
const OWN_THREAD_LINES: i64 = 16;

/// Links offered to the model.
const LINKS: i64 = 2;

/// The longest prompt, in tokens: a small model on a CPU reads some hundreds a second.
const LONGEST_PROMPT: usize = 2_000;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Told to stop.
    #[error("stopped")]
    Stopped,
    /// The model server cannot be reached: waiting helps.
    #[error("the model server is away")]
    ModelAway,
    /// The model did not do it: another attempt may.
    #[error("the model failed: {0}")]
    Model(LlmError),
    /// It was begun too often, by processes that did not live to end it.
    #[error("it was begun too often")]
    TooOften,
    /// What it was made from was forgotten meanwhile: it is made again.
    #[error("a source was forgotten")]
    SourceForgotten,
    /// The platform did not take it.
    #[error(transparent)]
    Unsent(NotSpoken),
    /// The database failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::SourceForgotten => Self::SourceForgotten,
            StoreError::LeaseLost => Self::Stopped,
            error => Self::Store(error),
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

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
    model: Arc<dyn LanguageModel>,
    slots: Arc<Slots>,
    sizes: Sizes,
}

/// Where the text of an answer is shown as it grows.
#[derive(Clone, Copy)]
struct Shown<'a> {
    place: &'a Place,
    drafts: &'a watch::Sender<String>,
}

/// A prompt and the messages that it quotes.
struct Gathered {
    prompt: Prompt,
    sources: Vec<MessageId>,
}

impl Answering {
    /// Answers from this memory, by this model.
    pub fn new(
        pool: PgPool,
        retriever: Arc<Retriever>,
        model: Arc<dyn LanguageModel>,
        slots: Arc<Slots>,
        sizes: Sizes,
    ) -> Self {
        Self { pool, retriever, model, slots, sizes }
    }

    /// Makes the answer to a question and keeps it: after a crash it is sent, not made again. What is known is gathered
    /// when a slot is free, not before: a question may wait long for one. `drafts` gets the text as it grows, fit to be
    /// shown; an empty one says that the slot is there.
    ///
    /// # Errors
    /// See [`Failure`]; nothing is kept then but a note of the failed generation.
    pub async fn make(
        &self,
        question: &Question,
        place: &Place,
        stop: &CancellationToken,
        drafts: Option<&watch::Sender<String>>,
    ) -> Result<String, Failure> {
        let work = async |server: ModelServer| self.write(question, place, &server, drafts).await;
        self.slots.with(Priority::Interactive, stop, work).await.map_err(|_| Failure::Stopped)?
    }

    async fn write(
        &self,
        question: &Question,
        place: &Place,
        server: &ModelServer,
        drafts: Option<&watch::Sender<String>>,
    ) -> Result<String, Failure> {
        let shown = drafts.map(|drafts| Shown { place, drafts });
        if let Some(drafts) = drafts {
            drafts.send_replace(String::new());
        }
        let began = Instant::now();
        let gathered = self.gather(question, place).await?;
        record::overhead(Stage::Gather, began.elapsed());
        let first = self.generate(question, &gathered, &gathered.prompt.messages, server, shown).await?;
        let (answer, generation) = match presentable(&first.text, &gathered, place) {
            Ok(answer) => (answer, first),
            Err(why) => {
                tracing::info!(question.id = %question.id, why, "an answer was withheld and is tried once more");
                let messages = prompt::second_try(&gathered.prompt.messages);
                let second = self.generate(question, &gathered, &messages, server, shown).await?;
                let answer = presentable(&second.text, &gathered, place).unwrap_or_else(|why| {
                    record::answer_withheld(why);
                    if why == "empty" { reply::nothing_to_say() } else { reply::declined() }
                });
                (answer, second)
            }
        };
        self.keep(question, &gathered, &generation, &answer).await?;
        Ok(answer)
    }

    /// Everything that bears on a question, within the prompt's budget.
    async fn gather(&self, question: &Question, place: &Place) -> Result<Gathered, Failure> {
        let (home, now) = (&place.home, Utc::now());
        let zone = home.settings.time_zone;
        let asked = message::find(&self.pool, place.key.platform, &question.platform_message_id).await?;
        let recall = Recall {
            community: home.id,
            place: Some(place.id),
            question: &question.text,
            now,
            zone,
            exclude: asked,
            count: HITS,
            weights: Default::default(),
        };
        // A thread of Pedro's is one conversation, however long it pauses.
        let (since, lines) = match place.own_thread {
            true => (DateTime::UNIX_EPOCH, OWN_THREAD_LINES),
            false => (question.asked_at - chrono::Duration::minutes(THREAD_MINUTES), THREAD_LINES),
        };
        let (recalled, title, links, thread) = tokio::try_join!(
            self.retriever.recall(&recall),
            stream_title::current(&self.pool, home.id, place.id),
            link::search(&self.pool, home.id, &question.text, LINKS),
            message::latest(&self.pool, place.id, since, asked, lines),
        )?;
        let windows = self.retriever.windows(&recalled.hits, AROUND).await?;
        let is_asked = |line: &&MessageRow| Some(line.id) != asked;
        let windows: Vec<Vec<MessageRow>> =
            windows.into_iter().map(|window| window.lines.iter().filter(is_asked).cloned().collect()).collect();
        let platform = place.key.platform;
        let prompt = prompt::answer_messages(&AnswerInput {
            persona: &home.persona,
            platform,
            links_allowed: links_allowed(place),
            now,
            zone,
            title: title.map(|title| TitleNote {
                title: title.title,
                category: title.category,
                live: title.live,
                since: title.began_at,
            }),
            windows: windows.iter().map(|lines| lines.iter().map(note).collect()).collect(),
            links: links
                .into_iter()
                .map(|link| LinkNote { name: link.name, url: link.url, description: link.description })
                .collect(),
            thread: thread.iter().map(note).collect(),
            asker: &question.asker_name,
            question: &question.text,
            budget_tokens: self.budget(),
        });
        let used_windows = windows.iter().take(prompt.used_windows).flatten();
        let used_thread = thread.iter().rev().take(prompt.used_thread);
        let mut sources: Vec<MessageId> = used_windows.chain(used_thread).map(|line| line.id).chain(asked).collect();
        sources.sort();
        sources.dedup();
        Ok(Gathered { prompt, sources })
    }

    fn budget(&self) -> usize {
        let room = self.sizes.context.saturating_sub(self.sizes.max_tokens) as usize;
        room.min(LONGEST_PROMPT)
    }

    /// One generation on a server whose slot is held. A failed one is noted.
    async fn generate(
        &self,
        question: &Question,
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
                self.note_failure(question, gathered, &error, began).await?;
                Err(Failure::Model(error))
            }
        }
    }

    /// Keeps generation, provenance and answer, all or nothing.
    async fn keep(
        &self,
        question: &Question,
        gathered: &Gathered,
        generation: &Generation,
        answer: &str,
    ) -> Result<(), Failure> {
        let mut transaction = self.pool.begin().await?;
        // As the row says now: the asker may have opted out while the model wrote.
        let ephemeral = questions::is_ephemeral(&mut transaction, question.id).await?;
        let prompt = serde_json::to_value(&gathered.prompt.messages).ok();
        let new = NewGeneration {
            prompt: prompt.filter(|_| !ephemeral),
            output: Some(generation.text.as_str()).filter(|_| !ephemeral),
            prompt_tokens: generation.prompt_tokens.and_then(|tokens| i32::try_from(tokens).ok()),
            completion_tokens: generation.completion_tokens.and_then(|tokens| i32::try_from(tokens).ok()),
            first_token_ms: generation.first_token.map(millis),
            took_ms: millis(generation.took),
            ..new_generation(question, &generation.model, &gathered.sources)
        };
        generation::insert(&mut transaction, &new).await?;
        questions::keep_answer(&mut transaction, question.id, question.lease_owner, answer).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn note_failure(
        &self,
        question: &Question,
        gathered: &Gathered,
        error: &LlmError,
        began: Instant,
    ) -> Result<(), Failure> {
        let new = NewGeneration {
            took_ms: millis(began.elapsed()),
            failure: Some(error.reason()),
            ..new_generation(question, "", &gathered.sources)
        };
        let mut transaction = self.pool.begin().await?;
        generation::insert(&mut transaction, &new).await?;
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

/// Hands on what the model has written so far, as far as it may be said.
async fn offer_drafts(mut texts: mpsc::Receiver<String>, gathered: &Gathered, shown: Shown<'_>) {
    while let Some(text) = texts.recv().await {
        if let Ok(text) = presentable(&text, gathered, shown.place) {
            shown.drafts.send_replace(text);
        }
    }
}

/// What can be said of what the model wrote, or why nothing can.
fn presentable(output: &str, gathered: &Gathered, place: &Place) -> Result<String, &'static str> {
    let home = &place.home;
    let rules =
        CleanRules { platform: place.key.platform, links_allowed: links_allowed(place), own_names: &home.ear.names };
    let text = prompt::clean(output, &rules);
    let system = gathered.prompt.messages.iter().find(|message| message.role == PromptRole::System);
    if text.is_empty() {
        Err("empty")
    } else if home.deny.hit(&text) || prompt::is_abusive(&text) {
        Err("denied")
    } else if system.is_some_and(|system| prompt::leaks_system(&text, &system.content)) {
        Err("leak")
    } else {
        Ok(text)
    }
}

fn new_generation<'a>(question: &Question, model: &'a str, sources: &'a [MessageId]) -> NewGeneration<'a> {
    NewGeneration {
        community: question.community_id,
        question: Some(question.id),
        purpose: Purpose::Answer.as_str(),
        model,
        prompt: None,
        output: None,
        prompt_tokens: None,
        completion_tokens: None,
        first_token_ms: None,
        took_ms: 0,
        failure: None,
        sources,
    }
}

fn links_allowed(place: &Place) -> bool {
    place.key.platform != Platform::Twitch || place.home.settings.links_allowed
}

fn note(line: &MessageRow) -> NoteLine {
    // Pedro's own lines and other bots' are the thread of a talk, never the source of a fact: the reader is told.
    let author = match line.author_kind {
        AuthorKind::Person => line.author.clone(),
        AuthorKind::Pedro => "Pedro (you)".to_owned(),
        AuthorKind::Bot => format!("{} (a bot)", line.author),
    };
    NoteLine { author, sent_at: line.sent_at, text: line.text.clone() }
}

fn millis(time: std::time::Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX)
}
