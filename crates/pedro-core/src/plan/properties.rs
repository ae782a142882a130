//! What holds for whatever a model writes, and for every plan.

mod any;

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use self::any::{any_plan, any_step, circle, nested, scraps};
use super::*;
use crate::testing::cases;

/// The first rule that a plan breaks, told without the code that made it.
fn broken_rule(plan: &Plan) -> Option<String> {
    let steps = &plan.steps;
    if !(1..=8).contains(&steps.len()) {
        return Some(format!("{} steps", steps.len()));
    }
    let ids: Vec<&str> = steps.iter().map(|step| step.id.as_str()).collect();
    for (at, step) in steps.iter().enumerate() {
        let is_last = at + 1 == steps.len();
        let before = &ids[..at];
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let rules = [
            ("name", (1..=32).contains(&step.id.len()) && step.id.chars().all(letters)),
            ("unique", !before.contains(&step.id.as_str())),
            ("answer", (step.action == Action::ReturnResponse) == is_last),
            ("earlier", step.depends_on.iter().all(|name| before.contains(&name.as_str()))),
            ("once", step.depends_on.iter().all(|name| step.depends_on.iter().filter(|n| *n == name).count() == 1)),
            ("all", !is_last || step.depends_on == before),
            (
                "when",
                step.when.as_ref().is_none_or(|when| step.depends_on.contains(&when.step) && when.status.is_over()),
            ),
            ("params", has_its_params(step)),
            ("quotes", quotes(step).iter().all(|name| all_before(plan, &step.id).contains(name))),
        ];
        if let Some((rule, _)) = rules.iter().find(|(_, holds)| !holds) {
            return Some(format!("{rule} of {step:?}"));
        }
    }
    None
}

fn has_its_params(step: &Step) -> bool {
    let text = |name: &str, limit| {
        let text = step.params.get(name).and_then(Value::as_str);
        text.is_some_and(|text| !text.trim().is_empty() && text.chars().count() <= limit)
    };
    let given = |name: &str| text(name, 2_000) || step.params.get(name).is_some_and(Value::is_number);
    let is = |name: &str, value: &str| step.params.get(name).is_some_and(|given| given == value);
    let keys: Vec<&str> = step.params.keys().map(String::as_str).collect();
    match step.action {
        Action::WebSearch => text("query", 400) && keys == ["query"],
        Action::ReferenceCheck => text("query", 2_000) && keys == ["query"],
        Action::ApiCall if is("tool", "openai") => given("query") && keys == ["query", "tool"],
        Action::ApiCall => is("tool", "weather") && given("city") && given("days") && keys.len() == 3,
        Action::DbQuery if is("query", "links") => given("word") && keys == ["query", "word"],
        Action::DbQuery => is("query", "titles") && keys == ["query"],
        Action::ReturnResponse => keys.iter().all(|name| ["instructions", "query"].contains(name) && text(name, 2_000)),
    }
}

/// Names like `s3` in `${s3}`.
fn quotes(step: &Step) -> Vec<String> {
    let pattern = regex::Regex::new(r"\$\{(s\d+)\}").unwrap();
    let texts = step.params.values().filter_map(Value::as_str);
    texts.flat_map(|text| pattern.captures_iter(text).map(|found| found[1].to_owned()).collect::<Vec<_>>()).collect()
}

fn all_before(plan: &Plan, id: &str) -> Vec<String> {
    let depends_on = plan.steps.iter().find(|step| step.id == id).map(|step| step.depends_on.clone());
    let direct = depends_on.unwrap_or_default();
    let further: Vec<String> = direct.iter().flat_map(|name| all_before(plan, name)).collect();
    [direct, further].concat()
}

