//! What a person types behind a command, checked as Discord's client checks it before anything is sent. Pure.

use serde_json::{Value, json};

use super::commands::{SUB_COMMAND, SUB_COMMAND_GROUP};

/// Fills in a command's options. `path` names the sub-command, if there are any; `focused` is the option that is still
/// being typed, and with it nothing else has to be there. An error is what the client tells the person.
pub(super) fn fill(
    command: &Value,
    path: &[&str],
    given: &[(String, Value)],
    focused: Option<&str>,
) -> Result<Vec<Value>, String> {
    let options = command["options"].as_array().map(Vec::as_slice).unwrap_or_default();
    let has_inner = options.iter().any(is_inner);
    if has_inner {
        let Some((name, rest)) = path.split_first() else { return Err("choose one of the sub-commands".to_owned()) };
        let inner = options.iter().find(|option| option["name"] == *name);
        let inner = inner.ok_or_else(|| format!("there is no sub-command {name:?}"))?;
        let filled = fill(inner, rest, given, focused)?;
        return Ok(vec![json!({ "type": inner["type"], "name": inner["name"], "options": filled })]);
    }
    if let Some(name) = path.first() {
        return Err(format!("there is no sub-command {name:?}"));
    }
    if let Some((name, _)) = given.iter().find(|(name, _)| options.iter().all(|option| option["name"] != **name)) {
        return Err(format!("there is no option {name:?}"));
    }
    let mut filled = Vec::new();
    for option in options {
        let name = option["name"].as_str().unwrap_or_default();
        let value = given.iter().find(|(given, _)| given == name).map(|(_, value)| value);
        match value {
            Some(value) if focused == Some(name) => {
                filled.push(json!({ "type": option["type"], "name": name, "value": value, "focused": true }));
            }
            Some(value) => {
                let value = typed(option, value).map_err(|problem| format!("option {name:?}: {problem}"))?;
                filled.push(json!({ "type": option["type"], "name": name, "value": value }));
            }
            None if option["required"] == true && focused.is_none() => {
                return Err(format!("option {name:?}: This option is required. Specify a value"));
            }
            None => {}
        }
    }
    match focused {
        Some(name) if !filled.iter().any(|option| option["focused"] == true) => {
            Err(format!("nothing is being typed into the option {name:?}"))
        }
        _ => Ok(filled),
    }
}

/// Whether the option that is being typed has suggestions.
pub(super) fn suggests(command: &Value, path: &[&str], name: &str) -> bool {
    let mut place = command;
    for step in path {
        let inner = place["options"].as_array().and_then(|options| options.iter().find(|o| o["name"] == *step));
        let Some(inner) = inner else { return false };
        place = inner;
    }
    let mut options = place["options"].as_array().into_iter().flatten();
    options.any(|option| option["name"] == name && option["autocomplete"] == true)
}

fn is_inner(option: &Value) -> bool {
    matches!(option["type"].as_u64(), Some(SUB_COMMAND | SUB_COMMAND_GROUP))
}

/// The value as its option wants it.
fn typed(option: &Value, value: &Value) -> Result<Value, String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    let value = match option["type"].as_u64() {
        Some(3) => within(option, json!(text), text.chars().count() as f64, ("min_length", "max_length"))?,
        Some(4) => {
            let number: i64 = text.parse().map_err(|_| "Input a valid integer.".to_owned())?;
            within(option, json!(number), number as f64, ("min_value", "max_value"))?
        }
        Some(5) => json!(text.parse::<bool>().map_err(|_| "Select True or False.".to_owned())?),
        Some(10) => {
            let number: f64 = text.parse().map_err(|_| "Input a valid number.".to_owned())?;
            within(option, json!(number), number, ("min_value", "max_value"))?
        }
        // Users, channels, roles and files are named by their ids.
        _ => {
            text.parse::<u64>().map_err(|_| "Select one of those there are.".to_owned())?;
            json!(text)
        }
    };
    let choices = option["choices"].as_array().map(Vec::as_slice).unwrap_or_default();
    if choices.is_empty() || choices.iter().any(|choice| choice["value"] == value) {
        return Ok(value);
    }
    // People choose by name.
    let named = choices.iter().find(|choice| choice["name"] == text.as_str());
    named.map(|choice| choice["value"].clone()).ok_or_else(|| "Select a valid choice.".to_owned())
}

fn within(option: &Value, value: Value, size: f64, (least, most): (&str, &str)) -> Result<Value, String> {
    if least == "min_length" && size == 0.0 {
        return Err("This option is required. Specify a value".to_owned());
    }
    // Longer than this no text may be, whatever the command says.
    let ceiling = if most == "max_length" { 6_000.0 } else { f64::INFINITY };
    let (low, high) = (option[least].as_f64(), option[most].as_f64().unwrap_or(ceiling));
    if low.is_some_and(|low| size < low) || size > high {
        return Err(format!("must be between {} and {high}", low.unwrap_or(0.0)));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Value {
        json!({ "name": "ask", "options": [
            { "type": 3, "name": "question", "required": true, "max_length": 10, "autocomplete": true },
            { "type": 4, "name": "hours", "min_value": 1, "max_value": 24 },
            { "type": 5, "name": "plan" },
            { "type": 3, "name": "mode", "choices": [{ "name": "On", "value": "on" }] },
        ] })
    }

    fn given(options: &[(&str, Value)]) -> Vec<(String, Value)> {
        options.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn options_get_their_types_and_the_commands_order() {
        let typed =
            [("plan", json!("true")), ("hours", json!("3")), ("question", json!("why?")), ("mode", json!("On"))];
        let filled = fill(&command(), &[], &given(&typed), None).unwrap();
        let values: Vec<&Value> = filled.iter().map(|option| &option["value"]).collect();
        assert_eq!(values, [&json!("why?"), &json!(3), &json!(true), &json!("on")]);
    }

    #[test]
    fn what_the_client_would_not_send_is_refused() {
        let refused = |options: &[(&str, Value)]| fill(&command(), &[], &given(options), None).is_err();
        let question = ("question", json!("why?"));
        assert!(refused(&[]));
        assert!(refused(&[("question", json!(" "))]));
        assert!(refused(&[("question", json!("longer than ten"))]));
        assert!(refused(&[question.clone(), ("hours", json!(25))]));
        assert!(refused(&[question.clone(), ("hours", json!("soon"))]));
        assert!(refused(&[question.clone(), ("mode", json!("maybe"))]));
        assert!(refused(&[question.clone(), ("nonsense", json!(1))]));
        assert!(!refused(&[question]));
    }

    #[test]
    fn what_is_being_typed_may_be_incomplete() {
        let filled = fill(&command(), &[], &given(&[("question", json!(""))]), Some("question")).unwrap();
        assert_eq!(filled[0]["focused"], true);
        assert!(suggests(&command(), &[], "question") && !suggests(&command(), &[], "mode"));
    }

    #[test]
    fn sub_commands_are_named_before_their_options() {
        let command = json!({ "options": [
            { "type": 2, "name": "links", "options": [{ "type": 1, "name": "add", "options": [
                { "type": 3, "name": "name", "required": true } ] }] },
        ] });
        let filled = fill(&command, &["links", "add"], &given(&[("name", json!("x"))]), None).unwrap();
        assert_eq!(filled[0]["options"][0]["options"][0]["value"], "x");
        assert!(fill(&command, &["links"], &[], None).is_err());
        assert!(fill(&command, &[], &[], None).is_err());
    }
}
