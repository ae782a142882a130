//! One step by itself: what it does, under which name, and what it waits for.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::super::problem::excerpt;
use super::super::{Action, Catalog, OnFailure, Problem, StepStatus, When};
use super::params;

/// Letters of a step's name.
const NAME: usize = 32;

/// A step as it was written, before it is known what the others are called.
pub(super) struct Draft {
    pub(super) id: String,
    pub(super) action: Action,
    pub(super) params: Map<String, Value>,
    /// Nothing if it does not say: then it waits for the step before it.
    pub(super) depends_on: Option<Vec<String>>,
    pub(super) on_failure: OnFailure,
    pub(super) when: Option<When>,
}

/// Reads every step; those that say not even what they do are left out.
pub(super) fn drafts(steps: &[Value], catalog: &Catalog, problems: &mut Vec<Problem>) -> Vec<Draft> {
    let ids = ids(steps, problems);
    steps.iter().zip(ids).filter_map(|(step, id)| draft(step, id, catalog, problems)).collect()
}

/// The step that a plan may leave out.
pub(super) fn answer(others: &[Draft]) -> Draft {
    Draft {
        id: free_name(others.len() + 1, |name| others.iter().any(|other| other.id == name)),
        action: Action::ReturnResponse,
        params: Map::new(),
        depends_on: None,
        on_failure: OnFailure::Continue,
        when: None,
    }
}

fn draft(step: &Value, id: String, catalog: &Catalog, problems: &mut Vec<Problem>) -> Option<Draft> {
    let Value::Object(fields) = step else {
        problems.push(Problem::NoStep { step: id });
        return None;
    };
    let action = match fields.get("action") {
        Some(Value::String(action)) => match named(action) {
            Some(action) => action,
            None => {
                problems.push(Problem::UnknownAction { step: id, action: excerpt(action) });
                return None;
            }
        },
        _ => {
            problems.push(Problem::NoAction { step: id });
            return None;
        }
    };
    let params = params::read(&id, action, fields.get("params"), catalog, problems);
    let on_failure = on_failure(fields).unwrap_or_else(|| {
        problems.push(Problem::BadOnFailure { step: id.clone() });
        OnFailure::Continue
    });
    // The answer waits for everything and is always made: what it says of that is not read.
    let is_answer = action == Action::ReturnResponse;
    let depends_on = if is_answer { None } else { depends_on(fields, &id, problems) };
    let when = if is_answer { None } else { when(fields, &id, problems) };
    Some(Draft { id, action, params, depends_on, on_failure, when })
}

/// The names, those that are missing filled up with numbers.
fn ids(steps: &[Value], problems: &mut Vec<Problem>) -> Vec<String> {
    let mut ids = Vec::new();
    for (number, step) in (1..).zip(steps) {
        let id = match step.get("id") {
            None | Some(Value::Null) => None,
            Some(id) => match name(id) {
                Some(id) => Some(id),
                None => {
                    problems.push(Problem::BadName { step: format!("s{number}") });
                    None
                }
            },
        };
        if id.is_some() && ids.contains(&id) {
            let name = id.clone().unwrap_or_default();
            problems.push(Problem::SameName { name });
        }
        ids.push(id);
    }
    for at in 0..ids.len() {
        if ids[at].is_none() {
            ids[at] = Some(free_name(at + 1, |name| ids.iter().flatten().any(|id| id == name)));
        }
    }
    ids.into_iter().flatten().collect()
}

/// `s3`, or the next number that is free.
fn free_name(number: usize, is_taken: impl Fn(&str) -> bool) -> String {
    let mut number = number;
    loop {
        let name = format!("s{number}");
        if !is_taken(&name) {
            return name;
        }
        number += 1;
    }
}

/// A step's name as text or number; `3` is `s3`.
fn name(value: &Value) -> Option<String> {
    let name = match value {
        Value::String(name) => name.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let is_name = |name: &str| {
        (1..=NAME).contains(&name.len()) && name.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-'))
    };
    let name = numbered(&name).unwrap_or(name);
    is_name(&name).then_some(name)
}

/// The name of the step that a bare number means.
pub(super) fn numbered(name: &str) -> Option<String> {
    (!name.is_empty() && name.bytes().all(|c| c.is_ascii_digit())).then(|| format!("s{name}"))
}

fn on_failure(fields: &Map<String, Value>) -> Option<OnFailure> {
    match fields.get("on_failure") {
        None | Some(Value::Null) => Some(OnFailure::Continue),
        Some(Value::String(text)) => named(text),
        Some(_) => None,
    }
}

fn depends_on(fields: &Map<String, Value>, id: &str, problems: &mut Vec<Problem>) -> Option<Vec<String>> {
    let mut bad = || problems.push(Problem::BadDependsOn { step: id.to_owned() });
    let values = match fields.get("depends_on")? {
        Value::Null => return None,
        Value::Array(values) => values.as_slice(),
        Value::String(text) if text.trim().is_empty() => &[],
        one @ (Value::String(_) | Value::Number(_)) => std::slice::from_ref(one),
        _ => {
            bad();
            return None;
        }
    };
    let mut names = Vec::new();
    for value in values {
        match name(value) {
            Some(name) if names.contains(&name) => (),
            Some(name) => names.push(name),
            None => {
                bad();
                break;
            }
        }
    }
    Some(names)
}

/// `{"step": "s1", "status": "failed"}`, or `s1 failed`, or `s1.failed`.
fn when(fields: &Map<String, Value>, id: &str, problems: &mut Vec<Problem>) -> Option<When> {
    let read = match fields.get("when")? {
        Value::Null => return None,
        Value::String(text) if text.trim().is_empty() => return None,
        Value::String(text) => text
            .trim()
            .split_once(|c: char| c == '.' || c.is_whitespace())
            .and_then(|(step, status)| condition(&Value::String(step.to_owned()), status)),
        Value::Object(when) => match (when.get("step"), when.get("status")) {
            (Some(step), Some(Value::String(status))) => condition(step, status),
            _ => None,
        },
        _ => None,
    };
    if read.is_none() {
        problems.push(Problem::BadWhen { step: id.to_owned() });
    }
    read
}

fn condition(step: &Value, status: &str) -> Option<When> {
    let status = named(status).filter(|status: &StepStatus| status.is_over())?;
    Some(When { step: name(step)?, status })
}

/// A variant by its name in plans.
fn named<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(Value::String(text.trim().to_ascii_lowercase())).ok()
}
