//! The figures of a generation: counted here, for every model call, and nowhere else.

use std::time::Duration;

use metrics::{counter, histogram};

use super::{Generation, LlmError, Purpose};

/// A generation begins. One call is one request, however often it is retried.
pub(super) fn began(purpose: Purpose) {
    counter!("pedro_model_requests_total", "purpose" => purpose.as_str()).increment(1);
}

/// A generation ended. One that was given up (its future dropped) never comes here: it is neither success nor failure.
pub(super) fn ended(purpose: Purpose, took: Duration, result: &Result<Generation, LlmError>) {
    let purpose = purpose.as_str();
    histogram!("pedro_generation_duration_seconds", "purpose" => purpose).record(took);
    match result {
        Ok(generation) => {
            counter!("successful_llm_gen_count").increment(1);
            count_tokens("prompt", generation.prompt_tokens);
            count_tokens("completion", generation.completion_tokens);
        }
        Err(err) => {
            match err {
                LlmError::Empty => counter!("empty_llm_response_count").increment(1),
                _ => counter!("failed_llm_gen_count").increment(1),
            }
            counter!("pedro_model_errors_total", "purpose" => purpose).increment(1);
            counter!("pedro_model_failures_total", "purpose" => purpose, "reason" => err.reason()).increment(1);
        }
    }
}

fn count_tokens(kind: &'static str, tokens: Option<u32>) {
    counter!("pedro_generation_tokens_total", "kind" => kind).increment(u64::from(tokens.unwrap_or(0)));
}
