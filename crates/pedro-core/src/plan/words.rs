//! What people read about a step: what it does, and what it is about.

use serde_json::{Map, Value};

use super::Action;

/// More than fits beside a step's name on any screen.
const ABOUT_LIMIT: usize = 120;
/// Parameters that tell best what a step is about, the best first.
const TELLING: [&str; 6] = ["query", "question", "text", "topic", "name", "title"];

/// What a step does.
pub const fn action(action: Action) -> &'static str {
    match action {
        Action::ApiCall => "API call",
        Action::DbQuery => "Look-up",
        Action::WebSearch => "Web search",
        Action::ReferenceCheck => "Memory",
        Action::ReturnResponse => "Answer",
    }
}

/// What a step is about, from its parameters; empty if they do not tell.
pub fn about(action: Action, params: &Map<String, Value>) -> String {
    let text = |key: &str| params.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let told = TELLING.iter().find_map(|key| text(key));
    let tool = if action == Action::ApiCall { text("tool") } else { None };
    let about = match (tool, told) {
        (Some(tool), Some(told)) => format!("{tool}: {told}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => String::new(),
    };
    shortened(&unquoted(&about).split_whitespace().collect::<Vec<_>>().join(" "), ABOUT_LIMIT)
}

/// Without the names of results that are quoted: `Compare ${s1} and ${s2}` is about comparing.
fn unquoted(about: &str) -> String {
    let (mut told, mut rest) = (String::new(), about);
    while let Some((before, (_, after))) =
        rest.split_once("${").and_then(|(before, quoted)| Some((before, quoted.split_once('}')?)))
    {
        told += before;
        told.push('…');
        rest = after;
    }
    told + rest
}

/// At most so many characters; what is cut off is told by an ellipsis.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn about_of(kind: Action, params: &Value) -> String {
        about(kind, params.as_object().unwrap())
    }

    #[test]
    fn a_step_is_told_by_its_most_telling_parameter() {
        let cases = [
            (Action::WebSearch, json!({"limit": "5", "query": "go  1.26\nrelease"}), "go 1.26 release"),
            (Action::ApiCall, json!({"tool": "wikipedia", "query": "Go"}), "wikipedia: Go"),
            (Action::ApiCall, json!({"tool": "openai"}), "openai"),
            (
                Action::ApiCall,
                json!({"tool": "openai", "query": "Compare ${s1} and ${s2}!"}),
                "openai: Compare … and …!",
            ),
            (Action::WebSearch, json!({"query": "what is ${ in bash? }{"}), "what is …{"),
            (Action::DbQuery, json!({"name": "titles", "days": 7}), "titles"),
            (Action::ReferenceCheck, json!({"query": "  ", "topic": "editors"}), "editors"),
            (Action::ReturnResponse, json!({}), ""),
        ];
        for (kind, params, expected) in cases {
            assert_eq!(about_of(kind, &params), expected, "{params}");
        }
    }

    #[test]
    fn a_word_without_an_end_is_cut_between_characters() {
        let told = about_of(Action::WebSearch, &json!({ "query": "ß".repeat(10_000) }));
        assert_eq!(told, format!("{}…", "ß".repeat(ABOUT_LIMIT)));
    }
}
