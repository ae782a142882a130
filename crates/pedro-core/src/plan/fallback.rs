//! The plan for when the model has none.

use serde_json::{Map, Value};

use super::{Action, OnFailure, Plan, Step};

/// Characters of a question that are searched for.
const QUERY: usize = 400;

/// Memory and a table, side by side, then the answer. `lookup` is what `db_query` reads: the parameters of a query of
/// the catalog, `query` (its name) among them.
pub fn default_plan(question: &str, lookup: Map<String, Value>) -> Plan {
    // What people write quotes no step.
    let query: String = question.replace("${", "$ {").trim().chars().take(QUERY).collect();
    let memory = Map::from_iter([("query".to_owned(), Value::String(query))]);
    let step = |id: &str, action, params, depends_on: &[&str]| Step {
        id: id.to_owned(),
        action,
        params,
        depends_on: depends_on.iter().map(|&name| name.to_owned()).collect(),
        on_failure: OnFailure::Continue,
        when: None,
    };
    let steps = vec![
        step("s1", Action::ReferenceCheck, memory, &[]),
        step("s2", Action::DbQuery, lookup, &[]),
        step("s3", Action::ReturnResponse, Map::new(), &["s1", "s2"]),
    ];
    Plan { steps }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Catalog, read};
    use super::*;

    #[test]
    fn it_is_a_plan_that_keeps_every_rule_whatever_the_question_is() {
        for question in ["what is the GopherCon link?".to_owned(), " ${s9} \"}]".to_owned(), "é".repeat(5_000)] {
            let Value::Object(lookup) = json!({"query": "links", "word": "gophercon"}) else { unreachable!() };
            let plan = default_plan(&question, lookup);
            assert!(plan.steps[0].params["query"].as_str().unwrap().chars().count() <= QUERY);
            assert_eq!(read(&serde_json::to_string(&plan).unwrap(), &Catalog::example()), Ok(plan));
        }
    }
}
