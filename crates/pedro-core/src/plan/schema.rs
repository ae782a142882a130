//! The shape of a plan, for a model server that can hold a model to it.

use serde_json::{Map, Value, json};

use super::{Action, Catalog, MOST_STEPS, OnFailure, StepStatus};

/// Letters of a text. Fewer than may be read: a small model that has lost its way writes on until it is stopped.
const TEXT: usize = 200;
/// Steps that one names as those it waits for. More are seldom meant.
const MOST_AWAITED: usize = 3;
/// Not `stop`: very small models choose it for no reason, and nobody gets an answer.
const CONSEQUENCES: [OnFailure; 2] = [OnFailure::Continue, OnFailure::Replan];

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
        "on_failure": {"enum": CONSEQUENCES},
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::read;
    use super::*;

    /// What a model that chooses at random writes under a schema, optional fields among it.
    struct Writer<'a> {
        schema: &'a Value,
        choices: std::iter::Cycle<std::slice::Iter<'a, u8>>,
    }

    impl Writer<'_> {
        fn choose(&mut self, most: usize) -> usize {
            self.choices.next().map_or(0, |&choice| usize::from(choice) % most)
        }

        fn write(&mut self, schema: &Value) -> Value {
            if let Some(name) = schema["$ref"].as_str() {
                let name = name.strip_prefix("#/$defs/").unwrap();
                let found = self.schema["$defs"].get(name).unwrap_or_else(|| panic!("{name}")).clone();
                return self.write(&found);
            }
            for alternatives in ["anyOf", "enum"] {
                if let Some(list) = schema[alternatives].as_array() {
                    let chosen = &list[self.choose(list.len())];
                    return if alternatives == "enum" { chosen.clone() } else { self.write(chosen) };
                }
            }
            match (schema["type"].as_str(), schema["prefixItems"].as_array()) {
                (Some("object"), _) => self.object(schema),
                (Some("array"), Some(items)) => items.iter().map(|item| self.write(item)).collect(),
                (Some("array"), None) => {
                    let length = self.choose(schema["maxItems"].as_u64().unwrap() as usize + 1);
                    (0..length).map(|_| self.write(&schema["items"])).collect()
                }
                (Some("string"), _) => {
                    "é".repeat(1 + self.choose(schema["maxLength"].as_u64().unwrap() as usize)).into()
                }
                _ => panic!("{schema}"),
            }
        }

        fn object(&mut self, schema: &Value) -> Value {
            let required = schema["required"].as_array().unwrap();
            assert_eq!(schema["additionalProperties"], false);
            let mut object = Map::new();
            for (name, property) in schema["properties"].as_object().unwrap() {
                if required.iter().any(|required| required == name) || self.choose(2) == 1 {
                    object.insert(name.clone(), self.write(property));
                }
            }
            Value::Object(object)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

        #[test]
        fn whatever_it_allows_is_a_plan(choices in proptest::collection::vec(any::<u8>(), 97), has_catalog: bool) {
            let catalog = if has_catalog { Catalog::example() } else { Catalog::default() };
            let schema = schema(&catalog);
            let written = Writer { schema: &schema, choices: choices.iter().cycle() }.write(&schema);
            let plan = read(&written.to_string(), &catalog);
            prop_assert!(plan.is_ok(), "{written}: {plan:?}");
            prop_assert_eq!(plan.map(|plan| plan.steps.len()).ok(), written["steps"].as_array().map(Vec::len));
        }
    }

    #[test]
    fn it_offers_only_what_the_catalog_has() {
        let told = schema(&Catalog::example()).to_string();
        assert!(["weather", "links", "api_call", "db_query"].iter().all(|name| told.contains(name)));
        let told = schema(&Catalog::default()).to_string();
        assert!(!told.contains("api_call") && !told.contains("db_query"), "{told}");
    }

    #[test]
    fn it_stays_small() {
        let size = schema(&Catalog::example()).to_string().len();
        assert!(size < 16_000, "{size}");
    }
}
