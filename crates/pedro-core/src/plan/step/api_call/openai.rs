//! A model that answers for money, by the protocol that most of them speak.

use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};
use sqlx::PgPool;

use super::budget::{Payer, Reserved};
use super::guard::Guard;
use super::{CallError, MOST_BYTES, answer, query_of, read};
use crate::plan::StepOutput;
use crate::plan::step::{CatalogEntry, text};
use crate::prompt::estimate_tokens;
use crate::service::config::OpenAiSettings;

pub(super) const NAME: &str = "openai";

/// Tokens of an answer: about what a result may hold.
const MOST_TOKENS: u32 = 1_000;

/// A question may quote the result of another step.
const QUERY_CHARS: usize = 6_000;

/// What it is told besides the question, which may hold what people wrote.
const SYSTEM: &str = "Answer the user's question briefly and factually. If you do not know, say so.";

pub(super) fn catalog_entry() -> CatalogEntry {
    CatalogEntry {
        name: NAME.to_owned(),
        description: "asks a larger language model, which knows much but nothing of this chat".to_owned(),
        params: vec!["query".to_owned()],
    }
}

/// Asks it, if the day's budget has room for the longest answer.
pub(super) async fn ask(
    guard: &Guard,
    settings: &OpenAiSettings,
    params: &Map<String, Value>,
    (pool, payer): (&PgPool, Payer),
) -> Result<StepOutput, CallError> {
    let query = query_of(params, QUERY_CHARS)?;
    let asked = estimate_tokens(SYSTEM) + estimate_tokens(&query);
    let reserved = Reserved::take(pool, payer, asked + MOST_TOKENS as usize, settings.daily_tokens).await?;
    let said = said(guard, settings, &query).await;
    if let Some(reserved) = reserved {
        let spent = match &said {
            Ok((text, counted)) => counted.unwrap_or_else(|| asked + estimate_tokens(text)),
            // It wrote nothing.
            Err(CallError::Status(_) | CallError::Private | CallError::Elsewhere) => 0,
            Err(_) => asked + MOST_TOKENS as usize,
        };
        reserved.settle(spent).await;
    }
    let text = answer::presentable(&text::lines(&said?.0), Some(&settings.key));
    if text.is_empty() { Err(CallError::Nothing) } else { Ok(StepOutput { text, ..StepOutput::default() }) }
}

/// What it says, and how many tokens that cost, if it says so.
async fn said(guard: &Guard, settings: &OpenAiSettings, query: &str) -> Result<(String, Option<usize>), CallError> {
    // Newer models of OpenAI's refuse the first name, most other servers know only that one.
    let body = match complete(guard, settings, query, "max_tokens").await? {
        (StatusCode::BAD_REQUEST, body) if wants_other_name(&body) => {
            complete(guard, settings, query, "max_completion_tokens").await?
        }
        first => first,
    };
    let (status, body) = body;
    if !status.is_success() {
        return Err(CallError::Status(status));
    }
    let completion: Value = serde_json::from_slice(&body)
        .map_err(|reason| CallError::Unreadable(format!("its answer is no JSON ({reason})")))?;
    let Some(said) = completion.pointer("/choices/0/message/content").and_then(Value::as_str) else {
        return Err(CallError::Unreadable("its answer has no text".to_owned()));
    };
    let counted = completion.pointer("/usage/total_tokens").and_then(Value::as_u64);
    Ok((said.to_owned(), counted.and_then(|tokens| usize::try_from(tokens).ok())))
}

async fn complete(
    guard: &Guard,
    settings: &OpenAiSettings,
    query: &str,
    limit: &str,
) -> Result<(StatusCode, Vec<u8>), CallError> {
    let url = settings.server.url.join("chat/completions");
    let url = url.map_err(|reason| CallError::Unreadable(reason.to_string()))?;
    let messages = json!([{"role": "system", "content": SYSTEM}, {"role": "user", "content": query}]);
    let mut body = json!({"model": settings.model, "messages": messages});
    body[limit] = MOST_TOKENS.into();
    let request = guard.request(Method::POST, url, settings.server.own)?;
    let (status, _, body) = read(request.bearer_auth(settings.key.expose()).json(&body), MOST_BYTES).await?;
    Ok((status, body))
}

fn wants_other_name(body: &[u8]) -> bool {
    String::from_utf8_lossy(body).contains("max_completion_tokens")
}
