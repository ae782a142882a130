//! What holds for whatever a model writes, and for every plan.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

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

/// Pieces of plans in any order.
fn scraps() -> impl Strategy<Value = String> {
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
fn any_step() -> impl Strategy<Value = Value> {
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
fn any_plan() -> impl Strategy<Value = Plan> {
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

/// Steps of which some wait for each other, by `depends_on`, by `when`, or both, in any order among others that do not.
fn circle(sizes: std::ops::Range<usize>) -> impl Strategy<Value = Value> {
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
fn nested() -> impl Strategy<Value = Value> {
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
