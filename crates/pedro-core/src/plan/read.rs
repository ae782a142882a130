//! Whatever a model wrote, read as a plan: every plan that comes out keeps every rule.

mod find;
mod order;
mod params;
mod step;

use serde_json::Value;

use super::{Action, Catalog, MOST_STEPS, Plan, Problem};

/// Problems that are told. A prompt that lists more helps nobody.
const MOST_PROBLEMS: usize = 10;

/// Reads a model's output as a plan, or says precisely why it is none.
///
/// Thoughts, prose and fences around the JSON are passed over; names, dependencies, `on_failure` and the last step may be
/// missing; what is not known is left out. If several plans stand in the text, the first that keeps the rules is taken.
pub fn read(output: &str, catalog: &Catalog) -> Result<Plan, Vec<Problem>> {
    let mut first = None;
    let found = find::find(output);
    for steps in &found.plans {
        match plan(steps, catalog) {
            Ok(plan) => return Ok(plan),
            Err(problems) => _ = first.get_or_insert(problems),
        }
    }
    let mut problems = first.unwrap_or_else(|| vec![found.problem]);
    problems.truncate(MOST_PROBLEMS);
    Err(problems)
}

fn plan(steps: &Value, catalog: &Catalog) -> Result<Plan, Vec<Problem>> {
    let Value::Array(steps) = steps else { return Err(vec![Problem::NoList]) };
    match steps.len() {
        0 => return Err(vec![Problem::NoSteps]),
        count if count > MOST_STEPS => return Err(vec![Problem::TooManySteps { count }]),
        _ => (),
    }
    let mut problems = Vec::new();
    let mut drafts = step::drafts(steps, catalog, &mut problems);
    let answers = drafts.iter().filter(|draft| draft.action == Action::ReturnResponse).count();
    if answers > 1 {
        problems.push(Problem::SeveralAnswers { count: answers });
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if answers == 0 {
        if drafts.len() == MOST_STEPS {
            return Err(vec![Problem::NoAnswer]);
        }
        drafts.push(step::answer(&drafts));
    }
    order::arrange(drafts)
}

#[cfg(test)]
mod tests;
