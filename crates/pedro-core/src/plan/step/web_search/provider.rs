//! Who searches the web: one client for each, the same answer from all.

use std::time::Duration;

use chrono::Utc;
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};
use url::Url;

use super::brave::Brave;
use super::duckduckgo::DuckDuckGo;
use super::searxng::Searxng;
use crate::plan::step::http::{self, HttpError, USER_AGENT};
use crate::plan::step::text;
use crate::service::config::SearchProvider;
use crate::store::web_search::FoundPage;

/// Pages that one search brings.
pub const MOST_PAGES: usize = 8;

/// A page of results is far smaller.
const MOST_BYTES: usize = 1024 * 1024;

const TITLE_CHARS: usize = 160;
const SNIPPET_CHARS: usize = 400;
/// A longer address is not shortened, for it would lead nowhere: the page is left out.
const URL_CHARS: usize = 600;

/// Why a search brought nothing. The texts are for the operator's log: they name no query.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// It was not complete in time.
    #[error("it took too long")]
    TooSlow,
    /// Too many searches; with the time for which it wants to be left alone, if it says so.
    #[error("it wants fewer searches (429)")]
    Busy(Option<Duration>),
    /// Nobody is there, or what is there does not answer as it should.
    #[error("{0}")]
    Unusable(String),
}

impl From<HttpError> for SearchError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::TooSlow => Self::TooSlow,
            other => Self::Unusable(other.to_string()),
        }
    }
}

/// Somebody who searches the web.
pub enum Provider {
    /// A SearXNG server.
    Searxng(Searxng),
    /// Brave's API.
    Brave(Brave),
    /// DuckDuckGo's page.
    DuckDuckGo(DuckDuckGo),
}

impl Provider {
    /// The client that the settings ask for; `timeout` is that of one search.
    ///
    /// # Errors
    /// When TLS cannot be set up on this machine.
    pub fn new(settings: &SearchProvider, timeout: Duration) -> Result<Self, reqwest::Error> {
        Ok(match settings {
            SearchProvider::Searxng { url } => Self::Searxng(Searxng::new(url.clone(), timeout)?),
            SearchProvider::Brave { url, key } => Self::Brave(Brave::new(url.clone(), key.clone(), timeout)?),
            SearchProvider::DuckDuckGo { url } => Self::DuckDuckGo(DuckDuckGo::new(url.clone(), timeout)?),
        })
    }

    /// Its name, in logs and in the table of what was found.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Searxng(_) => "searxng",
            Self::Brave(_) => "brave",
            Self::DuckDuckGo(_) => "duckduckgo",
        }
    }

    /// What it finds, best first, at most [`MOST_PAGES`]; empty if it finds nothing.
    ///
    /// # Errors
    /// See [`SearchError`].
    pub async fn search(&self, query: &str) -> Result<Vec<FoundPage>, SearchError> {
        match self {
            Self::Searxng(searxng) => searxng.search(query).await,
            Self::Brave(brave) => brave.search(query).await,
            Self::DuckDuckGo(duckduckgo) => duckduckgo.search(query).await,
        }
    }
}

/// Redirects are not followed: a search that is sent elsewhere would take the query, and a key, along.
pub(super) fn client(timeout: Duration) -> Result<Client, reqwest::Error> {
    Client::builder().timeout(timeout).user_agent(USER_AGENT).redirect(Policy::none()).build()
}

/// What a provider answered, as it came.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// Sends a request and reads the answer, whatever it is; only "too many" is told apart.
    pub(super) async fn to(request: RequestBuilder) -> Result<Self, SearchError> {
        let response = request.send().await.map_err(HttpError::from)?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(SearchError::Busy(http::retry_after(&headers, Utc::now())));
        }
        let body = http::read(response, MOST_BYTES).await?;
        Ok(Self { status, headers, body })
    }

    /// The answer, if the status says that it is one.
    pub(super) fn ensure_success(self) -> Result<Self, SearchError> {
        match self.status.is_success() {
            true => Ok(self),
            false => Err(SearchError::Unusable(format!("it answers {}", self.status))),
        }
    }

    pub(super) fn is_html(&self) -> bool {
        http::is_of_type(&self.headers, "html") || self.body.trim_ascii_start().starts_with(b"<")
    }
}

/// What was found as it is kept: only pages that can be opened, none twice, nothing too long.
pub(super) fn found(pages: impl IntoIterator<Item = (String, String, String)>) -> Vec<FoundPage> {
    let mut found: Vec<FoundPage> = Vec::new();
    for (title, url, snippet) in pages {
        let Some((url, host)) = openable(&url) else { continue };
        if found.iter().any(|page| page.url == url) {
            continue;
        }
        let title = text::cut(&text::of_snippet(&title), TITLE_CHARS);
        let title = if title.is_empty() { host } else { title };
        found.push(FoundPage { title, url, snippet: text::cut(&text::of_snippet(&snippet), SNIPPET_CHARS) });
        if found.len() == MOST_PAGES {
            break;
        }
    }
    found
}

/// The address of a page and its host, if people can open it and are not deceived by it: `https://bank.example@other.example`
/// leads elsewhere than it says.
fn openable(url: &str) -> Option<(String, String)> {
    let url = Url::parse(url.trim()).ok()?;
    let is_plain = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    let host = url.host_str()?.to_owned();
    let text = String::from(url);
    (is_plain && text.chars().count() <= URL_CHARS).then_some((text, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(title: &str, url: &str, snippet: &str) -> (String, String, String) {
        (title.to_owned(), url.to_owned(), snippet.to_owned())
    }

    #[test]
    fn what_cannot_be_opened_or_deceives_is_left_out() {
        let wrong = [
            "javascript:alert(1)",
            "ftp://example.org/",
            "file:///etc/passwd",
            "/relative",
            "",
            "https://bank.example@other.example/",
            "data:text/html,x",
        ];
        assert_eq!(found(wrong.map(|url| page("t", url, "s"))), []);
        let long = format!("https://example.org/{}", "x".repeat(600));
        assert_eq!(found([page("t", &long, "s")]), []);
    }

    #[test]
    fn titles_and_snippets_are_plain_short_and_never_empty_names() {
        let found = found([
            page("a &amp; b\u{202e}", "https://example.org/a", &"word ".repeat(200)),
            page("", "http://example.org/b", "<b>bold</b>"),
            page("again", "https://example.org/a", ""),
        ]);
        let titles: Vec<&str> = found.iter().map(|page| page.title.as_str()).collect();
        assert_eq!(titles, ["a & b", "example.org"]);
        assert!(found[0].snippet.ends_with('…') && found[0].snippet.chars().count() <= SNIPPET_CHARS);
        assert_eq!(found[1].snippet, "bold");
    }

    #[test]
    fn eight_pages_are_enough() {
        assert_eq!(found((0..20).map(|n| page("t", &format!("https://example.org/{n}"), ""))).len(), MOST_PAGES);
    }
}
