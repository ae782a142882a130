//! Brave's search API, at `/brave/res/v1/web/search`.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use chrono::Utc;
use serde_json::{Value, json};
use uuid::Uuid;

use super::ask::Ask;
use super::page::Page;
use super::provider::Provider;
use super::serve::{Desk, Found};
use super::text::{marked, snippet};

const QUERY_CHARACTERS: usize = 400;
const QUERY_WORDS: usize = 50;
const COUNT: usize = 20;
const OFFSET: usize = 9;
const MARK: (&str, &str) = ("<strong>", "</strong>");

pub(super) fn router() -> Router<Desk> {
    Router::new().route("/brave/res/v1/web/search", get(search))
}

async fn search(State(desk): State<Desk>, ask: Ask) -> Response {
    let token = desk.search.read(|world| world.brave_token.clone());
    let query = ask.text("q").to_owned();
    desk.serve(Provider::Brave, &query, ask, |ask, found| answer(ask, &found, token.as_deref())).await
}

fn answer(ask: &Ask, found: &Found, token: Option<&str>) -> Response {
    let problems = problems(ask);
    if !problems.is_empty() {
        let detail = "Unable to validate request parameter(s)";
        return failure(StatusCode::UNPROCESSABLE_ENTITY, "VALIDATION", detail, json!({ "errors": problems }));
    }
    if token.is_some_and(|good| good != ask.header("x-subscription-token")) {
        let detail = "The provided subscription token is invalid.";
        let meta = json!({ "component": "authentication" });
        return failure(StatusCode::UNPROCESSABLE_ENTITY, "SUBSCRIPTION_TOKEN_INVALID", detail, meta);
    }
    let count = ask.number("count").unwrap_or(COUNT);
    let skip = ask.number("offset").unwrap_or(0) * count;
    let results = found.part(skip, count);
    let more = found.pages.len() > skip + results.len();
    let mut document =
        json!({ "type": "search", "query": { "original": found.query, "more_results_available": more } });
    // Where nothing is found on the web, nothing is said about the web.
    if !results.is_empty() {
        let results: Vec<Value> = results.iter().map(|page| result(page, &found.query)).collect();
        document["web"] = json!({ "type": "search", "results": results, "family_friendly": true });
    }
    with_limits(Json(document).into_response(), 1, 1)
}

/// What is wrong with the parameters, as its validator writes it.
fn problems(ask: &Ask) -> Vec<Value> {
    let mut problems = Vec::new();
    let mut add = |kind: &str, place: [&str; 2], message: &str| {
        problems.push(json!({ "type": kind, "loc": place, "msg": message, "input": null }));
    };
    if ask.header("x-subscription-token").is_empty() {
        add("missing", ["header", "x-subscription-token"], "Field required");
    }
    match ask.param("q") {
        None => add("missing", ["query", "q"], "Field required"),
        Some(query) if query.trim().is_empty() => {
            add("string_too_short", ["query", "q"], "String should have at least 1 character");
        }
        Some(query) if query.chars().count() > QUERY_CHARACTERS || query.split_whitespace().count() > QUERY_WORDS => {
            add("string_too_long", ["query", "q"], "String should have at most 400 characters");
        }
        Some(_) => {}
    }
    for (name, allowed) in [("count", 1..=COUNT), ("offset", 0..=OFFSET)] {
        if ask.param(name).is_some() && !ask.number(name).is_some_and(|number| allowed.contains(&number)) {
            add(
                "less_than_equal",
                ["query", name],
                &format!("Input should be between {} and {}", allowed.start(), allowed.end()),
            );
        }
    }
    problems
}

fn result(page: &Page, query: &str) -> Value {
    let host = page.url.split_once("://").and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default();
    json!({
        "title": page.title, "url": page.url, "description": marked(&snippet(&page.text), query, MARK),
        "is_source_local": false, "is_source_both": false, "language": "en", "family_friendly": true,
        "type": "search_result", "subtype": "generic", "profile": { "name": host, "long_name": host, "url": page.url },
        "meta_url": { "scheme": "https", "netloc": host, "hostname": host, "path": "" },
    })
}

/// The plan allows one request a second; tells how many are left, and when there are more.
pub(super) fn rate_limited(seconds: u64) -> Response {
    let meta = json!({
        "component": "rate_limiter", "plan": "Free", "rate_limit": 1, "rate_current": 1, "quota_limit": 2_000,
        "quota_current": 1,
    });
    let response =
        failure(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", "Request rate limit exceeded for plan.", meta);
    with_limits(response, 0, seconds)
}

fn failure(status: StatusCode, code: &str, detail: &str, meta: Value) -> Response {
    let error =
        json!({ "id": Uuid::new_v4(), "status": status.as_u16(), "code": code, "detail": detail, "meta": meta });
    (status, Json(json!({ "type": "ErrorResponse", "error": error, "time": Utc::now().timestamp() }))).into_response()
}

/// What it says of the second and of the month.
fn with_limits(mut response: Response, left: u64, reset_s: u64) -> Response {
    for (name, value) in [
        ("x-ratelimit-limit", "1, 2000".to_owned()),
        ("x-ratelimit-policy", "1;w=1, 2000;w=2592000".to_owned()),
        ("x-ratelimit-remaining", format!("{left}, 1999")),
        ("x-ratelimit-reset", format!("{reset_s}, 1209600")),
    ] {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}
