use serde_json::{Value, json};

use super::super::{Catalog, Plan, Problem};
use super::read;

fn plan(output: &str) -> Plan {
    read(output, &Catalog::example()).unwrap_or_else(|problems| panic!("{output}: {problems:?}"))
}

/// The plan as `s1 web_search [s0] ...`, one line a step.
fn told(output: &str) -> String {
    let steps = plan(output).steps;
    let told = steps.iter().map(|step| {
        let when = step.when.as_ref().map(|when| format!(" when {} {}", when.step, when.status.as_str()));
        format!("{} {} [{}]{}", step.id, step.action.as_str(), step.depends_on.join(" "), when.unwrap_or_default())
    });
    told.collect::<Vec<_>>().join("\n")
}

fn problems(output: &str) -> Vec<String> {
    match read(output, &Catalog::example()) {
        Ok(plan) => panic!("{output}: {plan:?}"),
        Err(problems) => problems.iter().map(Problem::to_string).collect(),
    }
}

/// Each of these steps has what its action needs.
fn search(more: Value) -> Value {
    let mut step = json!({"action": "web_search", "params": {"query": "go"}});
    let Value::Object(more) = more else { unreachable!() };
    step.as_object_mut().unwrap().extend(more);
    step
}

fn steps(steps: &[Value]) -> String {
    json!({ "steps": steps }).to_string()
}

