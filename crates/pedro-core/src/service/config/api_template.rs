//! The address and the body of an API's request with `{query}` where a plan fills something in. Pure.

use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};
use url::{Origin, Url};

/// A value is no longer than this in an address: servers refuse longer ones.
const VALUE_CHARS: usize = 1_000;

#[expect(clippy::expect_used, reason = "a constant, compiled in a test")]
static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\{([a-z][a-z0-9_]*)\}").expect("a valid pattern"));

/// An address with placeholders in its path and query. Whatever is filled in, it leads to the same server and to a path
/// of the same form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlTemplate {
    text: String,
    params: Vec<String>,
    origin: Origin,
    depth: usize,
}

impl UrlTemplate {
    /// Reads a template. The error says what is wrong with it and shows nothing of it: a key may have been written there.
    ///
    /// # Errors
    /// If it is no http URL, or has a placeholder where none may be.
    pub fn parse(text: &str) -> Result<Self, String> {
        if PLACEHOLDER.replace_all(text, "").contains(['{', '}']) {
            return Err("holds a brace that belongs to no placeholder".to_owned());
        }
        let authority = text.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
        if authority.contains('{') || text.split("://").next().is_some_and(|scheme| scheme.contains('{')) {
            return Err("has a placeholder before its path: what is asked must not decide who is asked".to_owned());
        }
        let url: Url = PLACEHOLDER.replace_all(text, "x").parse().map_err(|reason| format!("is no URL ({reason})"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err("is no http URL".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("carries a user or password, which do not belong in a URL".to_owned());
        }
        if url.fragment().is_some() {
            return Err("carries a fragment".to_owned());
        }
        let (origin, depth) = (url.origin(), depth(&url));
        Ok(Self { text: text.to_owned(), params: params_of(text), origin, depth })
    }

    /// Names of its placeholders, each once.
    pub fn params(&self) -> &[String] {
        &self.params
    }

    /// The address with the values percent-encoded in the place of the placeholders; `None` if one has no value, or one
    /// that would lead elsewhere (`..`).
    pub fn fill(&self, values: &Map<String, Value>) -> Option<Url> {
        let mut text = self.text.clone();
        for name in &self.params {
            let value: String = text_of(values.get(name)?)?.chars().take(VALUE_CHARS).collect();
            text = text.replace(&format!("{{{name}}}"), &encoded(&value));
        }
        let url: Url = text.parse().ok()?;
        (url.origin() == self.origin && depth(&url) == self.depth).then_some(url)
    }
}

/// A JSON body with placeholders in its texts.
#[derive(Debug, Clone, PartialEq)]
pub struct BodyTemplate(Value);

impl BodyTemplate {
    /// Any JSON will do.
    pub fn new(body: Value) -> Self {
        Self(body)
    }

    /// Names of its placeholders, each once.
    pub fn params(&self) -> Vec<String> {
        params_of(&self.0.to_string())
    }

    /// The body with the values in the place of the placeholders; `None` if one has no value. A text that is nothing but
    /// a placeholder becomes the value itself: a number stays a number.
    pub fn fill(&self, values: &Map<String, Value>) -> Option<Value> {
        fill(&self.0, values)
    }
}

fn fill(body: &Value, values: &Map<String, Value>) -> Option<Value> {
    Some(match body {
        Value::String(text) => {
            let names = params_of(text);
            match names.first() {
                Some(name) if *text == format!("{{{name}}}") => {
                    values.get(name).filter(|v| text_of(v).is_some())?.clone()
                }
                _ => Value::String(fill_text(text, values)?),
            }
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| fill(item, values)).collect::<Option<_>>()?),
        Value::Object(members) => {
            let filled = members.iter().map(|(name, value)| Some((name.clone(), fill(value, values)?)));
            Value::Object(filled.collect::<Option<_>>()?)
        }
        other => other.clone(),
    })
}

/// In one go: a value that looks like a placeholder is not filled again.
fn fill_text(text: &str, values: &Map<String, Value>) -> Option<String> {
    let mut filled = String::new();
    let mut rest = 0;
    for found in PLACEHOLDER.captures_iter(text) {
        let whole = found.get(0)?;
        filled.push_str(&text[rest..whole.start()]);
        filled.push_str(&text_of(values.get(&found[1])?)?);
        rest = whole.end();
    }
    filled.push_str(&text[rest..]);
    Some(filled)
}

/// What can be filled in, as text: not lists, not objects, not nothing.
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(bool) => Some(bool.to_string()),
        _ => None,
    }
}

fn params_of(text: &str) -> Vec<String> {
    let mut params: Vec<String> = Vec::new();
    for found in PLACEHOLDER.captures_iter(text) {
        if !params.contains(&found[1].to_owned()) {
            params.push(found[1].to_owned());
        }
    }
    params
}

