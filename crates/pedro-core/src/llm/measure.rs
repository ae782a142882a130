//! The figures of a generation: counted here, for every model call, and nowhere else.

use std::time::Duration;

use metrics::{counter, histogram};

use super::{Generation, LlmError, Purpose};
use crate::service::metrics::catalog::{
    GENERATION_DURATION, GENERATION_TOKENS, LLM_EMPTY, LLM_FAILED, LLM_SUCCESSFUL, MODEL_ERRORS, MODEL_FAILURES,
    MODEL_REQUESTS,
};

/// Lets every series of every purpose begin at 0: a ratio of two counters needs both.
pub(crate) fn start() {
    for purpose in Purpose::ALL.map(Purpose::as_str) {
        counter!(MODEL_REQUESTS, "purpose" => purpose).absolute(0);
        counter!(MODEL_ERRORS, "purpose" => purpose).absolute(0);
        drop(histogram!(GENERATION_DURATION, "purpose" => purpose));
        for reason in LlmError::REASONS {
            counter!(MODEL_FAILURES, "purpose" => purpose, "reason" => reason).absolute(0);
        }
    }
    for kind in ["prompt", "completion"] {
        counter!(GENERATION_TOKENS, "kind" => kind).absolute(0);
    }
}

/// A generation begins. One call is one request, however often it is retried.
pub(crate) fn began(purpose: Purpose) {
    counter!(MODEL_REQUESTS, "purpose" => purpose.as_str()).increment(1);
}

/// A generation ended. One that was given up (its future dropped) never comes here: it is neither success nor failure.
pub(crate) fn ended(purpose: Purpose, took: Duration, result: &Result<Generation, LlmError>) {
    let purpose = purpose.as_str();
    histogram!(GENERATION_DURATION, "purpose" => purpose).record(took);
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(generation) => {
            let tokens = generation.completion_tokens;
            tracing::info!(purpose, duration_ms, tokens, "a generation was written");
            counter!(LLM_SUCCESSFUL).increment(1);
            count_tokens("prompt", generation.prompt_tokens);
            count_tokens("completion", generation.completion_tokens);
        }
        Err(err) => {
            tracing::info!(purpose, duration_ms, reason = err.reason(), "a generation failed");
            match err {
                LlmError::Empty => counter!(LLM_EMPTY).increment(1),
                _ => counter!(LLM_FAILED).increment(1),
            }
            counter!(MODEL_ERRORS, "purpose" => purpose).increment(1);
            counter!(MODEL_FAILURES, "purpose" => purpose, "reason" => err.reason()).increment(1);
        }
    }
}

fn count_tokens(kind: &'static str, tokens: Option<u32>) {
    counter!(GENERATION_TOKENS, "kind" => kind).increment(u64::from(tokens.unwrap_or(0)));
}
