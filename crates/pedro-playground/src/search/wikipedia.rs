//! Wikipedia, as far as one needs it to look for an article and read its beginning: `/wikipedia/...`.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::get;
use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};

use super::ask::Ask;
use super::page::Page;
use super::provider::Provider;
use super::serve::{Desk, Found};
use super::text::{escape, marked, snippet};
use crate::hash::fnv1a;
use crate::web::percent;

const RESULTS: usize = 10;
const MOST_RESULTS: usize = 500;
const MARK: (&str, &str) = ("<span class=\"searchmatch\">", "</span>");

pub(super) fn router() -> Router<Desk> {
    Router::new()
        .route("/wikipedia/w/api.php", get(api).post(api))
        .route("/wikipedia/api/rest_v1/page/summary/{title}", get(summary))
}

async fn api(State(desk): State<Desk>, ask: Ask) -> Response {
    let query = ask.text("srsearch").trim().to_owned();
    desk.serve(Provider::Wikipedia, &query, ask, |ask, found| search(ask, &found)).await
}

async fn summary(State(desk): State<Desk>, Path(title): Path<String>, ask: Ask) -> Response {
    desk.serve(Provider::Wikipedia, &title, ask, |ask, found| beginning(ask, &found)).await
}

/// Wikimedia turns those away who do not say who they are.
fn nobody(ask: &Ask) -> Option<Response> {
    let why = "Please set a user-agent and respect our robot policy https://w.wiki/4wJS.\n";
    ask.header("user-agent").is_empty().then(|| (StatusCode::FORBIDDEN, why).into_response())
}

fn search(ask: &Ask, found: &Found) -> Response {
    if let Some(refusal) = nobody(ask) {
        return refusal;
    }
    if ask.text("format") != "json" {
        return Html("<!DOCTYPE html>\n<html><head><title>MediaWiki API help</title></head></html>\n").into_response();
    }
    if ask.text("action") != "query" {
        let info = format!("Unrecognized value for parameter \"action\": {}.", ask.text("action"));
        return failure("badvalue", &info);
    }
    if ask.text("list") != "search" {
        return Json(json!({ "batchcomplete": "" })).into_response();
    }
    if found.query.is_empty() {
        return failure("missingparam", "The \"srsearch\" parameter must be set.");
    }
    let skip = ask.number("sroffset").unwrap_or(0);
    let results = found.part(skip, ask.number("srlimit").unwrap_or(RESULTS).min(MOST_RESULTS));
    let listed: Vec<Value> = results.iter().map(|page| result(page, &found.query)).collect();
    let complete = if ask.text("formatversion") == "2" { json!(true) } else { json!("") };
    let mut document = json!({
        "batchcomplete": complete,
        "query": { "searchinfo": { "totalhits": found.pages.len() }, "search": listed },
    });
    let next = skip + results.len();
    if next < found.pages.len() {
        document["continue"] = json!({ "sroffset": next, "continue": "-||" });
    }
    Json(document).into_response()
}

/// What cannot be done is answered with status 200, and told in the answer and a header.
fn failure(code: &'static str, info: &str) -> Response {
    let mut response = Json(json!({ "error": { "code": code, "info": info } })).into_response();
    response.headers_mut().insert(HeaderName::from_static("mediawiki-api-error"), HeaderValue::from_static(code));
    response
}

fn result(page: &Page, query: &str) -> Value {
    json!({
        "ns": 0, "title": page.title, "pageid": page_id(page), "size": page.text.len(),
        "wordcount": page.text.split_whitespace().count(), "snippet": marked(&snippet(&page.text), query, MARK),
        "timestamp": Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
    })
}

fn beginning(ask: &Ask, found: &Found) -> Response {
    if let Some(refusal) = nobody(ask) {
        return refusal;
    }
    // A title is written with spaces or underscores, and begins large or small.
    let plain = |title: &str| title.replace('_', " ").to_lowercase();
    let Some(page) = found.pages.iter().find(|page| plain(&page.title) == plain(&found.query)) else {
        let uri = format!("/en.wikipedia.org/v1/page/summary/{}", percent(&found.query));
        let body = json!({
            "type": "https://mediawiki.org/wiki/HyperSwitch/errors/not_found", "title": "Not found.", "method": "get",
            "detail": "Page or revision not found.", "uri": uri,
        });
        return (StatusCode::NOT_FOUND, Json(body)).into_response();
    };
    let canonical = page.title.replace(' ', "_");
    let address = format!("https://wikipedia.example/wiki/{}", percent(&canonical));
    let html = format!("<p>{}</p>", escape(&page.text));
    Json(json!({
        "type": "standard", "title": page.title, "displaytitle": escape(&page.title), "pageid": page_id(page),
        "namespace": { "id": 0, "text": "" }, "lang": "en", "dir": "ltr", "description": "Invented article",
        "titles": { "canonical": canonical, "normalized": page.title, "display": escape(&page.title) },
        "timestamp": Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
        "content_urls": { "desktop": { "page": address }, "mobile": { "page": address } },
        "extract": page.text, "extract_html": html,
    }))
    .into_response()
}

fn page_id(page: &Page) -> u64 {
    fnv1a(&page.title) % 80_000_000
}
