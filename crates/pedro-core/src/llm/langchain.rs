//! langchain-rust's `LLM`, within our own limits.
//!
//! What it lacks and this file adds: a deadline, a limit on silence in the middle of a text, patience with a server that
//! is starting, drafts, and errors that say what to do.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use langchain_rust::language_models::llm::LLM;
use langchain_rust::language_models::options::CallOptions;
use langchain_rust::language_models::{LLMEvent, TokenUsage};
use langchain_rust::llm::openai::OpenAIConfig;
use langchain_rust::schemas::{Message, ResponseFormat};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::endless::is_endless;
use super::pooled::PooledOpenAi;
use super::server::CONNECT_TIMEOUT;
use super::{DRAFT_EVERY, Generation, GenerationRequest, LanguageModel, LlmError, ModelServer, measure};
use crate::prompt::{PromptMessage, PromptRole};

/// The wait before the second try; it doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// The longest wait between two tries: a server that comes up is noticed this soon.
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// Tries when the server itself fails (status 500): it is there, and the request may be what breaks it.
const TRIES_ON_SERVER_ERROR: u32 = 3;

/// How many bytes of text come between two looks for a loop.
const LOOK_EVERY: usize = 120;

/// How long a connection is kept for the next generation: llama.cpp's server hangs up after 5 s.
const KEEP_IDLE: Duration = Duration::from_secs(4);

/// How long a generation may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelLimits {
    /// From start to end, tries included (`MODEL_TIMEOUT`).
    pub deadline: Duration,
    /// Silence once the text has begun.
    pub stall: Duration,
    /// How long to look for a server that does not answer. One that says it is loading is waited for until the deadline.
    pub give_up: Duration,
}

impl Default for ModelLimits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(20 * 60),
            stall: Duration::from_secs(5 * 60),
            give_up: Duration::from_secs(60),
        }
    }
}

/// A model behind any OpenAI-compatible server.
pub struct LangchainModel {
    name: String,
    key: Option<SecretString>,
    limits: ModelLimits,
    http: reqwest::Client,
}

