//! What the page, and tests in other languages, drive the stand-in web search with: `/api/search/...`.
//!
//! Providers are `searxng`, `duckduckgo`, `answers`, `brave`, `wikipedia` and `trap`. What cannot be done is answered
//! with a status of 400 or 422.
//!
//! | request | does |
//! | --- | --- |
//! | `GET state` | `pages`; `trouble` by provider, each with what happens to the `next` requests and `delay_ms`; `searxng_json`; `counts` of requests by provider |
//! | `GET requests?provider=&last=` | the last requests: `number`, `provider`, `query`, `status` (0: no answer), `at` |
//! | `GET find?q=` | the pages that a query finds |
//! | `GET events` | `request`, `state` and `resync` ("read everything again") as they happen, as server-sent events |
//! | `POST pages` | `{pages: [{title, url, text, words?}]}` instead of those there are; without `pages`, the invented |
//! | `POST forget` | `{}`: the requests so far |
//! | `POST misbehave` | `{action, ...}`: see `Misbehave` below |

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::page::Page;
use super::provider::Provider;
use super::trouble::Trouble;
use super::world::World;
use super::{Search, stream};

/// Requests shown unless asked for another number.
const LAST: usize = 200;
/// Requests that can be got into trouble at once.
const TROUBLES: usize = 1_000;

/// What the handlers share.
#[derive(Debug, Clone)]
pub(super) struct Control {
    pub(super) search: Search,
    pub(super) shutdown: CancellationToken,
}

pub(super) fn router(search: Search, shutdown: CancellationToken) -> Router {
    Router::new()
        .route("/state", get(state))
        .route("/requests", get(requests))
        .route("/find", get(find))
        .route("/events", get(stream::events))
        .route("/pages", post(pages))
        .route("/forget", post(forget))
        .route("/misbehave", post(misbehave))
        .with_state(Control { search, shutdown })
}

fn done() -> Json<Value> {
    Json(json!({ "ok": true }))
}

async fn state(State(control): State<Control>) -> Json<Value> {
    Json(control.search.read(describe))
}

fn describe(world: &World) -> Value {
    let mut counts: BTreeMap<Provider, usize> = Provider::ALL.map(|provider| (provider, 0)).into();
    for request in &world.requests {
        *counts.entry(request.provider).or_default() += 1;
    }
    let trouble: BTreeMap<Provider, Value> = Provider::ALL
        .map(|provider| (provider, json!(world.misbehaviour.get(&provider).cloned().unwrap_or_default())))
        .into();
    json!({
        "run": world.run, "pages": world.pages, "trouble": trouble, "searxng_json": world.searxng_json,
        "counts": counts,
    })
}

#[derive(Debug, Deserialize)]
struct Look {
    provider: Option<Provider>,
    last: Option<usize>,
}

async fn requests(State(control): State<Control>, Query(look): Query<Look>) -> Json<Value> {
    let requests = look.provider.map_or_else(|| control.search.requests(), |one| control.search.requests_to(one));
    let surplus = requests.len().saturating_sub(look.last.unwrap_or(LAST));
    Json(json!({ "requests": requests[surplus..] }))
}

#[derive(Debug, Deserialize)]
struct Find {
    q: String,
}

async fn find(State(control): State<Control>, Query(asked): Query<Find>) -> Json<Value> {
    Json(json!({ "pages": control.search.find(&asked.q) }))
}

#[derive(Debug, Deserialize)]
struct Pages {
    pages: Option<Vec<Page>>,
}

async fn pages(
    State(control): State<Control>,
    Json(asked): Json<Pages>,
) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    let Some(pages) = asked.pages else {
        control.search.restore_pages();
        return Ok(done());
    };
    let nameless = |page: &&Page| page.title.trim().is_empty() || !page.url.contains("://");
    if let Some(page) = pages.iter().find(nameless) {
        let why = format!(
            "a page needs a title and an address such as https://example.com/: {:?}, {:?}",
            page.title, page.url
        );
        return Err((StatusCode::BAD_REQUEST, Json(json!({ "error": why }))));
    }
    control.search.set_pages(pages);
    Ok(done())
}

async fn forget(State(control): State<Control>) -> Json<Value> {
    control.search.forget_requests();
    done()
}

/// Ways to misbehave.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
enum Misbehave {
    /// The next requests to a provider: `{kind: status|empty|rate_limited|blocked|cut_off|reset|hang, ...}`.
    Next { provider: Provider, count: usize, trouble: Trouble },
    /// Every answer of a provider comes so much later, until told otherwise.
    Delay { provider: Provider, ms: u64 },
    /// Whether SearXNG speaks JSON.
    SearxngJson { on: bool },
    /// The only token that Brave takes from now on.
    BraveToken { token: String },
    /// No trouble and no delay any more.
    NoTrouble,
}

async fn misbehave(State(control): State<Control>, Json(action): Json<Misbehave>) -> Json<Value> {
    let search = &control.search;
    match action {
        Misbehave::Next { provider, count, trouble } => search.trouble_next(provider, count.min(TROUBLES), trouble),
        Misbehave::Delay { provider, ms } => search.set_delay(provider, Duration::from_millis(ms)),
        Misbehave::SearxngJson { on } => search.set_searxng_json(on),
        Misbehave::BraveToken { token } => search.set_brave_token(&token),
        Misbehave::NoTrouble => search.no_trouble(),
    }
    done()
}
