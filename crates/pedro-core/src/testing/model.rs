//! A model in this process: no socket, no langchain-rust.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::{DEFAULT_ANSWER, Turn, words};
use crate::llm::{Generation, GenerationRequest, LanguageModel, LlmError, ModelServer};

type Reply = Box<dyn Fn(&GenerationRequest) -> String + Send>;

/// Does what the script says, turn by turn; then answers by its reply function. Unlike the real one it sends a draft for
/// every piece of text.
pub struct ScriptedModel {
    script: Mutex<Script>,
}

struct Script {
    turns: VecDeque<Turn>,
    reply: Reply,
    requests: Vec<GenerationRequest>,
}

impl ScriptedModel {
    /// A model with these turns ahead of it.
    pub fn new(turns: impl IntoIterator<Item = Turn>) -> Self {
        let reply: Reply = Box::new(|_| DEFAULT_ANSWER.to_owned());
        Self { script: Mutex::new(Script { turns: turns.into_iter().collect(), reply, requests: Vec::new() }) }
    }

    /// A model that says the same kind of thing for ever.
    pub fn replying(reply: impl Fn(&GenerationRequest) -> String + Send + 'static) -> Self {
        let model = Self::new([]);
        model.lock().reply = Box::new(reply);
        model
    }

    /// Adds a turn to the script.
    pub fn push(&self, turn: Turn) {
        self.lock().turns.push_back(turn);
    }

    /// Everything it was asked, in order.
    pub fn requests(&self) -> Vec<GenerationRequest> {
        self.lock().requests.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_turn(&self, request: &GenerationRequest) -> Turn {
        let mut script = self.lock();
        script.requests.push(request.clone());
        match script.turns.pop_front() {
            None => Turn::Say((script.reply)(request)),
            Some(Turn::ReplyAfter(before)) => Turn::SayAfter(before, (script.reply)(request)),
            Some(turn) => turn,
        }
    }
}

impl Default for ScriptedModel {
    fn default() -> Self {
        Self::new([])
    }
}

#[async_trait]
impl LanguageModel for ScriptedModel {
    async fn generate(
        &self,
        _server: &ModelServer,
        request: &GenerationRequest,
        drafts: Option<&mpsc::Sender<String>>,
    ) -> Result<Generation, LlmError> {
        let started = Instant::now();
        let text = match self.take_turn(request) {
            Turn::Say(text) | Turn::SayHeld(text) => speak(&words(&text), Duration::ZERO, drafts).await,
            Turn::SayAfter(before, text) => {
                sleep(before).await;
                speak(&words(&text), Duration::ZERO, drafts).await
            }
            Turn::Trickle { chunks, every } => speak(&chunks, every, drafts).await,
            Turn::Stall(chunks) => {
                speak(&chunks, Duration::ZERO, drafts).await;
                std::future::pending().await
            }
            Turn::Status(503) => return Err(LlmError::Loading),
            Turn::Status(status) => return Err(LlmError::from_status(status, "")),
            Turn::ReplyAfter(_) => unreachable!("has its text by now"),
            Turn::Hang => std::future::pending().await,
            Turn::CutAfter(count) => {
                let chunks: Vec<String> = words(DEFAULT_ANSWER).into_iter().cycle().take(count).collect();
                speak(&chunks, Duration::ZERO, drafts).await;
                return Err(LlmError::Unavailable { status: None });
            }
            Turn::Empty => return Err(LlmError::Empty),
        };
        if text.trim().is_empty() {
            return Err(LlmError::Empty);
        }
        Ok(Generation {
            completion_tokens: u32::try_from(text.split_whitespace().count()).ok(),
            prompt_tokens: Some(7),
            first_token: Some(Duration::ZERO),
            took: started.elapsed(),
            model: "scripted".to_owned(),
            text,
        })
    }
}

/// Builds the text up, a draft for each piece.
async fn speak(chunks: &[String], every: Duration, drafts: Option<&mpsc::Sender<String>>) -> String {
    let mut text = String::new();
    for (i, chunk) in chunks.iter().enumerate() {
        if i > 0 {
            sleep(every).await;
        }
        text.push_str(chunk);
        if let Some(drafts) = drafts {
            let _full = drafts.try_send(text.clone());
        }
    }
    text
}
