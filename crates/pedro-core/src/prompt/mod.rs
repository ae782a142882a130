//! What goes to the model and what may leave it: prompts as named functions, quoting of untrusted text, cleaning of output.
//!
//! Pure. What people wrote enters a prompt only as [`Quoted`] lines inside a fence, and never in the system message.

mod abuse;
mod answer;
mod clean;
mod deny;
mod game;
mod invisible;
mod persona;
mod plan;
#[cfg(test)]
mod properties;
mod quote;
mod recap;
mod split;
mod split_markdown;
mod unsure;

use serde::{Deserialize, Serialize};

pub use abuse::is_abusive;
pub use answer::{AnswerInput, LinkNote, PastTitle, Prompt, TitleNote, answer_messages, estimate_tokens, second_try};
pub use clean::{CleanRules, clean, collapse_repetition, harmless, leaks_system, whole_sentences};
pub use deny::DenyList;
pub use game::{GameInput, GameNote, game_fallbacks, game_messages};
pub use invisible::is_blank;
pub(crate) use invisible::strip_invisible;
pub use persona::Persona;
pub use plan::{PlanExample, PlanInput, ResultNote, judge_messages, plan_messages, repair_messages, search_messages};
pub use quote::{FENCE, LINE_LIMIT, NoteLine, Quoted, fence};
pub use recap::{RecapInput, merge_messages, note_messages, note_overhead, recap_messages, recap_overhead};
pub use split::{TWITCH_LIMIT, TWITCH_PARTS, split};
pub use split_markdown::{DISCORD_LIMIT, split_markdown};
pub use unsure::{after_the_question, is_echo, is_unsure};

/// Who speaks in a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PromptRole {
    /// The operator: persona and rules. Never holds what people wrote.
    System,
    /// The question with everything it needs.
    User,
    /// The model.
    Assistant,
}

/// One message of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptMessage {
    /// Who speaks.
    pub role: PromptRole,
    /// What is said.
    pub content: String,
}
