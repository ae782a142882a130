//! The shape of a plan, for a model server that can hold a model to it.

use serde_json::{Map, Value, json};

use super::{Action, Catalog, MOST_STEPS, OnFailure, StepStatus};

/// Letters of a text. Fewer than may be read: a small model that has lost its way writes on until it is stopped.
const TEXT: usize = 200;
/// Steps that one names as those it waits for. More are seldom meant.
const MOST_AWAITED: usize = 3;

/// The JSON schema of a plan of what the catalog has. llama.cpp makes a grammar of it, so it keeps to what that knows:
/// objects, enums, lengths, alternatives, lists of fixed length, definitions.
///
/// There is one alternative for each number of steps, which leaves nothing to go wrong: the answer is the last step and
/// only that, steps are named by their place, and each waits for none but earlier ones. Very small models get that wrong
/// whenever they can. What [`read`](super::read()) takes is wider.
pub fn schema(catalog: &Catalog) -> Value {
    let mut definitions = Map::new();
    let text = json!({"type": "string", "minLength": 1, "maxLength": TEXT});
    definitions.insert("text".to_owned(), text);
    let actions = actions(catalog);
    for (action, params) in &actions {
        definitions.insert(action.as_str().to_owned(), params.clone());
    }
    for place in 1..MOST_STEPS {
        if place > 1 {
            definitions.insert(format!("after{place}"), awaited(place));
            definitions.insert(format!("when{place}"), condition(place));
        }
        let kinds: Vec<Value> = actions.iter().map(|(action, _)| step(*action, place)).collect();
        definitions.insert(format!("step{place}"), json!({"anyOf": kinds}));
    }
    definitions.insert("answer".to_owned(), answer());
    let plans: Vec<Value> = (0..MOST_STEPS).map(plan).collect();
    let mut schema = object(json!({"steps": {"anyOf": plans}}), &["steps"]);
    schema["$defs"] = Value::Object(definitions);
    schema
}

/// The list of so many steps and the answer.
fn plan(steps: usize) -> Value {
    let steps = (1..=steps).map(|place| format!("step{place}"));
    let items: Vec<Value> = steps.chain(["answer".to_owned()]).map(|name| definition(&name)).collect();
    json!({"type": "array", "minItems": items.len(), "maxItems": items.len(), "prefixItems": items})
}

/// What can be done before the answer, with its parameters.
fn actions(catalog: &Catalog) -> Vec<(Action, Value)> {
    let query = || object(json!({"query": definition("text")}), &["query"]);
    let mut actions = vec![(Action::WebSearch, query()), (Action::ReferenceCheck, query())];
    let tools: Vec<Value> = catalog.tools.iter().map(|tool| named("tool", &tool.name, &tool.params)).collect();
    let queries: Vec<Value> = catalog.queries.iter().map(|query| named("query", &query.name, &query.params)).collect();
    for (action, kinds) in [(Action::ApiCall, tools), (Action::DbQuery, queries)] {
        if !kinds.is_empty() {
            actions.push((action, json!({"anyOf": kinds})));
        }
    }
    actions
}

/// The parameters of an API or a query.
fn named(key: &str, name: &str, params: &[String]) -> Value {
    let mut properties: Map<String, Value> = params.iter().map(|param| (param.clone(), definition("text"))).collect();
    properties.insert(key.to_owned(), json!({"enum": [name]}));
    let required: Vec<&str> = params.iter().map(String::as_str).chain([key]).collect();
    object(Value::Object(properties), &required)
}

fn step(action: Action, place: usize) -> Value {
    let mut properties = json!({
        "action": {"enum": [action.as_str()]},
        "params": definition(action.as_str()),
        "on_failure": {"enum": [OnFailure::Continue, OnFailure::Replan, OnFailure::Stop]},
    });
    // The first has nothing to wait for.
    if place > 1 {
        properties["depends_on"] = definition(&format!("after{place}"));
        properties["when"] = definition(&format!("when{place}"));
        return object(properties, &["action", "params", "depends_on"]);
    }
    object(properties, &["action", "params"])
}

fn awaited(place: usize) -> Value {
    json!({"type": "array", "items": {"enum": before(place)}, "maxItems": MOST_AWAITED.min(place - 1)})
}

fn condition(place: usize) -> Value {
    let ends: Vec<StepStatus> = StepStatus::ALL.into_iter().filter(|status| status.is_over()).collect();
    object(json!({"step": {"enum": before(place)}, "status": {"enum": ends}}), &["step", "status"])
}

fn before(place: usize) -> Vec<String> {
    (1..place).map(|place| format!("s{place}")).collect()
}

fn answer() -> Value {
    let properties = json!({"action": {"enum": [Action::ReturnResponse]}, "params": object(json!({}), &[])});
    object(properties, &["action", "params"])
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn definition(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}
