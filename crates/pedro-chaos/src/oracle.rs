//! What the model says: an answer that names what it was asked, a plan now and then broken, questions for games.

use std::sync::LazyLock;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use regex::Regex;
use serde_json::{Value, json};

/// What people ask about: unique, so that each answer is known again wherever it stands.
static TOKEN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"zq\d+x").unwrap_or_else(|_| unreachable!("a constant")));

const COLOURS: [&str; 6] = ["blue", "green", "amber", "violet", "grey", "crimson"];

/// For games: what is asked does not matter, as long as it differs.
const QUESTIONS: [&str; 24] = [
    "Is it alive?",
    "Could a cat carry it?",
    "Does it need electricity?",
    "Is it made of wood?",
    "Do people eat it?",
    "Is it found in a kitchen?",
    "Does it make a noise?",
    "Is it older than a hundred years?",
    "Can it swim?",
    "Is it round?",
    "Would pirates bury it?",
    "Does it grow on trees?",
    "Is it cold?",
    "Do children play with it?",
    "Is it worn on the head?",
    "Does snow melt on it?",
    "Is it used for writing?",
    "Does it have wheels?",
    "Is it a lighthouse?",
    "Is it a harmonica?",
    "Is it a teapot?",
    "Is it soft?",
    "Can you see through it?",
    "Does it smell?",
];

/// The name of the thing number `n`.
pub(crate) fn token(n: usize) -> String {
    format!("zq{n}x")
}

/// The last thing that a text names.
pub(crate) fn last_token(text: &str) -> Option<&str> {
    TOKEN.find_iter(text).last().map(|found| found.as_str())
}

/// What an answer about a thing says, wherever it stands.
pub(crate) fn mark(token: &str) -> String {
    format!("As for {token}")
}

/// The model, as a function of the request.
pub(crate) fn oracle(seed: u64) -> impl Fn(&Value) -> String + Send + 'static {
    let chance = std::sync::Mutex::new(StdRng::seed_from_u64(seed));
    move |request| {
        let mut chance = chance.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let last = request["messages"].as_array().and_then(|messages| messages.last());
        let text = last.and_then(|message| message["content"].as_str()).unwrap_or_default();
        let Some(token) = last_token(text) else {
            return (*QUESTIONS.choose(&mut *chance).unwrap_or(&QUESTIONS[0])).to_owned();
        };
        if request["response_format"]["json_schema"]["name"] == "plan" {
            return plan(token, &mut chance);
        }
        answer(token, &mut chance)
    }
}

fn answer(token: &str, chance: &mut StdRng) -> String {
    let colour = COLOURS.choose(chance).unwrap_or(&"blue");
    let answer = format!("{}: it is {colour}, I would say.", mark(token));
    match chance.random_range(0..20) {
        0 => format!("{answer} {}", "It is what it is. ".repeat(200)),
        1 => format!("<think>\nwhat is {token}\n</think>\n{answer}"),
        2 => format!("{answer}\n\n```\nlet colour = \"{colour}\";\n```"),
        _ => answer,
    }
}

/// Two look-ups side by side and the answer; or something that is none.
fn plan(token: &str, chance: &mut StdRng) -> String {
    let plan = json!({"steps": [
        {"id": "s1", "action": "reference_check", "params": {"query": format!("the colour of {token}")}, "depends_on": []},
        {"id": "s2", "action": "web_search", "params": {"query": format!("colour {token}")}, "depends_on": []},
        {"id": "s3", "action": "return_response", "params": {}, "depends_on": ["s1", "s2"]},
    ]})
    .to_string();
    match chance.random_range(0..10) {
        0 => format!("Sure! First I would look {token} up, then answer."),
        1 => plan[..plan.len() / 2].to_owned(),
        2 => plan.replace("reference_check", "rm_minus_rf"),
        _ => plan,
    }
}
