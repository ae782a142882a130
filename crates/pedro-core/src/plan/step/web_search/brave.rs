//! Brave's search API.

use std::time::Duration;

use reqwest::Client;
use reqwest::header::HeaderValue;
use serde_json::Value;
use url::Url;

use super::provider::{Answer, MOST_PAGES, SearchError, client, found};
use crate::service::secret::Secret;
use crate::store::web_search::FoundPage;

/// What Brave takes: 400 characters, 50 words.
const QUERY_CHARS: usize = 400;
const QUERY_WORDS: usize = 50;

/// A client of `GET {base}/res/v1/web/search`.
pub struct Brave {
    client: Client,
    base: Url,
    key: Secret,
}

impl Brave {
    /// `base` ends in a slash.
    ///
    /// # Errors
    /// When TLS cannot be set up on this machine.
    pub fn new(base: Url, key: Secret, timeout: Duration) -> Result<Self, reqwest::Error> {
        Ok(Self { client: client(timeout)?, base, key })
    }

    pub(super) async fn search(&self, query: &str) -> Result<Vec<FoundPage>, SearchError> {
        let unusable = |reason: String| SearchError::Unusable(reason);
        let url = self.base.join("res/v1/web/search").map_err(|reason| unusable(reason.to_string()))?;
        let mut key = HeaderValue::from_str(self.key.expose())
            .map_err(|_| unusable("SEARCH_BRAVE_API_KEY holds characters that no key has".to_owned()))?;
        key.set_sensitive(true);
        let words: Vec<&str> = query.split_whitespace().take(QUERY_WORDS).collect();
        let query: String = words.join(" ").chars().take(QUERY_CHARS).collect();
        let count = MOST_PAGES.to_string();
        let asked = [
            ("q", query.as_str()),
            ("count", &count),
            ("result_filter", "web"),
            ("safesearch", "moderate"),
            ("text_decorations", "false"),
        ];
        let request = self.client.get(url).query(&asked).header("accept", "application/json");
        let answer = Answer::to(request.header("x-subscription-token", key)).await?;
        if matches!(answer.status.as_u16(), 401 | 403) {
            return Err(unusable(format!("it answers {}: check SEARCH_BRAVE_API_KEY", answer.status)));
        }
        read(&answer.ensure_success()?.body)
    }
}

fn read(body: &[u8]) -> Result<Vec<FoundPage>, SearchError> {
    let answer: Value = serde_json::from_slice(body)
        .map_err(|reason| SearchError::Unusable(format!("its answer is no JSON ({reason})")))?;
    let results = match (&answer["web"]["results"], answer["type"].as_str()) {
        (Value::Array(results), _) => results,
        // An answer without web pages has no `web` at all.
        (_, Some("search")) => return Ok(Vec::new()),
        _ => return Err(SearchError::Unusable("its answer has no results".to_owned())),
    };
    let text = |result: &Value, key: &str| result[key].as_str().unwrap_or_default().to_owned();
    Ok(found(results.iter().map(|page| (text(page, "title"), text(page, "url"), text(page, "description")))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_whatever_they_lack() {
        let pages = read(
            br#"{"type": "search", "web": {"results": [
                {"title": "Go", "url": "https://go.dev/", "description": "A <strong>language</strong> that&#x27;s fast"},
                {"url": "https://example.org/a"}, {"title": "no url"}, 5]}}"#,
        )
        .unwrap();
        assert_eq!(pages.len(), 2);
        assert_eq!(pages[0].snippet, "A language that's fast");
        assert_eq!(pages[1].title, "example.org");
    }

    #[test]
    fn an_answer_without_pages_is_nothing_found() {
        assert!(read(br#"{"type": "search", "query": {"original": "x"}}"#).unwrap().is_empty());
        assert!(read(br#"{"type": "search", "web": {"results": []}}"#).unwrap().is_empty());
        for body in [&b"{"[..], b"{}", br#"{"type": "ErrorResponse"}"#, b"[]"] {
            assert!(read(body).is_err());
        }
    }
}
