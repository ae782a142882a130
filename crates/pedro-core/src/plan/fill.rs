//! Earlier results in the parameters of a step.

use serde_json::{Map, Value};

/// Characters of a result where it is quoted.
const INSERT: usize = 1_500;
/// Characters of results that one text takes in all: who quotes one a hundred times gets it a few times.
const ALL_INSERTS: usize = 6_000;
/// What stands for a result that is not there.
const NO_RESULT: &str = "(no result)";
/// Characters between the braces of a quote. Anything longer is text.
const NAME: usize = 64;

/// Replaces `${s1}` in every text by that step's result, once: what was inserted is text and is not looked at again.
///
/// `result_of` gives nothing for what is no step, which stays as it is, and an empty text for a step without a result.
/// A name like those that Pedro gives itself (`s3`) is always a step.
pub fn fill(params: &Map<String, Value>, result_of: &dyn Fn(&str) -> Option<String>) -> Map<String, Value> {
    params.iter().map(|(name, value)| (name.clone(), filled(value, result_of))).collect()
}

fn filled(value: &Value, result_of: &dyn Fn(&str) -> Option<String>) -> Value {
    match value {
        Value::String(text) => Value::String(filled_text(text, result_of)),
        Value::Array(values) => values.iter().map(|value| filled(value, result_of)).collect(),
        Value::Object(values) => Value::Object(fill(values, result_of)),
        other => other.clone(),
    }
}

fn filled_text(text: &str, result_of: &dyn Fn(&str) -> Option<String>) -> String {
    let mut room = ALL_INSERTS;
    with_quotes(text, &mut |name| {
        let result = match result_of(name) {
            Some(result) => result,
            None if is_numbered(name) => String::new(),
            None => return None,
        };
        let insert = match result.trim() {
            "" => NO_RESULT.to_owned(),
            result => cut(result, INSERT.min(room)),
        };
        room = room.saturating_sub(insert.chars().count());
        Some(insert)
    })
}

/// `s1`, `s2` and so on.
pub(super) fn is_numbered(name: &str) -> bool {
    name.strip_prefix('s').is_some_and(|number| !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit()))
}

/// Goes through a text once and gives `with` what stands between `${` and `}`; what it gives back takes the place of
/// all of it.
pub(super) fn with_quotes(text: &str, with: &mut dyn FnMut(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, quote) = rest.split_at(start);
        out.push_str(before);
        let inner = &quote[2..];
        let end = inner.char_indices().take(NAME + 1).find(|(_, c)| matches!(c, '}' | '{' | '$'));
        let replaced = match end {
            Some((end, '}')) => with(&inner[..end]).map(|insert| (insert, &inner[end + 1..])),
            _ => None,
        };
        match replaced {
            Some((insert, after)) => {
                out.push_str(&insert);
                rest = after;
            }
            None => {
                out.push_str("${");
                rest = inner;
            }
        }
    }
    out + rest
}

fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => text.chars().take(limit.saturating_sub(1)).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filled_with(params: Value) -> Value {
        let results = |name: &str| match name {
            "s1" => Some("Rust 1.94".to_owned()),
            "s2" => Some("${s1} and ${s2}".to_owned()),
            "s3" => Some("é".repeat(5_000)),
            "names" => Some(String::new()),
            _ => None,
        };
        let Value::Object(params) = params else { unreachable!() };
        Value::Object(fill(&params, &results))
    }

    #[test]
    fn a_quote_becomes_the_result_in_nested_texts_too() {
        assert_eq!(
            filled_with(json!({"query": "is ${s1} new? ${s1}", "n": 3, "more": [{"a": "${s1}"}, true, null]})),
            json!({"query": "is Rust 1.94 new? Rust 1.94", "n": 3, "more": [{"a": "Rust 1.94"}, true, null]})
        );
    }

    #[test]
    fn what_was_inserted_is_not_expanded_again() {
        assert_eq!(filled_with(json!({"q": "${s2}!"})), json!({"q": "${s1} and ${s2}!"}));
        assert_eq!(filled_with(json!({"q": "${${s1}}"})), json!({"q": "${Rust 1.94}"}));
    }

    #[test]
    fn a_step_without_a_result_is_said_to_have_none() {
        assert_eq!(filled_with(json!({"q": "${s7}, ${names}"})), json!({"q": "(no result), (no result)"}));
    }

    #[test]
    fn what_is_no_step_stays_as_it_is() {
        for text in ["${x}", "${", "${}", "$", "a ${s1", "${s1 {", "$ {s1}", "{s1}", "${a b}", "${é}"] {
            assert_eq!(filled_with(json!({"q": text})), json!({"q": text}));
        }
        let long = format!("${{{}}}", "s".repeat(10_000));
        assert_eq!(filled_with(json!({"q": long})), json!({"q": long}));
    }

    #[test]
    fn what_is_inserted_is_bounded() {
        let once = filled_with(json!({"q": "${s3}"}));
        assert_eq!(once["q"].as_str().unwrap().chars().count(), INSERT);
        assert!(once["q"].as_str().unwrap().ends_with("é…"));
        let often = filled_with(json!({"q": "${s3}".repeat(400)}));
        assert!(often["q"].as_str().unwrap().chars().count() < ALL_INSERTS + 400);
    }
}