fn check(output: &str) -> Result<(), TestCaseError> {
    match read(output, &Catalog::example()) {
        Ok(plan) => {
            prop_assert_eq!(broken_rule(&plan), None, "{}", output);
            // What was read reads the same again.
            prop_assert_eq!(read(&serde_json::to_string(&plan).unwrap(), &Catalog::example()), Ok(plan));
        }
        Err(problems) => {
            prop_assert!(!problems.is_empty());
            for sentence in problems.iter().map(Problem::to_string) {
                prop_assert!(sentence.chars().count() < 300 && sentence.ends_with('.'), "{}", sentence);
                prop_assert!(!sentence.contains(['\n', '\r', '\0']), "{}", sentence);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(500)) })]

    #[test]
    fn no_text_at_all_is_a_danger(text in any::<String>(), scraps in scraps()) {
        check(&text)?;
        check(&scraps)?;
        check(&format!("{text}{scraps}"))?;
    }

    #[test]
    fn whatever_is_accepted_keeps_every_rule(steps in prop_oneof![4 => vec(any_step(), 0..10), 1 => vec(any_step(), 10..25)], before in scraps(), after in ".{0,20}") {
        let list = Value::from(steps);
        check(&list.to_string())?;
        let whole = json!({"steps": list}).to_string();
        check(&whole)?;
        check(&format!("{before}{whole}{after}"))?;
        check(&whole[..whole.floor_char_boundary(whole.len() * 2 / 3)])?;
    }

    #[test]
    fn a_plan_that_was_written_down_is_read_as_it_was(plan in any_plan(), prose in "[a-z .:\n]{0,40}") {
        prop_assert_eq!(broken_rule(&plan), None);
        let text = serde_json::to_string_pretty(&plan).unwrap();
        prop_assert_eq!(read(&text, &Catalog::example()), Ok(plan.clone()));
        let around = format!("<think>{prose}</think>{prose}```json\n{text}\n```{prose}");
        prop_assert_eq!(read(&around, &Catalog::example()), Ok(plan));
    }

    #[test]
    fn the_order_in_which_steps_are_written_takes_nothing_away(
        (plan, shuffled) in any_plan().prop_flat_map(|plan| (Just(plan.clone()), Just(plan.steps).prop_shuffle()))
    ) {
        let read = read(&json!({"steps": shuffled}).to_string(), &Catalog::example()).unwrap();
        prop_assert_eq!(broken_rule(&read), None);
        let by_name = |plan: Plan| {
            let rest = plan.steps.into_iter().filter(|step| step.action != Action::ReturnResponse);
            rest.map(|step| (step.id.clone(), step)).collect::<BTreeMap<_, _>>()
        };
        prop_assert_eq!(by_name(read), by_name(plan));
    }

    #[test]
    fn steps_that_wait_for_each_other_are_no_plan(steps in circle(2..6)) {
        let problems = read(&steps.to_string(), &Catalog::example()).unwrap_err();
        prop_assert!(problems.iter().any(|problem| matches!(problem, Problem::Circle { .. })), "{:?}", problems);
    }

    #[test]
    fn a_plan_that_is_too_long_or_names_a_step_that_is_not_there_is_none(plan in any_plan(), more in 1..18usize, at in any::<u8>()) {
        let mut long = plan.clone();
        for n in plan.steps.len()..MOST_STEPS + more {
            let id = format!("more{n}");
            let params = Map::from_iter([("query".to_owned(), json!("go"))]);
            let (action, on_failure) = (Action::WebSearch, OnFailure::Continue);
            long.steps.insert(0, Step { id, action, params, depends_on: Vec::new(), on_failure, when: None });
        }
        let count = MOST_STEPS + more;
        let problems = read(&serde_json::to_string(&long).unwrap(), &Catalog::example()).unwrap_err();
        prop_assert!(problems.contains(&Problem::TooManySteps { count }), "{:?}", problems);

        let mut lost = plan;
        let last = lost.steps.len() - 1;
        if last > 0 {
            lost.steps[usize::from(at) % last].depends_on.push("nowhere".to_owned());
            let problems = read(&serde_json::to_string(&lost).unwrap(), &Catalog::example()).unwrap_err();
            let unknown = |problem: &Problem| matches!(problem, Problem::UnknownStep { name, .. } if name == "nowhere");
            prop_assert!(problems.iter().any(unknown), "{:?}", problems);
        }
    }

    #[test]
    fn what_is_inserted_is_not_looked_at_again_however_deep_it_stands(params in nested()) {
        let results = |name: &str| match name {
            "s1" => Some("${s2} and ${s1}".to_owned()),
            "s2" => Some("QUOTED".to_owned()),
            _ => None,
        };
        let (quotes, nothing) = (params.to_string().matches("${s2}").count(), Map::new());
        let params = params.as_object().unwrap_or(&nothing);
        let filled = fill::fill(params, &results);
        let text = serde_json::to_string(&filled).unwrap();
        prop_assert_eq!(text.matches("QUOTED").count(), quotes, "{}", text);
        prop_assert_eq!(shape(&Value::Object(filled)), shape(&Value::Object(params.clone())));
    }

    #[test]
    fn every_plan_comes_to_an_end(plan in any_plan(), fates in vec(any::<u8>(), 64), replans in 0..4usize) {
        run(&plan, &fates, replans)?;
    }

    #[test]
    fn new_plans_in_the_place_of_new_plans_come_to_an_end(plans in vec(any_plan(), MOST_REPLANS + 1), fates in vec(any::<u8>(), 64)) {
        for (replans, plan) in plans.iter().enumerate() {
            let ended = run(plan, &fates[replans..], replans)?;
            prop_assert!(ended || replans < MOST_REPLANS, "a third new plan is wanted");
            if ended {
                break;
            }
        }
    }
}

