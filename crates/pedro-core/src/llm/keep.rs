//! A generation as it is kept.

use std::time::Duration;

use super::{Generation, Purpose};
use crate::chat::MessageId;
use crate::prompt::PromptMessage;
use crate::store::generation::NewGeneration;
use crate::store::question::Question;

/// The row of a generation that was made for a question. `ephemeral`: neither what was read nor what was written is kept.
pub(crate) fn row<'a>(
    question: &Question,
    purpose: Purpose,
    generation: &'a Generation,
    prompt: &[PromptMessage],
    sources: &'a [MessageId],
    ephemeral: bool,
) -> NewGeneration<'a> {
    let tokens = |tokens: Option<u32>| tokens.and_then(|tokens| i32::try_from(tokens).ok());
    NewGeneration {
        community: question.community_id,
        question: Some(question.id),
        purpose: purpose.as_str(),
        model: &generation.model,
        prompt: serde_json::to_value(prompt).ok().filter(|_| !ephemeral),
        output: Some(generation.text.as_str()).filter(|_| !ephemeral),
        prompt_tokens: tokens(generation.prompt_tokens),
        completion_tokens: tokens(generation.completion_tokens),
        first_token_ms: generation.first_token.map(millis),
        took_ms: millis(generation.took),
        failure: None,
        sources,
    }
}

/// The row of a generation that failed: figures only.
pub(crate) fn failed_row<'a>(
    question: &Question,
    purpose: Purpose,
    why: &'a str,
    took: Duration,
    sources: &'a [MessageId],
) -> NewGeneration<'a> {
    NewGeneration {
        community: question.community_id,
        question: Some(question.id),
        purpose: purpose.as_str(),
        model: "",
        prompt: None,
        output: None,
        prompt_tokens: None,
        completion_tokens: None,
        first_token_ms: None,
        took_ms: millis(took),
        failure: Some(why),
        sources,
    }
}

fn millis(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX)
}
