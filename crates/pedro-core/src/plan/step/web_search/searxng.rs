//! SearXNG: a search engine over search engines, run by the operator or somebody they trust.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::Value;
use url::Url;

use super::provider::{Answer, SearchError, client, found};
use crate::store::web_search::FoundPage;

/// A client of `GET {base}/search?format=json`.
pub struct Searxng {
    client: Client,
    base: Url,
}

impl Searxng {
    /// `base` ends in a slash.
    ///
    /// # Errors
    /// When TLS cannot be set up on this machine.
    pub fn new(base: Url, timeout: Duration) -> Result<Self, reqwest::Error> {
        Ok(Self { client: client(timeout)?, base })
    }

    pub(super) async fn search(&self, query: &str) -> Result<Vec<FoundPage>, SearchError> {
        let url = self.base.join("search").map_err(|reason| SearchError::Unusable(reason.to_string()))?;
        let request = self.client.get(url).query(&[("q", query), ("format", "json"), ("safesearch", "1")]);
        let answer = Answer::to(request).await?;
        // SearXNG answers 403 to formats that its settings do not list, and older ones send the page for browsers.
        if answer.status == StatusCode::FORBIDDEN || (answer.status.is_success() && answer.is_html()) {
            let mend = "it does not answer in JSON: add json to the list search.formats in SearXNG's settings.yml";
            return Err(SearchError::Unusable(mend.to_owned()));
        }
        read(&answer.ensure_success()?.body)
    }
}

fn read(body: &[u8]) -> Result<Vec<FoundPage>, SearchError> {
    let answer: Value = serde_json::from_slice(body)
        .map_err(|reason| SearchError::Unusable(format!("its answer is no JSON ({reason})")))?;
    let Some(results) = answer["results"].as_array() else {
        return Err(SearchError::Unusable("its answer has no results".to_owned()));
    };
    let text = |result: &Value, key: &str| result[key].as_str().unwrap_or_default().to_owned();
    let pages = found(results.iter().map(|page| (text(page, "title"), text(page, "url"), text(page, "content"))));
    // Nothing found by nobody is another thing than nothing found.
    let mute = answer["unresponsive_engines"].as_array().map_or(0, Vec::len);
    if pages.is_empty() && mute > 0 {
        return Err(SearchError::Unusable(format!("it found nothing, and {mute} of its engines did not answer")));
    }
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_whatever_they_lack() {
        let pages = read(
            br#"{"query": "go", "results": [
                {"title": "Go &amp; you", "url": "https://go.dev/", "content": "The <T> language", "engine": "x"},
                {"url": "https://example.org/a", "title": null, "content": 7}, {"title": "no url"}, "nonsense"],
                "unresponsive_engines": [["google", "timeout"]]}"#,
        )
        .unwrap();
        assert_eq!(pages.len(), 2);
        assert_eq!((pages[0].title.as_str(), pages[0].snippet.as_str()), ("Go & you", "The <T> language"));
        assert_eq!((pages[1].title.as_str(), pages[1].snippet.as_str()), ("example.org", ""));
    }

    #[test]
    fn nothing_found_is_told_from_nobody_asked() {
        assert!(read(br#"{"results": [], "unresponsive_engines": []}"#).unwrap().is_empty());
        assert!(read(br#"{"results": []}"#).unwrap().is_empty());
        let mute = read(br#"{"results": [], "unresponsive_engines": [["google", "CAPTCHA"]]}"#).unwrap_err();
        assert!(mute.to_string().contains("1 of its engines"), "{mute}");
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for body in [&b"{"[..], b"[]", b"{}", b"\"results\"", b""] {
            assert!(read(body).is_err());
        }
    }
}
