//! DuckDuckGo's instant answers, at `/ddg/api/`: what is known about a thing, not what is found.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Json, Redirect, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::ask::Ask;
use super::index;
use super::page::Page;
use super::provider::Provider;
use super::serve::{Desk, Found};
use super::text::escape;
use crate::web::percent;

/// Related topics in an answer.
const RELATED: usize = 5;

pub(super) fn router() -> Router<Desk> {
    Router::new().route("/ddg/api/", get(search)).route("/ddg/api", get(search))
}

async fn search(State(desk): State<Desk>, ask: Ask) -> Response {
    let query = ask.text("q").trim().to_owned();
    desk.serve(Provider::Answers, &query, ask, |ask, found| answer(ask, &found)).await
}

fn answer(ask: &Ask, found: &Found) -> Response {
    if ask.text("format") != "json" {
        return Redirect::to(&format!("/ddg/html/?q={}", percent(&found.query))).into_response();
    }
    let mut response = Json(document(found)).into_response();
    // It is JSON all the same.
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-javascript"));
    response
}

/// An article where one is about the query; where several might be, their names; where nothing is known, empty texts.
fn document(found: &Found) -> Value {
    let topic = found.pages.first().filter(|page| is_about(page, &found.query));
    let others = found.pages.iter().filter(|page| Some(*page) != topic).take(RELATED);
    let mut related: Vec<Value> = others.map(related_topic).collect();
    let kind = match (topic, related.is_empty()) {
        (Some(_), _) => "A",
        (None, false) => "D",
        (None, true) => "",
    };
    // Of a disambiguation, the last ones come in a group.
    if kind == "D" && related.len() > 2 {
        let grouped = related.split_off(2);
        related.push(json!({ "Name": "See also", "Topics": grouped }));
    }
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    json!({
        "Abstract": text(topic.map(|page| page.text.as_str())),
        "AbstractText": text(topic.map(|page| page.text.as_str())),
        "AbstractSource": if kind.is_empty() { "" } else { "Wikipedia" },
        "AbstractURL": text(topic.map(|page| page.url.as_str())),
        "Heading": text(topic.map(|page| page.title.as_str()).or((kind == "D").then_some(found.query.as_str()))),
        "Answer": "", "AnswerType": "", "Definition": "", "DefinitionSource": "", "DefinitionURL": "", "Entity": "",
        "Image": "", "ImageHeight": "", "ImageWidth": "", "ImageIsLogo": "", "Infobox": "", "Redirect": "",
        "RelatedTopics": related, "Results": [], "Type": kind, "meta": null,
    })
}

/// Whether all that is asked about stands in the page's title or is what it is about.
fn is_about(page: &Page, query: &str) -> bool {
    let mut known = index::words(&page.title);
    known.extend(page.words.iter().flat_map(|words| index::words(words)));
    index::telling(query).iter().all(|word| known.contains(word))
}

fn related_topic(page: &Page) -> Value {
    let (url, title) = (escape(&page.url), escape(&page.title));
    json!({
        "FirstURL": page.url, "Icon": { "Height": "", "URL": "", "Width": "" },
        "Result": format!("<a href=\"{url}\">{title}</a> {}", escape(&page.text)),
        "Text": format!("{} {}", page.title, page.text),
    })
}
