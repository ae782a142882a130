//! DuckDuckGo's instant answers: short facts, definitions, sums.

use reqwest::Method;
use serde_json::{Map, Value};

use super::guard::Guard;
use super::{CallError, MOST_BYTES, QUERY_CHARS, answer, query_of, respond};
use crate::plan::step::{CatalogEntry, text};
use crate::plan::{Citation, StepOutput};
use crate::service::config::ApiServer;

pub(super) const NAME: &str = "duckduckgo";

/// Topics that are named when there is no answer.
const MOST_TOPICS: usize = 5;
const TITLE_CHARS: usize = 80;

pub(super) fn catalog_entry() -> CatalogEntry {
    CatalogEntry {
        name: NAME.to_owned(),
        description: "an instant answer about a thing, a person or a word; not for news".to_owned(),
        params: vec!["query".to_owned()],
    }
}

/// Asks it.
pub(super) async fn ask(
    guard: &Guard,
    server: &ApiServer,
    params: &Map<String, Value>,
) -> Result<StepOutput, CallError> {
    let query = query_of(params, QUERY_CHARS)?;
    let asked = [("q", query.as_str()), ("format", "json"), ("no_html", "1"), ("skip_disambig", "1"), ("t", "pedro")];
    let request = guard.request(Method::GET, server.url.clone(), server.own)?.query(&asked);
    let (_, body) = respond(request, MOST_BYTES).await?;
    let found: Value = serde_json::from_slice(&body)
        .map_err(|reason| CallError::Unreadable(format!("its answer is no JSON ({reason})")))?;
    read(&found).ok_or(CallError::Nothing)
}

/// A fact, and the page that it is from.
struct Fact {
    said: String,
    title: Option<String>,
    url: Option<String>,
}

fn read(found: &Value) -> Option<StepOutput> {
    let mut facts: Vec<Fact> = [
        fact(found, "Answer", "", ""),
        fact(found, "AbstractText", "Heading", "AbstractURL"),
        fact(found, "Definition", "DefinitionSource", "DefinitionURL"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if facts.is_empty() {
        facts = topics(found).into_iter().filter_map(|topic| fact(topic, "Text", "", "FirstURL")).collect();
    }
    let said: Vec<&str> = facts.iter().map(|fact| fact.said.as_str()).collect();
    let text = answer::presentable(&said.join("\n"), None);
    let citations = facts.iter().filter_map(cited).collect();
    (!text.is_empty()).then(|| StepOutput { text, citations, ..StepOutput::default() })
}

fn fact(found: &Value, said: &str, title: &str, url: &str) -> Option<Fact> {
    let part = |key: &str| found[key].as_str().map(text::of_snippet).filter(|text| !text.is_empty());
    Some(Fact { said: part(said)?, title: part(title), url: part(url) })
}

fn cited(fact: &Fact) -> Option<Citation> {
    let url = fact.url.clone().filter(|url| url.starts_with("https://") || url.starts_with("http://"))?;
    let title = fact.title.clone().unwrap_or_else(|| text::cut(&fact.said, TITLE_CHARS));
    Some(Citation { title, url: Some(url) })
}

/// The first topics; some come in groups.
fn topics(found: &Value) -> Vec<&Value> {
    let all = found["RelatedTopics"].as_array().into_iter().flatten();
    let flat = all.flat_map(|topic| match topic["Topics"].as_array() {
        Some(group) => group.iter().collect(),
        None => vec![topic],
    });
    flat.take(MOST_TOPICS).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_its_fact_with_where_it_is_from() {
        let output = read(&json!({
            "Heading": "Go (programming language)", "AbstractText": "Go is a language &amp; more.",
            "AbstractURL": "https://en.wikipedia.org/wiki/Go", "Answer": "", "Definition": "",
            "RelatedTopics": [{"Text": "not told"}]
        }))
        .unwrap();
        assert_eq!(output.text, "Go is a language & more.");
        assert_eq!(output.citations[0].title, "Go (programming language)");
    }

    #[test]
    fn without_an_answer_the_topics_are_told_and_groups_are_opened() {
        let output = read(&json!({
            "AbstractText": "", "Answer": {"from": "calculator"},
            "RelatedTopics": [{"Text": "one", "FirstURL": "https://example.org/1"},
                              {"Name": "group", "Topics": [{"Text": "two", "FirstURL": "javascript:x"}, {"Text": "three"}]},
                              "nonsense"]
        }))
        .unwrap();
        assert_eq!((output.text.as_str(), output.citations.len()), ("one\ntwo\nthree", 1));
        for nothing in [json!({}), json!([]), json!({"AbstractText": "", "RelatedTopics": []}), json!(null)] {
            assert!(read(&nothing).is_none());
        }
    }
}
