//! A step that asks an API: one of those that the operator listed, or one of three that are built in.
//!
//! A plan is made by a model, from what people write: it chooses which API is asked and what, never where it is, nor
//! what opens it.

mod answer;
mod budget;
mod duckduckgo;
mod guard;
mod listed;
mod openai;
mod wikipedia;

use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Map, Value};
use sqlx::PgPool;

pub use self::budget::Payer;
use self::guard::{Guard, NotPublic};
use super::http::{self, HttpError};
use super::{CatalogEntry, text};
use crate::plan::{StepError, StepOutput};
use crate::reply::step as say;
use crate::service::config::{ApiSettings, ApiToolSettings, TOOL, text_of};
use crate::store::StoreError;

/// How long a built-in API may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// A large model thinks longer than a table is read.
const MODEL_TIMEOUT: Duration = Duration::from_secs(60);
/// Largest answer of a built-in API.
const MOST_BYTES: usize = 256 * 1024;
/// Longest question to a built-in API that searches.
const QUERY_CHARS: usize = 300;

/// Why a call brought nothing. The texts are for the operator's log: they hold no URL, no secret and nothing that people
/// wrote.
#[derive(Debug, thiserror::Error)]
enum CallError {
    /// What the template wants was not given.
    #[error("a parameter is missing, or cannot be used")]
    Params,
    /// It is where nobody may be asked.
    #[error("its address is in a private network, and allow_private is not set")]
    Private,
    /// It sends us to another server.
    #[error("it answers with a redirect to another server")]
    Elsewhere,
    /// It answers with an error.
    #[error("it answers {0}")]
    Status(StatusCode),
    /// Its answer was not complete in time.
    #[error("it took too long")]
    TooSlow,
    /// Nobody is there, or the answer is too large.
    #[error("{0}")]
    Unreachable(String),
    /// What it answers cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// It costs money, and the day's budget is spent.
    #[error("the community's tokens for today are spent (OPENAI_DAILY_TOKENS)")]
    Spent,
    /// What was spent is not known.
    #[error("what was spent today is not known: {0}")]
    Ledger(#[from] StoreError),
    /// It has no answer to that.
    #[error("it knows nothing about that")]
    Nothing,
}

impl From<HttpError> for CallError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::TooSlow => Self::TooSlow,
            other => Self::Unreachable(other.to_string()),
        }
    }
}

impl From<reqwest::Error> for CallError {
    fn from(error: reqwest::Error) -> Self {
        let mut inner: Option<&dyn std::error::Error> = Some(&error);
        while let Some(reason) = inner {
            if reason.is::<NotPublic>() {
                return Self::Private;
            }
            inner = reason.source();
        }
        HttpError::from(error).into()
    }
}

/// The APIs that plans may ask.
pub struct ApiTools {
    guard: Guard,
    built_in: ApiSettings,
    listed: Vec<ApiToolSettings>,
    pool: PgPool,
}

impl ApiTools {
    /// The built-in APIs, and those that the operator's file lists. What is spent is written down in `pool`.
    ///
    /// # Errors
    /// When TLS cannot be set up on this machine.
    pub fn new(built_in: ApiSettings, listed: Vec<ApiToolSettings>, pool: PgPool) -> Result<Self, reqwest::Error> {
        Ok(Self { guard: Guard::new()?, built_in, listed, pool })
    }

    /// What can be asked here, for the planner's prompt.
    pub fn catalog(&self) -> Vec<CatalogEntry> {
        let ApiSettings { openai, duckduckgo, wikipedia } = &self.built_in;
        let mut entries: Vec<CatalogEntry> = self.listed.iter().map(listed::catalog_entry).collect();
        entries.extend(duckduckgo.iter().map(|_| duckduckgo::catalog_entry()));
        entries.extend(wikipedia.iter().map(|_| wikipedia::catalog_entry()));
        entries.extend(openai.iter().map(|_| openai::catalog_entry()));
        entries
    }

