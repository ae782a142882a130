//! Plans and what passes for one, as no model should write them and any might.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::super::*;

/// Pieces of plans in any order.
pub(super) fn scraps() -> impl Strategy<Value = String> {
    const SCRAPS: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\n",
        " ",
        "```json\n",
        "```",
        "<think>",
        "</think>",
        "Sure! ",
        "é",
        "{\"steps\":[",
        "]}",
        "\"steps\"",
        "\"action\":",
        "\"web_search\"",
        "\"params\":{\"query\":\"x\"}",
        "\"id\":1",
        "{\"action\":\"web_search\",\"params\":{\"query\":\"${s1}\"}}",
        "{\"action\":\"return_response\"}",
        "1e999",
        "\"depends_on\":[\"s1\"]",
        "null",
        "-",
        "{\"action\":\"web_search\",\"params\":{\"query\":\"go\"}},",
        "{\"plan\":",
    ];
    vec(select(SCRAPS), 0..40).prop_map(|scraps| scraps.concat())
}

fn name() -> impl Strategy<Value = Value> {
    const NAMES: &[&str] = &["s1", "s2", "s3", "s4", "2", "a", "return", "", "no such", "s99"];
    prop_oneof![6 => select(&NAMES[..4]).prop_map(Value::from), 1 => select(NAMES).prop_map(Value::from), 1 => (0..5u8).prop_map(Value::from)]
}

/// A step as a model might write it, right or wrong.
pub(super) fn any_step() -> impl Strategy<Value = Value> {
    const ACTIONS: &[&str] =
        &["web_search", "reference_check", "api_call", "db_query", "return_response", "Web_Search", "dance"];
    let params = prop_oneof![
        Just(json!({"query": "go"})),
        Just(json!({"query": "links", "word": "x", "tool": "openai"})),
        Just(json!({"tool": "weather", "city": "Denver", "days": 3, "query": "titles"})),
        "(go|\\$\\{s[1-5]\\}| ){0,4}".prop_map(|query| json!({"query": query, "tool": "openai"})),
        ".{0,20}".prop_map(|query| json!({"query": query, "instructions": query})),
        Just(json!({"query": "x".repeat(500)})),
        Just(json!({"query": {"text": "${s1}", "or": ["${s2}"]}, "tool": "openai"})),
        Just(json!({"tool": "weather", "city": ["${s1}", {"a": "${s2}"}], "days": {"n": 1}, "query": ["titles"]})),
        Just(json!([["${s1}"]])),
        Just(Value::Null),
    ];
    let when = prop_oneof![
        (name(), select(&["failed", "succeeded", "running"][..]))
            .prop_map(|(step, status)| json!({"step": step, "status": status})),
        Just(json!("s1 skipped")),
        Just(json!(7)),
    ];
    let maybe = |value: BoxedStrategy<Value>| prop_oneof![3 => Just(None), 1 => value.prop_map(Some)];
    let depends_on = prop_oneof![vec(name(), 0..3).prop_map(Value::from), name()].boxed();
    let on_failure = select(&["continue", "replan", "stop", "what"][..]).prop_map(Value::from).boxed();
    (select(ACTIONS), params, maybe(name().boxed()), maybe(depends_on), maybe(on_failure), maybe(when.boxed()))
        .prop_map(|(action, params, id, depends_on, on_failure, when)| {
            let optional = [("id", id), ("depends_on", depends_on), ("on_failure", on_failure), ("when", when)];
            let optional = optional.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
            let fields = [("action".to_owned(), json!(action)), ("params".to_owned(), params)];
            Value::Object(fields.into_iter().chain(optional).collect())
        })
}

/// A plan that keeps every rule, written without `read`.
pub(super) fn any_plan() -> impl Strategy<Value = Plan> {
    let kind = prop_oneof![
        Just((Action::WebSearch, json!({"query": "go"}))),
        Just((Action::ReferenceCheck, json!({"query": "what did\n\"alice\" say? 🦀"}))),
        Just((Action::ApiCall, json!({"tool": "weather", "city": "Denver", "days": 2}))),
        Just((Action::DbQuery, json!({"query": "titles"}))),
    ];
    let on_failure = select(&[OnFailure::Continue, OnFailure::Replan, OnFailure::Stop][..]);
    let ends = select(&[StepStatus::Succeeded, StepStatus::Failed, StepStatus::Skipped, StepStatus::Redundant][..]);
    let step = (kind, any::<u8>(), on_failure, any::<bool>(), ends, any::<bool>());
    vec(step, 0..MOST_STEPS).prop_map(|kinds| {
        let mut steps: Vec<Step> = Vec::new();
        for ((action, params), mask, on_failure, is_conditional, status, quotes) in kinds {
            let before = steps.iter().enumerate().filter(|(at, _)| mask & (1 << at) != 0);
            let depends_on: Vec<String> = before.map(|(_, step)| step.id.clone()).collect();
            let when = depends_on.first().filter(|_| is_conditional).map(|step| When { step: step.clone(), status });
            let Value::Object(mut params) = params else { unreachable!() };
            if let (Action::WebSearch, true, Some(last)) = (action, quotes, depends_on.last()) {
                params.insert("query".to_owned(), json!(format!("more on ${{{last}}}")));
            }
            let id = if mask & 128 == 0 { format!("s{}", steps.len() + 1) } else { format!("step-{}", steps.len()) };
            steps.push(Step { id, action, params, depends_on, on_failure, when });
        }
        let depends_on = steps.iter().map(|step| step.id.clone()).collect();
        let answer = Action::ReturnResponse;
        let (params, on_failure) = (Map::new(), OnFailure::Continue);
        steps.push(Step { id: "end".to_owned(), action: answer, params, depends_on, on_failure, when: None });
        Plan { steps }
    })
}

/// Steps of which some wait for each other, by `depends_on`, by `when`, or both, in any order among others that do not.
pub(super) fn circle(sizes: std::ops::Range<usize>) -> impl Strategy<Value = Value> {
    (sizes, 0..2usize, any::<u8>()).prop_flat_map(|(size, others, conditions)| {
        let mut steps: Vec<Value> = (0..size)
            .map(|n| {
                let (id, next) = (format!("c{n}"), format!("c{}", (n + 1) % size));
                let mut step = json!({"id": id, "action": "web_search", "params": {"query": "go"}, "depends_on": []});
                if conditions & (1 << n) == 0 {
                    step["depends_on"] = json!([next]);
                } else {
                    step["when"] = json!({"step": next, "status": "failed"});
                }
                step
            })
            .collect();
        let other =
            |n| json!({"id": format!("o{n}"), "action": "db_query", "params": {"query": "titles"}, "depends_on": []});
        steps.extend((0..others).map(other));
        steps.push(json!({"action": "return_response"}));
        Just(steps).prop_shuffle().prop_map(Value::from)
    })
}

/// Parameters with quotes at any depth.
pub(super) fn nested() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        "(go|\\$\\{s[12]\\}|\\$|\\{| ){0,4}".prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        Just(Value::Null),
    ];
    let value = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-d]{1,2}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    });
    proptest::collection::btree_map("[a-d]{1,2}", value, 0..4)
        .prop_map(|fields| Value::Object(fields.into_iter().collect()))
}