impl LangchainModel {
    /// `name` is sent as the model's name (llama.cpp ignores it); `key` is the server's own API key.
    ///
    /// # Errors
    /// If TLS cannot be set up on this machine.
    pub fn new(
        name: impl Into<String>,
        key: Option<SecretString>,
        limits: ModelLimits,
    ) -> Result<Self, reqwest::Error> {
        measure::start();
        // A machine that is switched off does not refuse a connection: without a limit it is waited for for minutes.
        let http = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).pool_idle_timeout(KEEP_IDLE).build()?;
        Ok(Self { name: name.into(), key, limits, http })
    }

    /// A client for one request: langchain-rust keeps address and options there.
    fn client(&self, server: &ModelServer, request: &GenerationRequest) -> PooledOpenAi {
        // Everything is set, empty where we have nothing: the defaults come from OPENAI_* variables, and what belongs to
        // another server must not be sent to this one.
        let config = OpenAIConfig::default()
            .with_api_base(server.openai_base())
            .with_api_key(self.key.as_ref().map_or("", |key| key.expose_secret()))
            .with_org_id("")
            .with_project_id("");
        let mut options = CallOptions::new().with_max_tokens(request.max_tokens).with_temperature(request.temperature);
        if let Some(schema) = &request.json_schema {
            options = options.with_response_format(ResponseFormat::JsonSchema {
                name: request.purpose.as_str().to_owned(),
                description: None,
                schema: Some(schema.clone()),
                strict: Some(true),
            });
        }
        PooledOpenAi::new(self.http.clone(), config, &self.name, options)
    }

    /// Tries until there is a text, a lasting failure, or no more patience.
    async fn persist(
        &self,
        server: &ModelServer,
        request: &GenerationRequest,
        text: &mut Text<'_>,
    ) -> Result<(), LlmError> {
        let client = self.client(server, request);
        let messages: Vec<Message> = request.messages.iter().map(message).collect();
        let deadline = text.started + self.limits.deadline;
        let mut last_contact = text.started;
        let mut wait = FIRST_WAIT;
        let mut server_errors = 0;
        loop {
            let attempt = self.attempt(&client, &messages, text);
            let result = timeout_at(deadline, attempt).await.map_err(|_| LlmError::Timeout)?;
            let Err(err) = result else { return Ok(()) };
            server_errors += u32::from(err == LlmError::Unavailable { status: Some(500) });
            if err == LlmError::Loading {
                last_contact = Instant::now();
            }
            let hopeless = text.is_begun()
                || !matches!(err, LlmError::Loading | LlmError::Unavailable { .. })
                || server_errors >= TRIES_ON_SERVER_ERROR
                || (err != LlmError::Loading && last_contact.elapsed() + wait > self.limits.give_up)
                || Instant::now() + wait >= deadline;
            if hopeless {
                return Err(err);
            }
            tracing::debug!(%err, wait_ms = wait.as_millis(), "trying the model server again");
            sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// One request, read to its end.
    async fn attempt(&self, client: &PooledOpenAi, messages: &[Message], text: &mut Text<'_>) -> Result<(), LlmError> {
        let mut events = client.generate_stream(messages);
        loop {
            // Before the first piece the server may be reading a long prompt: only the deadline counts.
            let event = if text.is_begun() {
                timeout(self.limits.stall, events.next()).await.map_err(|_| LlmError::Stalled)?
            } else {
                events.next().await
            };
            match event {
                Some(Ok(LLMEvent::Text(piece))) => {
                    text.push(&piece);
                    if text.is_endless() {
                        // Hanging up frees the server's slot; what is repeated is cleaned away later.
                        tracing::info!("the model says the same again and again: it is cut off");
                        return Ok(());
                    }
                }
                Some(Ok(LLMEvent::Done(result))) => {
                    text.usage = result.tokens;
                    return Ok(());
                }
                Some(Ok(_)) => {}
                Some(Err(err)) => return Err(LlmError::from_langchain(&err)),
                None => return Err(LlmError::Unavailable { status: None }),
            }
        }
    }
}

#[async_trait]
impl LanguageModel for LangchainModel {
    async fn generate(
        &self,
        server: &ModelServer,
        request: &GenerationRequest,
        drafts: Option<&mpsc::Sender<String>>,
    ) -> Result<Generation, LlmError> {
        measure::began(request.purpose);
        let mut text = Text::new(drafts);
        let started = text.started;
        let result = match self.persist(server, request, &mut text).await {
            Ok(()) => text.finish(&self.name),
            Err(err) => Err(err),
        };
        measure::ended(request.purpose, started.elapsed(), &result);
        result
    }
}

fn message(message: &PromptMessage) -> Message {
    let content = &message.content;
    match message.role {
        PromptRole::System => Message::new_system_message(content),
        PromptRole::User => Message::new_human_message(content),
        PromptRole::Assistant => Message::new_ai_message(content),
    }
}

/// The text while it grows.
struct Text<'a> {
    text: String,
    usage: Option<TokenUsage>,
    started: Instant,
    first_token: Option<Duration>,
    drafts: Option<&'a mpsc::Sender<String>>,
    last_draft: Option<Instant>,
    /// Up to where it was looked at for a loop.
    looked_at: usize,
}

impl<'a> Text<'a> {
    fn new(drafts: Option<&'a mpsc::Sender<String>>) -> Self {
        Self {
            text: String::new(),
            usage: None,
            started: Instant::now(),
            first_token: None,
            drafts,
            last_draft: None,
            looked_at: 0,
        }
    }

    fn is_begun(&self) -> bool {
        self.first_token.is_some()
    }

    fn push(&mut self, piece: &str) {
        self.first_token.get_or_insert_with(|| self.started.elapsed());
        self.text.push_str(piece);
        let Some(drafts) = self.drafts else { return };
        if self.last_draft.is_none_or(|last| last.elapsed() >= DRAFT_EVERY) {
            // A full channel: the reader is slower than we are, and will get a later draft.
            let _full = drafts.try_send(self.text.clone());
            self.last_draft = Some(Instant::now());
        }
    }

    /// Whether it got stuck. Looks now and then.
    fn is_endless(&mut self) -> bool {
        if self.text.len() < self.looked_at + LOOK_EVERY {
            return false;
        }
        self.looked_at = self.text.len();
        is_endless(&self.text)
    }

    fn finish(self, model: &str) -> Result<Generation, LlmError> {
        if self.text.trim().is_empty() {
            return Err(LlmError::Empty);
        }
        Ok(Generation {
            text: self.text,
            prompt_tokens: self.usage.as_ref().map(|usage| usage.prompt_tokens),
            completion_tokens: self.usage.as_ref().map(|usage| usage.completion_tokens),
            first_token: self.first_token,
            took: self.started.elapsed(),
            model: model.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests;