    /// Asks the API that `params` name as `tool`, with the others among them.
    ///
    /// # Errors
    /// [`StepError::Refused`] if there is no such API or it must not be asked so, [`StepError::TooSlow`] and
    /// [`StepError::Failed`] if it did not answer.
    pub async fn run(&self, params: &Map<String, Value>, payer: Payer) -> Result<StepOutput, StepError> {
        let name = params.get(TOOL).and_then(Value::as_str).unwrap_or_default().trim();
        let ApiSettings { openai, duckduckgo, wikipedia } = &self.built_in;
        let guard = &self.guard;
        if let Some(tool) = self.listed.iter().find(|tool| tool.name == name) {
            return observed(&tool.name, tool.timeout, listed::ask(guard, tool, params)).await;
        }
        match (name, openai, duckduckgo, wikipedia) {
            (openai::NAME, Some(openai), ..) => {
                observed(name, MODEL_TIMEOUT, openai::ask(guard, openai, params, (&self.pool, payer))).await
            }
            (openai::NAME, None, ..) => Err(StepError::Refused(say::model_not_set_up())),
            (duckduckgo::NAME, _, Some(server), _) => {
                observed(name, TIMEOUT, duckduckgo::ask(guard, server, params)).await
            }
            (wikipedia::NAME, .., Some(server)) => observed(name, TIMEOUT, wikipedia::ask(guard, server, params)).await,
            _ => Err(StepError::Refused(say::api_unknown())),
        }
    }
}

/// Waits for a call within its time, logs how it went, and says it in words for people.
async fn observed(
    name: &str,
    limit: Duration,
    call: impl Future<Output = Result<StepOutput, CallError>>,
) -> Result<StepOutput, StepError> {
    let began = Instant::now();
    let result = tokio::time::timeout(limit, call).await.unwrap_or(Err(CallError::TooSlow));
    let duration_ms = began.elapsed().as_millis() as u64;
    let error = match result {
        Ok(output) => {
            tracing::info!(api = name, duration_ms, chars = output.text.len(), "asked an API");
            return Ok(output);
        }
        Err(error) => error,
    };
    tracing::warn!(api = name, duration_ms, "an API was asked in vain: {error}");
    Err(match error {
        CallError::Params => StepError::Refused(say::api_params(name)),
        CallError::Private | CallError::Elsewhere => StepError::Refused(say::api_not_allowed(name)),
        CallError::Status(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            StepError::Refused(say::api_locked(name))
        }
        CallError::Spent => StepError::Refused(say::api_spent(name)),
        CallError::TooSlow => StepError::TooSlow,
        CallError::Nothing => StepError::Failed(say::api_knows_nothing(name)),
        CallError::Status(_) | CallError::Unreachable(_) | CallError::Unreadable(_) | CallError::Ledger(_) => {
            StepError::Failed(say::api_failed(name))
        }
    })
}

/// Sends a request and reads the answer, whatever its status.
async fn read(request: RequestBuilder, most: usize) -> Result<(StatusCode, HeaderMap, Vec<u8>), CallError> {
    let response = request.send().await?;
    let (status, headers) = (response.status(), response.headers().clone());
    if status.is_redirection() {
        return Err(CallError::Elsewhere);
    }
    Ok((status, headers, http::read(response, most).await?))
}

/// Sends a request and reads the answer to it.
async fn respond(request: RequestBuilder, most: usize) -> Result<(HeaderMap, Vec<u8>), CallError> {
    match read(request, most).await? {
        (status, headers, body) if status.is_success() => Ok((headers, body)),
        (status, ..) => Err(CallError::Status(status)),
    }
}

/// The question among the parameters.
fn query_of(params: &Map<String, Value>, most: usize) -> Result<String, CallError> {
    let query = params.get("query").and_then(text_of).map(|query| text::lines(&query));
    let query = query.filter(|query| !query.is_empty()).ok_or(CallError::Params)?;
    Ok(query.chars().take(most).collect())
}

#[cfg(test)]
mod tests;