/// How deep a path goes. Values add nothing to it, their slashes are encoded; only `.` and `..` take something away.
fn depth(url: &Url) -> usize {
    url.path_segments().map_or(0, |segments| segments.filter(|segment| !segment.is_empty()).count())
}

/// Everything but what no server reads anything into.
fn encoded(value: &str) -> String {
    value.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            // Writing to a string does not fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn filled(template: &str, given: Value) -> Option<String> {
        UrlTemplate::parse(template).unwrap().fill(&values(given)).map(String::from)
    }

    #[test]
    fn values_are_encoded_where_they_stand() {
        let template = "https://example.org/v1/{city}/now?q={query}&n={n}&q2={query}";
        assert_eq!(UrlTemplate::parse(template).unwrap().params(), ["city", "query", "n"]);
        assert_eq!(
            filled(template, json!({"city": "São Paulo/../x", "query": "a&b=c#d?e%", "n": 3})).unwrap(),
            "https://example.org/v1/S%C3%A3o%20Paulo%2F..%2Fx/now?q=a%26b%3Dc%23d%3Fe%25&n=3&q2=a%26b%3Dc%23d%3Fe%25"
        );
    }

    #[test]
    fn what_is_filled_in_never_leads_elsewhere() {
        let template = "https://example.org/users/{id}/{part}";
        for id in ["..", ".", "%2e%2e", "../..", "\\..\\", "@evil.example", "//evil.example", "a\r\nHost: x"] {
            if let Some(url) = filled(template, json!({"id": id, "part": "p"})) {
                assert!(url.starts_with("https://example.org/users/") && url.ends_with("/p"), "{url}");
            }
        }
        for id in ["..", "."] {
            assert_eq!(filled("https://example.org/{id}", json!({"id": id})), None, "{id}");
            assert_eq!(filled(template, json!({"id": id, "part": "p"})), None, "{id}");
        }
        assert_eq!(filled("https://example.org/{a}{b}/c", json!({"a": ".", "b": "."})), None);
    }

    #[test]
    fn a_placeholder_without_a_value_is_not_filled() {
        let template = "https://example.org/?q={query}";
        for value in
            [json!({}), json!({"query": ""}), json!({"query": null}), json!({"query": ["x"]}), json!({"query": {}})]
        {
            assert_eq!(filled(template, value), None);
        }
        let long = filled(template, json!({"query": "x".repeat(5_000)})).unwrap();
        assert!(long.len() < 1_100);
    }

    #[test]
    fn a_value_that_looks_like_a_placeholder_stays_what_it_is() {
        let url = filled("https://example.org/?a={a}&b={b}", json!({"a": "{b}", "b": "x"})).unwrap();
        assert_eq!(url, "https://example.org/?a=%7Bb%7D&b=x");
        let body = BodyTemplate::new(json!({"text": "{a} and {b}"}));
        assert_eq!(body.fill(&values(json!({"a": "{b}", "b": "x"}))).unwrap(), json!({"text": "{b} and x"}));
    }

    #[test]
    fn templates_that_are_none_are_refused_without_being_shown() {
        for (template, word) in [
            ("https://{host}/x", "before its path"),
            ("https://api.{host}.example/x", "before its path"),
            ("{scheme}://example.org/x", "before its path"),
            ("https://example.org:{port}/x", "before its path"),
            ("https://hunter2@example.org/", "user or password"),
            ("https://a:hunter2@example.org/", "user or password"),
            ("file:///etc/passwd", "no http URL"),
            ("ftp://example.org/", "no http URL"),
            ("example.org/x", "no URL"),
            ("https://example.org/{Query}", "brace"),
            ("https://example.org/{query", "brace"),
            ("https://example.org/#{query}", "fragment"),
            ("", "no URL"),
        ] {
            let wrong = UrlTemplate::parse(template).unwrap_err();
            assert!(wrong.contains(word) && !wrong.contains("hunter2"), "{template}: {wrong}");
        }
    }

    #[test]
    fn a_body_is_filled_as_json_and_braces_that_are_no_placeholder_stay() {
        let body = BodyTemplate::new(json!({
            "n": "{count}", "list": ["{query}!", 1, null], "graphql": "query { user(name: $name) { id } }"
        }));
        assert_eq!(body.params(), ["query", "count"]);
        let filled = body.fill(&values(json!({"count": 3, "query": "say \"hi\"\n"}))).unwrap();
        assert_eq!(
            filled,
            json!({"n": 3, "list": ["say \"hi\"!", 1, null], "graphql": "query { user(name: $name) { id } }"})
        );
        assert_eq!(body.fill(&values(json!({"count": 3}))), None);
        assert_eq!(body.fill(&values(json!({"count": {"x": 1}, "query": "q"}))), None);
    }
}