#[test]
fn a_plan_is_read_from_whatever_stands_around_it() {
    let bare = r#"[{"action": "web_search", "params": {"query": "go"}}]"#;
    let whole = format!(r#"{{"steps": {bare}}}"#);
    let expected = "s1 web_search []\ns2 return_response [s1]";
    let outputs = [
        whole.clone(),
        bare.to_owned(),
        bare[1..bare.len() - 1].to_owned(),
        format!("Sure! Here is the plan:\n```json\n{whole}\n```\nShall I go on {{or not}}?"),
        format!("<think>\nI could {{search}} or [ask]. {{\"steps\": []}}\n</think>\n\n{whole}"),
        format!("first {{\"steps\": 1}}</THINK >{whole}"),
        format!("<think>a<think>b</think>c</think>{bare}"),
        format!("see [1] and {{x}}, [\"a\", b] {whole} and [2]"),
        format!("{{\"plan\": {whole}, \"why\": \"because\"}}"),
        format!("\u{FEFF}{whole}"),
        whole.replace("\"go\"}", "\"go\",},").replace("}]", "},]"),
        whole.replace("\"action\"", "\"why\": {\"a\": [1]}, \"action\""),
        whole.replace(", ", "\r\n\t, "),
    ];
    for output in outputs {
        assert_eq!(told(&output), expected, "{output}");
    }
}

#[test]
fn steps_that_stand_one_by_one_are_one_plan() {
    let output = r#"First {"action": "web_search", "params": {"query": "go"}}, then
        {"action": "db_query", "params": {"name": "titles"}}."#;
    assert_eq!(told(output), "s1 web_search []\ns2 db_query [s1]\ns3 return_response [s1 s2]");
}

#[test]
fn of_several_plans_the_first_that_keeps_the_rules_is_taken() {
    let wrong = steps(&[json!({"action": "dance"})]);
    let right = steps(&[search(json!({"id": "a"}))]);
    let later = steps(&[search(json!({"id": "b"}))]);
    assert_eq!(plan(&format!("{wrong} no: {right} or {later}")).steps[0].id, "a");
}

#[test]
fn no_part_of_a_broken_plan_is_taken_for_a_plan() {
    let step = search(json!({})).to_string();
    let cut = format!(r#"{{"steps": [{step}, {step}, {{"action": "db_que"#);
    assert_eq!(problems(&cut), ["The JSON of the plan breaks off before its end: write a shorter plan."]);
    let broken = format!(r#"{{"steps": [{step}, {{"action" "x"}}, {step}]}}"#);
    let said = problems(&broken);
    assert!(said[0].starts_with("The JSON of the plan is broken after `") && said[0].contains("action"), "{said:?}");
    let whole = steps(&[search(json!({"id": "later"}))]);
    assert_eq!(plan(&format!("{broken}\nAgain: {whole}")).steps[0].id, "later");
}

#[test]
fn what_is_missing_is_filled_in() {
    let lone = r#"{ "action": "api_call", "params": { "tool": "OpenAI", "query": "hi" } }"#;
    let read = plan(lone);
    let expected = json!({"steps": [
        {"id": "s1", "action": "api_call", "params": {"tool": "openai", "query": "hi"}, "depends_on": [], "on_failure": "continue"},
        {"id": "s2", "action": "return_response", "params": {}, "depends_on": ["s1"], "on_failure": "continue"},
    ]});
    assert_eq!(serde_json::to_value(&read).unwrap(), expected);
    let mixed = steps(&[
        search(json!({"id": "s3", "on_failure": null})),
        search(json!({"id": null, "depends_on": null, "on_failure": " Replan "})),
        search(json!({})),
        json!({"action": "RETURN_RESPONSE", "params": null}),
    ]);
    assert_eq!(told(&mixed), "s3 web_search []\ns2 web_search [s3]\ns4 web_search [s2]\ns5 return_response [s3 s2 s4]");
}

#[test]
fn names_may_be_numbers_and_dependencies_one_text() {
    let output = steps(&[
        search(json!({"id": 1})),
        search(json!({"id": "2", "depends_on": [1, "1", "s1"]})),
        search(json!({"id": "c-3_x", "depends_on": "s2"})),
        search(json!({"id": 4, "depends_on": 2, "params": {"query": "${1} ${ 2.text } ${s2[0]} ${x}"}})),
        json!({"action": "return_response", "depends_on": ["nothing"], "when": 3}),
    ]);
    let told = told(&output);
    assert_eq!(
        told,
        "s1 web_search []\ns2 web_search [s1]\nc-3_x web_search [s2]\ns4 web_search [s2]\n\
         s5 return_response [s1 s2 c-3_x s4]"
    );
    assert_eq!(plan(&output).steps[3].params["query"], "${s1} ${s2} ${s2} ${x}");
}

#[test]
fn steps_are_put_into_an_order_in_which_each_comes_after_what_it_waits_for() {
    let output = steps(&[
        json!({"id": "end", "action": "return_response"}),
        search(json!({"id": "c", "depends_on": ["b"]})),
        search(json!({"id": "d", "depends_on": []})),
        search(json!({"id": "b", "depends_on": ["a"]})),
        search(json!({"id": "a", "depends_on": []})),
    ]);
    let expected =
        "d web_search []\na web_search []\nb web_search [a]\nc web_search [b]\nend return_response [d a b c]";
    assert_eq!(told(&output), expected);
}

#[test]
fn a_condition_is_read_in_three_forms_and_waited_for() {
    for when in [json!({"step": "s1", "status": "failed"}), json!("s1 failed"), json!("s1.Failed"), json!("1  failed")]
    {
        let output = steps(&[search(json!({})), search(json!({"depends_on": [], "when": when}))]);
        assert_eq!(
            told(&output),
            "s1 web_search []\ns2 web_search [s1] when s1 failed\ns3 return_response [s1 s2]",
            "{when}"
        );
    }
    for when in
        [json!("s1"), json!("s1 running"), json!({"step": "s1"}), json!(["s1"]), json!({"step": 1, "status": 2})]
    {
        let said = problems(&steps(&[search(json!({})), search(json!({"when": when}))]));
        assert!(said[0].starts_with("`when` of step s2 must be {\"step\": "), "{said:?}");
    }
}

#[test]
fn whoever_quotes_a_result_waits_for_it() {
    let output = steps(&[
        search(json!({})),
        search(json!({"depends_on": [], "params": {"query": "more on ${s1}"}})),
        search(json!({"depends_on": ["s2"], "params": {"query": "${s1} and ${s2}"}})),
        search(json!({"depends_on": [], "params": {"query": "${s5}"}})),
        search(json!({"depends_on": []})),
    ]);
    let expected = "s1 web_search []\ns2 web_search [s1]\ns3 web_search [s2]\ns5 web_search []\ns4 web_search [s5]\n\
                    s6 return_response [s1 s2 s3 s5 s4]";
    assert_eq!(told(&output), expected);
}

#[test]
fn parameters_are_those_that_the_action_knows() {
    let output = steps(&[
        json!({"action": "web_search", "params": {"query": " go\u{0} 1.26\u{7}\n", "n": [[]], "tool": "x"}}),
        json!({"action": "api_call", "params": {"tool": "weather", "city": "Denver", "days": 2, "units": "C"}}),
        json!({"action": "db_query", "params": {"name": "links", "word": "go"}}),
        json!({"action": "db_query", "params": {"query": "Titles", "word": "go"}}),
        json!({"action": "return_response", "params": {"instructions": "short", "query": " ", "x": 1}}),
    ]);
    let params: Vec<Value> = plan(&output).steps.into_iter().map(|step| Value::Object(step.params)).collect();
    let expected = [
        json!({"query": "go 1.26"}),
        json!({"tool": "weather", "city": "Denver", "days": 2}),
        json!({"query": "links", "word": "go"}),
        json!({"query": "titles"}),
        json!({"instructions": "short"}),
    ];
    assert_eq!(params, expected);
}

#[test]
fn each_problem_is_told_in_one_precise_sentence() {
    let long = "x".repeat(401);
    let too_long = "x".repeat(2_001);
    let table = [
        (json!({"action": "web_search"}), "Step s1 needs `query` in `params`: a text that is not empty."),
        (
            json!({"action": "web_search", "params": {"query": " \n"}}),
            "Step s1 needs `query` in `params`: a text that is not empty.",
        ),
        (json!({"action": "web_search", "params": ["x"]}), "`params` of step s1 must be a JSON object."),
        (search(json!({"params": {"query": long}})), "`query` of step s1 is longer than 400 characters."),
        (
            json!({"action": "reference_check", "params": {"query": 7}}),
            "Step s1 needs `query` in `params`: a text that is not empty.",
        ),
        (
            json!({"action": "reference_check", "params": {"query": too_long}}),
            "`query` of step s1 is longer than 2000 characters.",
        ),
        (
            json!({"action": "return_response", "params": {"instructions": too_long}}),
            "`instructions` of step s1 is longer than 2000 characters.",
        ),
        (
            json!({"action": "api_call", "params": {"tool": "rm"}}),
            "Step s1 needs one of these as `tool` in `params`: `openai`, `weather`.",
        ),
        (json!({"action": "api_call"}), "Step s1 needs one of these as `tool` in `params`: `openai`, `weather`."),
        (
            json!({"action": "api_call", "params": {"tool": "weather", "city": ["x"], "days": 1}}),
            "Step s1 needs `city` in `params`, as text or number: `weather` asks for it.",
        ),
        (
            json!({"action": "db_query", "params": {"query": "select 1"}}),
            "Step s1 needs one of these as `query` in `params`: `links`, `titles`.",
        ),
        (
            json!({"action": "db_query", "params": {"query": "links"}}),
            "Step s1 needs `word` in `params`, as text or number: `links` asks for it.",
        ),
        (
            json!({"action": "rm -rf `x`"}),
            "Step s1 has the unknown action `rm -rf 'x'`: use one of `api_call`, `db_query`, `web_search`, `reference_check`, `return_response`.",
        ),
        (
            json!({"step": 1}),
            "Step s1 needs an `action`: one of `api_call`, `db_query`, `web_search`, `reference_check`, `return_response`.",
        ),
        (json!("web_search"), "Step s1 must be a JSON object with `action` and `params`."),
        (search(json!({"id": "a b"})), "Step s1 has a bad `id`: use 1 to 32 letters, digits, `_` or `-`."),
        (search(json!({"id": "x".repeat(33)})), "Step s1 has a bad `id`: use 1 to 32 letters, digits, `_` or `-`."),
        (search(json!({"depends_on": {"s1": 1}})), "`depends_on` of step s1 must be a list of steps' ids."),
        (search(json!({"depends_on": [["s1"]]})), "`depends_on` of step s1 must be a list of steps' ids."),
        (search(json!({"depends_on": ["s9"]})), "`depends_on` of step s1 names the step `s9`, which does not exist."),
        (search(json!({"when": "s9 failed"})), "`when` of step s1 names the step `s9`, which does not exist."),
        (search(json!({"depends_on": ["s1"]})), "Step s1 waits for itself."),
        (
            search(json!({"params": {"query": "${s9}"}})),
            "`params` of step s1 names the step `s9`, which does not exist.",
        ),
        (
            search(json!({"params": {"query": "${s1}"}})),
            "Step s1 quotes the result of step s1, which is not known before s1 is done.",
        ),
        (
            search(json!({"on_failure": "panic"})),
            "`on_failure` of step s1 must be one of `continue`, `replan`, `stop`.",
        ),
    ];
    for (step, sentence) in table {
        assert_eq!(problems(&steps(std::slice::from_ref(&step))), [sentence], "{step}");
    }
}

#[test]
fn what_steps_make_together_is_told_too() {
    let answer = json!({"action": "return_response"});
    let table = [
        (vec![], "The plan has no step: it needs 1 to 8."),
        (vec![search(json!({})); 9], "The plan has 9 steps: at most 8 are allowed, with `return_response`."),
        (vec![search(json!({})); 8], "The plan has no `return_response`: it must be the last of at most 8 steps."),
        (
            vec![answer.clone(), answer.clone()],
            "The plan has 2 steps `return_response`: it needs exactly one, the last.",
        ),
        (
            vec![search(json!({"id": "a"})), search(json!({"id": "a"}))],
            "More than one step has the `id` `a`: each needs its own.",
        ),
        (
            vec![answer, search(json!({"depends_on": "s1"}))],
            "Step s2 waits for the step `return_response`, which comes last.",
        ),
        (
            vec![search(json!({"depends_on": "s3"})), search(json!({})), search(json!({})), search(json!({}))],
            "The steps s1, s2, s3 wait for each other in a circle.",
        ),
        (
            vec![search(json!({"params": {"query": "${s2}"}})), search(json!({"when": "s1 failed"}))],
            "Step s1 quotes the result of step s2, which is not known before s1 is done.",
        ),
    ];
    for (list, sentence) in table {
        assert_eq!(problems(&steps(&list)), [sentence], "{list:?}");
    }
    assert_eq!(problems(r#"{"steps": {"action": "web_search"}}"#), ["`steps` must be a list of steps."]);
    let nothing = Catalog::default();
    let output = steps(&[json!({"action": "api_call", "params": {"tool": "openai"}})]);
    let said = read(&output, &nothing).unwrap_err();
    assert_eq!(said[0].to_string(), "Step s1 cannot be `api_call`: there is nothing that it could use here.");
}

#[test]
fn what_is_no_plan_is_said_to_be_none() {
    let nothing = "The text holds no plan: write one JSON object `{\"steps\": [...]}` and nothing else.";
    let outputs = [
        "",
        "I cannot help with that.",
        "{}",
        "[]",
        "[1, {\"a\": 2}]",
        "null",
        "\u{0}",
        "<think>{\"steps\": [{\"action\": \"web_search\", \"params\": {\"query\": \"x\"}}]}",
        "<think>{\"steps\": []}</think> I would rather not.",
        "</think",
    ];
    for output in outputs {
        assert_eq!(problems(output), [nothing], "{output}");
    }
}

#[test]
fn neither_depth_nor_size_is_a_danger() {
    let step = search(json!({})).to_string();
    let deep = |open: &str, close: &str| open.repeat(10_000) + &close.repeat(10_000);
    let outputs = [
        deep("[", "]"),
        deep("{\"steps\":", "}"),
        deep("{\"plan\":", "}"),
        deep("[{\"action\":", "}]"),
        "[\"".repeat(100_000),
        "[1,".repeat(1_000_000),
        "{\"action\":".repeat(500_000),
        ",]".repeat(500_000) + &"[1,],".repeat(500_000),
        "\\\"{[".repeat(500_000),
        format!("{{\"steps\": [{}]}}", vec![step.as_str(); 10_000].join(",")),
        format!("[{}]", vec![step.as_str(); 500].join(",")),
        format!("{{\"steps\": [{}]}}", json!({"action": "x".repeat(5_000_000)})),
        format!("{{\"steps\": [{}]}}", json!({"action": "é".repeat(10_000), "id": "é".repeat(9_000)})),
        "<think>".repeat(200_000),
        "</think".repeat(200_000),
    ];
    for output in outputs {
        let begun = std::time::Instant::now();
        let said = problems(&output);
        assert!(said.iter().all(|sentence| sentence.chars().count() < 300 && !sentence.contains('\n')), "{said:?}");
        assert!(begun.elapsed().as_secs() < 5, "{:?}", &output[..20]);
    }
    let thought = format!("<think>{}</think>{{\"steps\": [{step}]}}", "hm {[ ".repeat(500_000));
    assert_eq!(plan(&thought).steps.len(), 2);
}

#[test]
fn no_more_problems_are_told_than_anybody_reads() {
    let step = json!({"id": "é", "action": "web_search", "params": 1, "depends_on": 1.5, "on_failure": 1, "when": 1});
    assert_eq!(problems(&steps(&vec![step; 8])).len(), super::MOST_PROBLEMS);
}
