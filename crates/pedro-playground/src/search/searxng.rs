//! SearXNG, at `/searx/search`: <https://docs.searxng.org/dev/search_api.html>.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::ask::Ask;
use super::page::Page;
use super::provider::Provider;
use super::serve::{Desk, Found};
use super::text::{escape, marked, snippet};

const RESULTS: usize = 10;
/// The engines that the results are said to be from, in turns.
const ENGINES: [&str; 3] = ["duckduckgo", "brave", "startpage"];

pub(super) fn router() -> Router<Desk> {
    Router::new().route("/searx/search", get(search).post(search)).route("/searx/", get(search).post(search))
}

async fn search(State(desk): State<Desk>, ask: Ask) -> Response {
    let json_enabled = desk.search.read(|world| world.searxng_json);
    let query = ask.text("q").trim().to_owned();
    desk.serve(Provider::Searxng, &query, ask, |ask, found| answer(ask, &found, json_enabled)).await
}

fn answer(ask: &Ask, found: &Found, json_enabled: bool) -> Response {
    let format = ask.text("format");
    // Formats that are known, and not enabled, are forbidden; what is not known is taken for HTML.
    if matches!(format, "csv" | "rss") || (format == "json" && !json_enabled) {
        return forbidden();
    }
    if found.query.is_empty() {
        return match format {
            "json" => (StatusCode::BAD_REQUEST, Json(json!({ "error": "No query" }))).into_response(),
            _ => page("", String::new()),
        };
    }
    let skip = ask.number("pageno").unwrap_or(1).saturating_sub(1).saturating_mul(RESULTS);
    let results = found.part(skip, RESULTS);
    if format == "json" { Json(document(found, results)).into_response() } else { shown(found, results) }
}

fn document(found: &Found, results: &[Page]) -> Value {
    let silent =
        if found.blocked { json!([["duckduckgo", "CAPTCHA"], ["brave", "too many requests"]]) } else { json!([]) };
    json!({
        "query": found.query,
        // What the engines guess, and most do not: a real one nearly always says 0, however many results follow.
        "number_of_results": 0,
        "results": results.iter().enumerate().map(|(place, page)| result(place, page)).collect::<Vec<_>>(),
        "answers": [], "corrections": [], "infoboxes": [], "suggestions": [], "unresponsive_engines": silent,
    })
}

fn result(place: usize, page: &Page) -> Value {
    let (scheme, rest) = page.url.split_once("://").unwrap_or(("", &page.url));
    let host = rest.split('/').next().unwrap_or_default();
    let engine = ENGINES[place % ENGINES.len()];
    json!({
        "url": page.url, "title": page.title, "content": snippet(&page.text), "publishedDate": null, "thumbnail": "",
        "engine": engine, "template": "default.html", "parsed_url": [scheme, host, &rest[host.len()..], "", "", ""],
        "img_src": "", "priority": "", "engines": [engine], "positions": [place + 1], "score": 1.0 / (place + 1) as f64,
        "category": "general",
    })
}

fn forbidden() -> Response {
    let page = "<!doctype html>\n<html lang=en>\n<title>403 Forbidden</title>\n<h1>Forbidden</h1>\n<p>You don&#39;t have \
                the permission to access the requested resource. It is either read-protected or not readable by the \
                server.</p>\n";
    (StatusCode::FORBIDDEN, Html(page)).into_response()
}

fn shown(found: &Found, results: &[Page]) -> Response {
    let mark = ("<span class=\"highlight\">", "</span>");
    let articles = results.iter().map(|one| {
        let (title, text) = (marked(&one.title, &found.query, mark), marked(&snippet(&one.text), &found.query, mark));
        let url = escape(&one.url);
        format!(
            "<article class=\"result result-default category-general\"><a href=\"{url}\" class=\"url_header\">{url}</a>\
             <h3><a href=\"{url}\">{title}</a></h3><p class=\"content\">{text}</p></article>\n"
        )
    });
    let nothing = "<div class=\"dialog-error\"><p>Sorry! No results were found.</p></div>".to_owned();
    page(&found.query, if results.is_empty() { nothing } else { articles.collect() })
}

fn page(query: &str, inside: String) -> Response {
    let query = escape(query);
    Html(format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"UTF-8\"><title>{query} - SearXNG</title></head>\
         <body class=\"results_endpoint\"><form id=\"search\" method=\"GET\"><input name=\"q\" value=\"{query}\"></form>\n\
         <main id=\"main_results\"><div id=\"urls\">\n{inside}</div></main></body></html>\n"
    ))
    .into_response()
}
