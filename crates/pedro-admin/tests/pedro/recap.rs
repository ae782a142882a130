use std::fmt::Write as _;

use chrono::{DateTime, Duration, Utc};
use pedro_core::recap::{MOST_CALLS, MOST_WINDOWS};
use pedro_core::testing::ScriptedModelServer;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{TempDir, end, pedro, run};

/// Lines of a busy day.
const LINES: usize = 5_000;

/// Tokens that fit into the model.
const CONTEXT: usize = 4_096;

/// A day of so many lines up to now: those of the file that `PEDRO_TEST_DAY` names, an import, or the talk of the tests'
/// own, over and over.
fn day(now: DateTime<Utc>) -> String {
    let own = include_str!("../data/conversations.jsonl").to_owned();
    let text = match std::env::var_os("PEDRO_TEST_DAY") {
        Some(path) => std::fs::read_to_string(path).unwrap(),
        None => own,
    };
    let said: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let said: Vec<&Value> = said.iter().filter(|line| line["text"].is_string() && line["author"].is_string()).collect();
    let mut day = String::new();
    for number in 0..LINES {
        let (line, at) =
            (said[number % said.len()], now - Duration::hours(23) * (LINES - number) as i32 / LINES as i32);
        let line = json!({"id": number.to_string(), "channel": "room", "ts": at, "author": line["author"], "text": line["text"]});
        writeln!(day, "{line}").unwrap();
    }
    day
}

/// What a request holds, in tokens as a usual tokenizer counts English.
fn tokens(request: &Value) -> usize {
    let messages = request["messages"].as_array().unwrap();
    let letters: usize = messages.iter().map(|message| message["content"].as_str().unwrap().chars().count()).sum();
    letters / 3
}

#[sqlx::test(migrations = false)]
async fn a_day_of_five_thousand_lines_fits_a_small_context_and_a_bound_of_calls(pool: PgPool) {
    let dir = TempDir::new();
    let file = dir.file("day.jsonl", day(Utc::now()));
    run(&pool, &["import", &file, "--community", "tess"]).await.ok();
    let model = ScriptedModelServer::start().unwrap();
    // As wordy as a model may be: a note as long as it is allowed to be.
    let wordy = "somebody asked how to mount the disk, and another one said that it was in the manual\n".repeat(7);
    model.reply_with(move |request| match request["max_tokens"].as_u64() {
        Some(150) => wordy.clone(),
        _ => "a lot was asked about disks.".to_owned(),
    });
    let mut recap = pedro(Some(&pool), &["recap", "--hours", "24", "--json", "--community", "tess"]);
    recap.env("LLAMA_CPP_PATH", model.url().as_str());
    let told = end(recap).await.json();
    let requests = model.requests();
    assert!(requests.len() > MOST_WINDOWS && requests.len() <= MOST_CALLS, "{} calls", requests.len());
    for request in &requests {
        let (prompt, answer) = (tokens(request), request["max_tokens"].as_u64().unwrap() as usize);
        assert!(prompt + answer < CONTEXT, "{prompt} tokens and {answer}");
    }
    let (covered, lines) = (told["covered"].as_u64().unwrap(), told["lines"].as_u64().unwrap());
    assert!(lines > 4_500 && covered > 700 && covered < lines, "{covered} of {lines}");
    let text = told["text"].as_str().unwrap();
    assert!(text.contains(&format!("(from {covered} of {lines} lines): a lot was asked about disks.")), "{text}");
    let sources: i64 = sqlx::query_scalar("select count(*) from pedro.recap_source").fetch_one(&pool).await.unwrap();
    assert_eq!(sources as u64, covered);
    let most = requests.iter().map(tokens).max().unwrap();
    println!("{} calls, {covered} of {lines} lines, the longest prompt {most} tokens", requests.len());
}

#[sqlx::test(migrations = false)]
async fn what_was_said_is_told_in_words_or_as_json_and_nothing_said_is_an_error(pool: PgPool) {
    let dir = TempDir::new();
    let line = |id: &str, minutes, text: &str| {
        let at = Utc::now() - Duration::minutes(minutes);
        format!("{}\n", json!({"id": id, "channel": "room", "author": "ann", "ts": at, "text": text}))
    };
    let said = line("1", 30, "the meetup is on thursday") + &line("2", 300, "I fed the cat");
    run(&pool, &["import", &dir.file("day.jsonl", said), "--community", "tess"]).await.ok();
    let model = ScriptedModelServer::start().unwrap();
    let recap = async |arguments: &[&str]| {
        let mut command = pedro(Some(&pool), &[&["recap", "--community", "tess"], arguments].concat());
        command.env("LLAMA_CPP_PATH", model.url().as_str());
        end(command).await
    };
    let told = recap(&["--hours", "1"]).await.ok();
    assert!(told.starts_with("pedro: what happened ") && told.contains("(1 line): scripted answer"), "{told}");
    let told = recap(&["--last-stream", "--json"]).await.json();
    assert_eq!((&told["covered"], &told["lines"]), (&json!(2), &json!(2)));
    assert!(told["notes"].to_string().contains("I fed the cat"), "{told}");
    let wrong = recap(&["--hours", "3", "--last-stream"]).await;
    assert_eq!(wrong.code, 2, "{}", wrong.err);
    sqlx::raw_sql("delete from pedro.message").execute(&pool).await.unwrap();
    let none = recap(&["--json"]).await.failed();
    assert!(none.contains("nobody said anything"), "{none}");
}
