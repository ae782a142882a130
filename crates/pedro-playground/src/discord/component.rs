//! Buttons, menus and forms: what Discord accepts of them. Pure.

use serde_json::{Value, json};

use super::failure::Problems;
use super::menu;

/// Rows in a message, and components in one whose flag says that it is made of nothing else.
const ROWS: usize = 5;
const COMPONENTS_V2: usize = 40;
const BUTTONS_IN_ROW: usize = 5;
const CUSTOM_ID: usize = 100;
const LABEL: usize = 80;
const URL: usize = 512;

/// Numbers of the component types.
pub(super) const ACTION_ROW: u64 = 1;
pub(super) const BUTTON: u64 = 2;
pub(super) const STRING_SELECT: u64 = 3;
pub(super) const TEXT_INPUT: u64 = 4;
const LAST_SELECT: u64 = 8;
const LABELLED: u64 = 18;
const LINK_STYLE: u64 = 5;

/// Checks a message's components and gives each the id that Discord gives it.
pub(super) fn check(components: &mut [Value], v2: bool, problems: &mut Problems) {
    if !v2 {
        problems.check_length("components", components.len(), 0, ROWS);
    }
    let mut ids = Vec::new();
    for (place, component) in components.iter().enumerate() {
        let path = format!("components.{place}");
        if component["type"] == ACTION_ROW {
            check_row(component, &path, &mut ids, problems);
        } else if !v2 {
            problems.add(&format!("{path}.type"), "UNION_TYPE_CHOICES", "Value of field \"type\" must be one of (1,).");
        }
    }
    for (place, (path, id)) in ids.iter().enumerate() {
        if ids[..place].iter().any(|(_, other)| other == id) {
            let message = "Component custom id cannot be duplicated";
            problems.add(&format!("{path}.custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", message);
        }
    }
    let mut next = 1;
    number(components, &mut next);
    if next > COMPONENTS_V2 + 1 {
        problems.too_long("components", COMPONENTS_V2);
    }
}

fn check_row(row: &Value, path: &str, ids: &mut Vec<(String, String)>, problems: &mut Problems) {
    let inner = row["components"].as_array().map(Vec::as_slice).unwrap_or_default();
    problems.check_length(&format!("{path}.components"), inner.len(), 1, BUTTONS_IN_ROW);
    for (place, component) in inner.iter().enumerate() {
        let path = format!("{path}.components.{place}");
        match component["type"].as_u64() {
            Some(BUTTON) => check_button(component, &path, ids, problems),
            Some(STRING_SELECT..=LAST_SELECT) if component["type"] != TEXT_INPUT => {
                check_custom_id(component, &path, ids, problems);
                menu::check(component, &path, problems);
                if inner.len() > 1 {
                    problems.add(
                        &path,
                        "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
                        "The specified component exceeds the maximum width",
                    );
                }
            }
            _ => {
                let message = "Value of field \"type\" must be one of (2, 3, 5, 6, 7, 8).";
                problems.add(&format!("{path}.type"), "UNION_TYPE_CHOICES", message);
            }
        }
    }
}

fn check_button(button: &Value, path: &str, ids: &mut Vec<(String, String)>, problems: &mut Problems) {
    problems.check_length(&format!("{path}.label"), characters(&button["label"]), 0, LABEL);
    match button["style"].as_u64() {
        Some(LINK_STYLE) => {
            match button["url"].as_str() {
                Some(url) => check_url(url, &format!("{path}.url"), problems),
                None => problems.required(&format!("{path}.url")),
            }
            if button["custom_id"].is_string() {
                let message = "A custom id and url cannot both be specified";
                problems.add(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message);
            }
        }
        Some(1..=4) => {
            if button.get("label").is_none_or(Value::is_null) && button.get("emoji").is_none_or(Value::is_null) {
                problems.add(path, "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", "A button must have a label or emoji");
            }
            check_custom_id(button, path, ids, problems);
            if button["url"].is_string() {
                let message = "A custom id and url cannot both be specified";
                problems.add(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message);
            }
        }
        Some(6) => {}
        _ => problems.add(&format!("{path}.style"), "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4, 5, 6}."),
    }
}

fn check_url(url: &str, path: &str, problems: &mut Problems) {
    problems.check_length(path, url.chars().count(), 1, URL);
    if !["http://", "https://", "discord://"].iter().any(|scheme| url.starts_with(scheme)) {
        let message = "Scheme must be one of ('http', 'https', 'discord').";
        problems.add(path, "URL_TYPE_INVALID_SCHEME", message);
    }
}

fn check_custom_id(component: &Value, path: &str, ids: &mut Vec<(String, String)>, problems: &mut Problems) {
    match component["custom_id"].as_str() {
        Some(id) => {
            problems.check_length(&format!("{path}.custom_id"), id.chars().count(), 1, CUSTOM_ID);
            ids.push((path.to_owned(), id.to_owned()));
        }
        None => problems.required(&format!("{path}.custom_id")),
    }
}

/// Checks the form that an interaction opens.
pub(super) fn check_modal(modal: &Value, problems: &mut Problems) {
    for (field, most) in [("custom_id", CUSTOM_ID), ("title", 45)] {
        match modal[field].as_str() {
            Some(text) => problems.check_length(&format!("data.{field}"), text.chars().count(), 1, most),
            None => problems.required(&format!("data.{field}")),
        }
    }
    let rows = modal["components"].as_array().map(Vec::as_slice).unwrap_or_default();
    problems.check_length("data.components", rows.len(), 1, ROWS);
    for (place, row) in rows.iter().enumerate() {
        let fits = matches!(row["type"].as_u64(), Some(ACTION_ROW | LABELLED | 10));
        if !fits {
            let message = "Value of field \"type\" must be one of (1, 10, 18).";
            problems.add(&format!("data.components.{place}.type"), "UNION_TYPE_CHOICES", message);
        }
    }
}

/// The fields of a form, wherever they lie in it.
pub(super) fn fields(modal: &Value) -> Vec<&Value> {
    let rows = modal["components"].as_array().into_iter().flatten();
    rows.flat_map(|row| row["components"].as_array().into_iter().flatten().chain(row.get("component")))
        .filter(|field| field.get("custom_id").is_some())
        .collect()
}

/// The form as it comes back, filled in.
pub(super) fn filled(modal: &Value, value: impl Fn(&Value) -> Value) -> Vec<Value> {
    let fill = |field: &Value| {
        let key = if field["type"] == TEXT_INPUT { "value" } else { "values" };
        json!({ "type": field["type"], "id": field["id"], "custom_id": field["custom_id"], key: value(field) })
    };
    let rows = modal["components"].as_array().into_iter().flatten();
    rows.map(|row| {
        let mut filled = json!({ "type": row["type"], "id": row["id"] });
        match (row["components"].as_array(), row.get("component")) {
            (Some(inner), _) => filled["components"] = inner.iter().map(fill).collect(),
            (None, Some(field)) => filled["component"] = fill(field),
            (None, None) => {}
        }
        filled
    })
    .collect()
}

/// Gives every component that has none an id, in the order in which they stand.
pub(super) fn number(components: &mut [Value], next: &mut usize) {
    for component in components {
        if component.get("id").is_none_or(|id| id.is_null() || *id == 0) {
            component["id"] = json!(*next);
        }
        *next += 1;
        if let Some(inner) = component.get_mut("components").and_then(Value::as_array_mut) {
            number(inner, next);
        }
        for inner in ["component", "accessory"] {
            if let Some(inner) = component.get_mut(inner) {
                number(std::slice::from_mut(inner), next);
            }
        }
    }
}

pub(super) fn characters(text: &Value) -> usize {
    text.as_str().map_or(0, |text| text.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_good(components: Value) -> bool {
        let mut problems = Problems::default();
        let mut components = components.as_array().cloned().unwrap_or_default();
        check(&mut components, false, &mut problems);
        problems.is_empty()
    }

    fn row(inner: Value) -> Value {
        json!([{ "type": 1, "components": inner }])
    }

    #[test]
    fn buttons_need_an_id_a_label_and_a_style() {
        let button = |id: &str| json!({ "type": 2, "style": 1, "label": "Retry", "custom_id": id });
        assert!(is_good(row(json!([button("a"), button("b")]))));
        assert!(!is_good(row(json!([button("a"), button("a")]))));
        assert!(!is_good(row(json!([button(&"a".repeat(101))]))));
        assert!(!is_good(row(json!([{ "type": 2, "style": 1, "custom_id": "a" }]))));
        assert!(!is_good(row(json!([{ "type": 2, "style": 5, "label": "there" }]))));
        let link = |url: &str| json!([{ "type": 2, "style": 5, "label": "there", "url": url }]);
        assert!(is_good(row(link("https://pedro.example/"))));
        assert!(!is_good(row(link("javascript:alert(1)"))));
        assert!(!is_good(row(link(&format!("https://{}", "a".repeat(512))))));
        assert!(!is_good(row(
            json!([{ "type": 2, "style": 1, "label": "a", "custom_id": "a", "url": "https://a.b" }])
        )));
        assert!(!is_good(row(json!([{ "type": 2, "label": "a", "custom_id": "a" }]))));
        assert!(!is_good(row(json!([]))));
        assert!(!is_good(json!([button("a")])));
    }

    #[test]
    fn a_menu_has_a_row_of_its_own_and_up_to_25_options() {
        let menu = |options: usize| {
            let options: Vec<Value> = (0..options).map(|n| json!({ "label": "x", "value": n.to_string() })).collect();
            json!({ "type": 3, "custom_id": "m", "options": options })
        };
        assert!(is_good(row(json!([menu(25)]))));
        assert!(!is_good(row(json!([menu(26)]))));
        assert!(!is_good(row(json!([menu(0)]))));
        assert!(!is_good(row(json!([menu(1), menu(1)]))));
    }

    #[test]
    fn every_component_gets_a_number() {
        let mut components = vec![json!({ "type": 1, "components": [{ "type": 2 }, { "type": 2 }] })];
        number(&mut components, &mut 1);
        assert_eq!(
            components,
            [json!({ "type": 1, "id": 1, "components": [{ "type": 2, "id": 2 }, { "type": 2, "id": 3 }] })]
        );
    }
}
