//! Wikipedia: the article that a search finds first, in its own summary.

use reqwest::Method;
use serde_json::{Map, Value};
use url::Url;

use super::guard::Guard;
use super::{CallError, MOST_BYTES, QUERY_CHARS, answer, query_of, respond};
use crate::plan::step::{CatalogEntry, text};
use crate::plan::{Citation, StepOutput};
use crate::service::config::ApiServer;

pub(super) const NAME: &str = "wikipedia";

/// Articles that are looked at: the first may only list what a word can mean.
const MOST_ARTICLES: usize = 3;

pub(super) fn catalog_entry() -> CatalogEntry {
    CatalogEntry {
        name: NAME.to_owned(),
        description: "the summary of the encyclopedia's article about something".to_owned(),
        params: vec!["query".to_owned()],
    }
}

/// Asks it.
pub(super) async fn ask(
    guard: &Guard,
    server: &ApiServer,
    params: &Map<String, Value>,
) -> Result<StepOutput, CallError> {
    let titles = search(guard, server, &query_of(params, QUERY_CHARS)?).await?;
    for title in &titles {
        let summary = match summary(guard, server, title).await {
            // Moved or deleted since the search learned of it.
            Err(CallError::Status(status)) if status.as_u16() == 404 => continue,
            summary => summary?,
        };
        if let Some(output) = read(&summary, &titles) {
            return Ok(output);
        }
    }
    Err(CallError::Nothing)
}

async fn search(guard: &Guard, server: &ApiServer, query: &str) -> Result<Vec<String>, CallError> {
    let url = server.url.join("w/api.php").map_err(|reason| CallError::Unreadable(reason.to_string()))?;
    let count = MOST_ARTICLES.to_string();
    let asked = [
        ("action", "query"),
        ("list", "search"),
        ("srsearch", query),
        ("srlimit", &count),
        ("format", "json"),
        ("formatversion", "2"),
    ];
    let found = json(guard.request(Method::GET, url, server.own)?.query(&asked)).await?;
    let titles = found["query"]["search"].as_array().into_iter().flatten();
    Ok(titles.filter_map(|hit| hit["title"].as_str().map(str::to_owned)).take(MOST_ARTICLES).collect())
}

async fn summary(guard: &Guard, server: &ApiServer, title: &str) -> Result<Value, CallError> {
    let unreadable = || CallError::Unreadable("an article's title makes no address".to_owned());
    let mut url: Url = server.url.join("api/rest_v1/page/summary").map_err(|_| unreadable())?;
    url.path_segments_mut().map_err(|()| unreadable())?.push(&title.replace(' ', "_"));
    json(guard.request(Method::GET, url, server.own)?).await
}

async fn json(request: reqwest::RequestBuilder) -> Result<Value, CallError> {
    let (_, body) = respond(request.header("accept", "application/json"), MOST_BYTES).await?;
    serde_json::from_slice(&body).map_err(|reason| CallError::Unreadable(format!("its answer is no JSON ({reason})")))
}

/// What an article says, if it says something; the others that were found are named.
fn read(summary: &Value, titles: &[String]) -> Option<StepOutput> {
    let extract = text::lines(summary["extract"].as_str()?);
    if extract.is_empty() || summary["type"] == "disambiguation" {
        return None;
    }
    let title = text::one_line(summary["title"].as_str().unwrap_or_default());
    let others: Vec<&str> = titles.iter().map(String::as_str).filter(|other| *other != title).collect();
    let others = if others.is_empty() { String::new() } else { format!("\nSee also: {}", others.join(", ")) };
    let url = summary["content_urls"]["desktop"]["page"].as_str().filter(|url| url.starts_with("http"));
    let citations = vec![Citation { title: format!("{title} (Wikipedia)"), url: url.map(str::to_owned) }];
    let text = answer::presentable(&format!("{title}: {extract}{others}"), None);
    Some(StepOutput { text, citations, ..StepOutput::default() })
}
