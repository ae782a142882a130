//! One call of the language model: messages in, text out, within a time that is ours.
//!
//! The only room that knows langchain-rust. Its client has no deadline and retries out of sight, so
//! [`LangchainModel`] wraps it; `testing::ScriptedModel` stands in for it.

mod endless;
mod failure;
pub(crate) mod keep;
mod langchain;
pub(crate) mod measure;
mod pooled;
mod server;
mod slots;

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::prompt::PromptMessage;

pub use failure::LlmError;
pub use langchain::{LangchainModel, ModelLimits};
pub use server::{ModelServer, ServerClient, ServerHealth};
pub use slots::{Priority, Slots, Stopped};

/// How often a draft is offered while the model writes: faster than any platform lets a message be edited.
const DRAFT_EVERY: Duration = Duration::from_millis(250);

/// Something that writes text.
#[async_trait]
pub trait LanguageModel: Send + Sync {
    /// Runs one generation on one server, whose slot the caller holds.
    ///
    /// `drafts` gets the whole text so far, now and then, while it grows; a full channel loses drafts, never time.
    /// Dropping the future ends the work on the server too.
    async fn generate(
        &self,
        server: &ModelServer,
        request: &GenerationRequest,
        drafts: Option<&mpsc::Sender<String>>,
    ) -> Result<Generation, LlmError>;
}

/// What is asked of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerationRequest {
    /// The prompt, in order.
    pub messages: Vec<PromptMessage>,
    /// Tokens the answer may have.
    pub max_tokens: u32,
    /// 0 is the most predictable; 1 the model's own spread.
    pub temperature: f32,
    /// A JSON schema the answer must follow. llama.cpp enforces it only as far as it understands it: validate.
    pub json_schema: Option<Value>,
    /// What it is for: a label in the metrics.
    pub purpose: Purpose,
}

/// What the model wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// The text as it came, not cleaned; never blank.
    pub text: String,
    /// Tokens of the prompt, if the server says.
    pub prompt_tokens: Option<u32>,
    /// Tokens of the text, if the server says.
    pub completion_tokens: Option<u32>,
    /// From the start of the request to the first piece of text.
    pub first_token: Option<Duration>,
    /// From the start of the request to its end.
    pub took: Duration,
    /// The model that was asked for.
    pub model: String,
}

/// What a generation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The answer to a question.
    Answer,
    /// Does this need a plan, is this evidence good enough: a short verdict.
    Judge,
    /// A plan, its repair, or a new plan after a failure.
    Plan,
    /// Work inside a plan's step: a better search query, a digest of a page.
    Step,
    /// A recap of what was said.
    Recap,
    /// A text made from history, such as a post about the stream.
    Write,
    /// Twenty questions.
    Game,
}

impl Purpose {
    /// Every purpose, so that their metrics can start at zero.
    pub const ALL: [Self; 7] =
        [Self::Answer, Self::Judge, Self::Plan, Self::Step, Self::Recap, Self::Write, Self::Game];

    /// The name in metrics, logs and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Judge => "judge",
            Self::Plan => "plan",
            Self::Step => "step",
            Self::Recap => "recap",
            Self::Write => "write",
            Self::Game => "game",
        }
    }
}
