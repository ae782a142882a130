//! What every request passes, whoever is asked: it is noted, kept waiting, got into trouble, or answered.

use std::time::Duration;

use axum::body::to_bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Search;
use super::ask::Ask;
use super::page::Page;
use super::provider::Provider;
use super::trouble::Trouble;
use super::world::Arrived;

/// The largest answer that can be cut off.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// Where providers are asked.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    pub(super) search: Search,
    /// What hangs must not keep the playground from ending.
    pub(super) shutdown: CancellationToken,
}

/// What a provider answers from.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) query: String,
    /// The best first.
    pub(super) pages: Vec<Page>,
    /// Whoever asks is taken for a bot.
    pub(super) blocked: bool,
}

impl Found {
    /// A page of results: so many from this one on.
    pub(super) fn part(&self, skip: usize, count: usize) -> &[Page] {
        let from = skip.min(self.pages.len());
        let to = from.saturating_add(count).min(self.pages.len());
        &self.pages[from..to]
    }
}

impl Desk {
    /// Answers a request for `query` with what the provider makes of what is found.
    pub(super) async fn serve(
        &self,
        provider: Provider,
        query: &str,
        ask: Ask,
        answer: impl FnOnce(&Ask, Found) -> Response,
    ) -> Response {
        self.serve_after(Duration::ZERO, provider, query, ask, answer).await
    }

    /// The same, after some time.
    pub(super) async fn serve_after(
        &self,
        time: Duration,
        provider: Provider,
        query: &str,
        ask: Ask,
        answer: impl FnOnce(&Ask, Found) -> Response,
    ) -> Response {
        let Arrived { number, trouble, delay } = self.search.update(|world| world.arrive(provider, query.to_owned()));
        self.wait(time.saturating_add(delay)).await;
        let response = match trouble {
            Some(Trouble::Status { status }) => failure(status),
            Some(Trouble::RateLimited { retry_after_s }) => limited(provider, retry_after_s),
            Some(Trouble::Reset) => {
                if let Some(breaker) = &ask.breaker {
                    breaker.snap();
                }
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
            Some(Trouble::Hang) => {
                self.shutdown.cancelled().await;
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
            Some(Trouble::CutOff) => cut_off(answer(&ask, self.find(query, None))).await,
            Some(Trouble::Blocked) if refuses_bots(provider) => refusal(),
            Some(Trouble::Empty | Trouble::Blocked) | None => answer(&ask, self.find(query, trouble)),
        };
        self.search.update(|world| world.answered(number, response.status().as_u16()));
        response
    }

    async fn wait(&self, time: Duration) {
        if time.is_zero() {
            return;
        }
        tokio::select! {
            () = self.shutdown.cancelled() => {}
            () = sleep(time) => {}
        }
    }

    fn find(&self, query: &str, trouble: Option<Trouble>) -> Found {
        let pages = if trouble.is_none() { self.search.find(query) } else { Vec::new() };
        Found { query: query.to_owned(), pages, blocked: trouble == Some(Trouble::Blocked) }
    }
}

/// SearXNG and DuckDuckGo have ways of their own to say that they take somebody for a bot.
fn refuses_bots(provider: Provider) -> bool {
    !matches!(provider, Provider::Searxng | Provider::DuckDuckGo)
}

fn failure(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let reason = status.canonical_reason().unwrap_or("Error");
    let page = format!(
        "<html><head><title>{0} {reason}</title></head><body><h1>{0} {reason}</h1></body></html>\n",
        status.as_u16()
    );
    (status, Html(page)).into_response()
}

fn refusal() -> Response {
    let page = "<html><head><title>Just a moment...</title></head><body><h1>Verify you are human</h1></body></html>\n";
    (StatusCode::FORBIDDEN, Html(page)).into_response()
}

fn limited(provider: Provider, seconds: u64) -> Response {
    let mut response = match provider {
        Provider::Brave => super::brave::rate_limited(seconds),
        _ => (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests\n").into_response(),
    };
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// The first half of an answer, as if that were all.
async fn cut_off(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, ANSWER_BYTES).await.unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    (parts, bytes.slice(..bytes.len() / 2)).into_response()
}
