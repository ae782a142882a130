//! Plans: what side by side is worth, and what becomes of questions with a very small real model.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use pedro_playground::search::Provider;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::bot::Town;
use crate::data::{CHANNEL, Chat};
use crate::memory::Memory;
use crate::report::{Part, Spread};

/// How long one search takes.
const SEARCH: Duration = Duration::from_secs(2);

/// How often each of the two plans is carried out.
const RUNS: usize = 5;

/// Questions that the real model plans.
const QUESTIONS: usize = 100;

const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) async fn measure(memory: &Memory, chat: &Chat) -> Result<Part> {
    let mut part = Part::new("Plans");
    side_by_side(memory, &mut part).await?;
    by_the_real_model(memory, chat, &mut part).await?;
    Ok(part)
}

/// Three searches and the answer, as one plan side by side and as one one after the other.
async fn side_by_side(memory: &Memory, part: &mut Part) -> Result<()> {
    let town = Town::open().await?;
    town.search().set_delay(Provider::Searxng, SEARCH);
    let bot = town.start(memory).await?;
    let mut medians = Vec::new();
    for (what, chained) in [("side by side", false), ("one after the other", true)] {
        let mut took = Vec::new();
        for run in 0..RUNS {
            took.push(carried_out(&town, chained, run).await?);
        }
        let took = Spread::of(took);
        part.row(
            format!("three searches of 2 s each, {what}: median"),
            format!("{:.1} s", took.median().as_secs_f64()),
        );
        medians.push(took.median().as_secs_f64());
    }
    part.row("ratio of the two", format!("{:.2}", medians[0] / medians[1]));
    part.note(
        "From the plan to the request for the answer. A scripted model, the real program, the stand-in's web search.",
    );
    bot.stop().await?;
    town.close().await;
    Ok(())
}

/// How long it takes from the plan to the request for the answer.
async fn carried_out(town: &Town, chained: bool, run: usize) -> Result<Duration> {
    let (told, mut moments) = mpsc::unbounded_channel();
    let plan = plan(chained, run);
    town.model.reply_with(move |request| {
        let _the_end = told.send(Instant::now());
        if request["response_format"]["json_schema"]["name"] == "plan" {
            plan.to_string()
        } else {
            spelled(run, chained)
        }
    });
    town.twitch.say(CHANNEL, &format!("planner{run}{chained}"), "!plan what is there to know?");
    let planned = timeout(PATIENCE, moments.recv()).await?.context("no plan was asked for")?;
    let answered = timeout(PATIENCE, moments.recv()).await?.context("no answer was asked for")?;
    // The line that tells of the plan, and the answer.
    for _ in 0..2 {
        town.twitch.next_bot_line(CHANNEL, PATIENCE).await?;
    }
    Ok(answered - planned)
}

fn plan(chained: bool, run: usize) -> Value {
    let topics = ["go release notes", "rust release notes", "keyboard switches"];
    let mut steps: Vec<Value> = (1..)
        .zip(topics)
        .map(|(n, topic)| {
            let before = if chained && n > 1 { vec![format!("s{}", n - 1)] } else { Vec::new() };
            let query = format!("{topic} {run} {chained}");
            json!({"id": format!("s{n}"), "action": "web_search", "params": {"query": query}, "depends_on": before})
        })
        .collect();
    steps.push(json!({"id": "s4", "action": "return_response", "params": {}, "depends_on": ["s1", "s2", "s3"]}));
    json!({ "steps": steps })
}

/// A different answer each time: one that repeats is varied.
fn spelled(run: usize, chained: bool) -> String {
    let runs = ["first", "second", "third", "fourth", "fifth"];
    format!("The {} answer, {}.", runs[run % runs.len()], if chained { "in turn" } else { "at once" })
}

async fn by_the_real_model(memory: &Memory, chat: &Chat, part: &mut Part) -> Result<()> {
    let town = Town::open().await?;
    let bot = town.start_with(memory, &crate::setting("LLAMA_CPP_PATH")?).await?;
    let count = async |sql: &str| sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(sql)).fetch_one(&memory.pool).await;
    let asked = "select count(*) from pedro.question where asker_name like 'curious%' and status";
    let began = Instant::now();
    for (n, question) in (1..).zip(chat.questions(QUESTIONS, 0)) {
        town.twitch.say(CHANNEL, &format!("curious{n}"), &format!("!plan {question}"));
        let until = Instant::now() + PATIENCE;
        while count(&format!("{asked} in ('answered', 'failed')")).await? < n {
            ensure!(Instant::now() < until, "question {n} was not answered: {question}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let took = began.elapsed() / QUESTIONS as u32;
    let answered = count(&format!("{asked} = 'answered'")).await?;
    let valid = "select count(distinct question_id) from pedro.plan join pedro.question on question.id = question_id
                 where asker_name like 'curious%' and plan.status = 'succeeded'";
    let valid = count(valid).await?;
    part.aimed(
        "questions whose plan ran to an answer, by a model of 135 million parameters",
        format!("{valid} of {QUESTIONS}"),
        "all",
        valid == QUESTIONS as i64 && answered == QUESTIONS as i64,
    );
    for (origin, what) in [("model", "at once"), ("repaired", "mended once"), ("default", "not: the fixed plan")] {
        let sql = format!(
            "select count(*) from pedro.plan join pedro.question on question.id = question_id
             where asker_name like 'curious%' and origin = '{origin}'"
        );
        part.row(format!("the model planned {what}"), count(&sql).await?.to_string());
    }
    part.row("a question with its plan and its answer, mean", format!("{:.1} s", took.as_secs_f64()));
    bot.stop().await?;
    town.close().await;
    Ok(())
}