/// A value without its texts.
fn shape(value: &Value) -> Value {
    match value {
        Value::String(_) => json!("text"),
        Value::Array(values) => values.iter().map(shape).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), shape(value))).collect())
        }
        other => other.clone(),
    }
}

/// Runs a plan with outcomes as they come, and checks each move. False if it ends because a new plan is wanted.
fn run(plan: &Plan, fates: &[u8], replans: usize) -> Result<bool, TestCaseError> {
    let mut fates = fates.iter().cycle();
    let mut statuses = vec![StepStatus::Pending; plan.steps.len()];
    let mut starts: BTreeMap<&str, usize> = BTreeMap::new();
    let at = |step: &Step| plan.steps.iter().position(|other| other.id == step.id).unwrap();
    // Each turn moves a step, or ends one.
    for _ in 0..3 * MOST_STEPS + 2 {
        match next_moves(plan, &statuses, replans) {
            Course::Go(moves) => {
                prop_assert!(!moves.is_empty());
                // Skips first: a start may build on them.
                for next in &moves {
                    let Move::Skip(step) = next else { continue };
                    statuses[at(step)] = statuses[at(step)].next(StepEvent::Skip).unwrap();
                }
                for next in &moves {
                    let Move::Start(step) = next else { continue };
                    let is_over =
                        |name: &String| plan.steps.iter().zip(&statuses).any(|(s, now)| s.id == *name && now.is_over());
                    prop_assert!(step.depends_on.iter().all(is_over), "{} before its time", step.id);
                    *starts.entry(&step.id).or_default() += 1;
                    statuses[at(step)] = statuses[at(step)].next(StepEvent::Start).unwrap();
                }
            }
            Course::Wait => {
                let running: Vec<usize> =
                    (0..statuses.len()).filter(|&at| statuses[at] == StepStatus::Running).collect();
                prop_assert!(!running.is_empty(), "waits for nothing");
                let fate = usize::from(*fates.next().unwrap());
                let event = if fate % 3 == 0 { StepEvent::Fail } else { StepEvent::Succeed };
                let ends = running[fate / 3 % running.len()];
                statuses[ends] = statuses[ends].next(event).unwrap();
            }
            Course::Replan { because } => {
                prop_assert!(replans < MOST_REPLANS && because.on_failure == OnFailure::Replan);
                prop_assert!(!statuses.contains(&StepStatus::Running));
                return Ok(false);
            }
            Course::Ended(end) => {
                prop_assert!(statuses.iter().all(|status| status.is_over()), "{:?}", statuses);
                prop_assert!(starts.values().all(|&times| times == 1), "{:?}", starts);
                let last = statuses.last().copied();
                prop_assert_eq!(matches!(end, End::Answered), last == Some(StepStatus::Succeeded));
                prop_assert_eq!(matches!(end, End::Stopped(_)), last == Some(StepStatus::Skipped));
                return Ok(true);
            }
        }
    }
    prop_assert!(false, "no end: {:?}", statuses);
    Ok(true)
}
