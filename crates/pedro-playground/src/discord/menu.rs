//! Menus: what Discord accepts of them, and of what is chosen. Pure.

use serde_json::Value;

use super::component::{STRING_SELECT, characters};
use super::failure::Problems;

const OPTIONS: usize = 25;
/// Characters of an option's label, value and description.
const OPTION_TEXT: usize = 100;
const PLACEHOLDER: usize = 150;

/// Checks what a menu says of itself.
pub(super) fn check(select: &Value, path: &str, problems: &mut Problems) {
    problems.check_length(&format!("{path}.placeholder"), characters(&select["placeholder"]), 0, PLACEHOLDER);
    let (least, most) = (chosen(select, "min_values"), chosen(select, "max_values"));
    for (name, count, lowest) in [("min_values", least, 0), ("max_values", most, 1)] {
        if count < lowest {
            let message = format!("int value should be greater than or equal to {lowest}.");
            problems.add(&format!("{path}.{name}"), "NUMBER_TYPE_MIN", &message);
        } else if count > OPTIONS {
            let message = format!("int value should be less than or equal to {OPTIONS}.");
            problems.add(&format!("{path}.{name}"), "NUMBER_TYPE_MAX", &message);
        }
    }
    if least > most {
        let message = "The minimum number of values must not be larger than the maximum";
        problems.add(&format!("{path}.min_values"), "BASE_TYPE_BAD_LENGTH", message);
    }
    if select["type"] == STRING_SELECT {
        let options = select["options"].as_array().map(Vec::as_slice).unwrap_or_default();
        // There has to be as much as may be chosen.
        problems.check_length(&format!("{path}.options"), options.len(), most.clamp(1, OPTIONS), OPTIONS);
        for (place, option) in options.iter().enumerate() {
            check_option(option, &options[..place], &format!("{path}.options.{place}"), problems);
        }
        let preset = options.iter().filter(|option| option["default"] == true).count();
        if preset > most {
            problems.too_long(&format!("{path}.options"), most);
        }
    }
}

fn check_option(option: &Value, before: &[Value], path: &str, problems: &mut Problems) {
    for field in ["label", "value"] {
        problems.check_length(&format!("{path}.{field}"), characters(&option[field]), 1, OPTION_TEXT);
    }
    problems.check_length(&format!("{path}.description"), characters(&option["description"]), 0, OPTION_TEXT);
    if before.iter().any(|other| other["value"] == option["value"]) {
        let message = "The specified option value is already used";
        problems.add(&format!("{path}.value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message);
    }
}

/// How much may or must be chosen: one, unless the menu says otherwise.
fn chosen(select: &Value, name: &str) -> usize {
    let count = select.get(name).filter(|count| !count.is_null());
    count.map_or(1, |count| count.as_u64().and_then(|count| count.try_into().ok()).unwrap_or(usize::MAX))
}

/// Checks what somebody has chosen; an error is what they are told.
pub(super) fn check_chosen(menu: &Value, values: &[String]) -> Result<(), String> {
    let (least, most) = (chosen(menu, "min_values"), chosen(menu, "max_values"));
    if !(least..=most).contains(&values.len()) {
        return Err(format!("choose between {least} and {most}"));
    }
    if values.iter().enumerate().any(|(place, value)| values[..place].contains(value)) {
        return Err("nothing can be chosen twice".to_owned());
    }
    if menu["type"] == STRING_SELECT {
        let options = menu["options"].as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(value) = values.iter().find(|value| options.iter().all(|o| o["value"] != value.as_str())) {
            return Err(format!("{value:?} is not among the options"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_menu_says_of_itself_has_limits() {
        let with = |field: &str, value: Value| {
            let option = |value: &str| json!({ "label": "x", "value": value });
            let mut menu = json!({ "type": 3, "custom_id": "m", "options": [option("a"), option("b"), option("c")] });
            match menu.pointer_mut(field) {
                Some(place) => *place = value,
                None => menu[field.trim_start_matches('/')] = value,
            }
            let mut problems = Problems::default();
            check(&menu, "", &mut problems);
            problems.is_empty()
        };
        assert!(with("/placeholder", json!("x".repeat(150))) && !with("/placeholder", json!("x".repeat(151))));
        assert!(with("/max_values", json!(3)) && !with("/max_values", json!(4)) && !with("/max_values", json!(0)));
        assert!(with("/min_values", json!(0)) && !with("/min_values", json!(2)) && !with("/min_values", json!(-1)));
        assert!(!with("/options/1/value", json!("a")), "the same value twice");
        assert!(!with("/options/1/label", json!("")) && !with("/options/1/label", json!("x".repeat(101))));
        let described = |length| json!({ "label": "x", "value": "z", "description": "x".repeat(length) });
        assert!(with("/options/1", described(100)) && !with("/options/1", described(101)));
        let preset = |value: &str| json!({ "label": "x", "value": value, "default": true });
        assert!(!with("/options", json!([preset("a"), preset("b")])));
    }
}
