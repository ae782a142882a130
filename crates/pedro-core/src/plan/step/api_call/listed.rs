//! An API that the operator listed.

use reqwest::Method;
use serde_json::{Map, Value};

use super::guard::Guard;
use super::{CallError, answer, respond};
use crate::plan::step::CatalogEntry;
use crate::plan::{Citation, StepOutput};
use crate::service::config::{ApiMethod, ApiToolSettings};

/// What the planner is told.
pub(super) fn catalog_entry(tool: &ApiToolSettings) -> CatalogEntry {
    CatalogEntry { name: tool.name.clone(), description: tool.description.clone(), params: tool.params() }
}

/// Asks it.
pub(super) async fn ask(
    guard: &Guard,
    tool: &ApiToolSettings,
    params: &Map<String, Value>,
) -> Result<StepOutput, CallError> {
    let url = tool.url.fill(params).ok_or(CallError::Params)?;
    let method = match tool.method {
        ApiMethod::Get => Method::GET,
        ApiMethod::Post => Method::POST,
    };
    let mut request = guard.request(method, url, tool.allow_private)?;
    if let Some(body) = &tool.body {
        request = request.json(&body.fill(params).ok_or(CallError::Params)?);
    }
    if let Some(secret) = &tool.secret {
        request = request.header(secret.header.clone(), secret.value.clone());
    }
    let (headers, body) = respond(request, tool.max_bytes).await?;
    let text = answer::to_text(&headers, &body, tool.result.as_deref())?;
    let text = answer::presentable(&text, tool.secret.as_ref().map(|secret| &secret.secret));
    if text.is_empty() {
        return Err(CallError::Nothing);
    }
    let citations = vec![Citation { title: tool.name.clone(), url: None }];
    Ok(StepOutput { text, citations, ..StepOutput::default() })
}
