//! A busy evening on a large memory: lines, searches and questions all at once, through the real program.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use pedro_core::embedder::Embedder;
use pedro_core::memory::Retriever;
use pedro_core::store::embedding;
use tokio::time::interval;

use crate::answer::spelled;
use crate::bot::{Bot, Town};
use crate::data::{CHANNEL, Chat};
use crate::memory::Memory;
use crate::recall::ask_one;
use crate::report::{Part, Spread, ms};

const LINES_PER_SECOND: u32 = 200;
const EVENING: Duration = Duration::from_secs(60);
const AT_ONCE: usize = 20;

/// Different searches.
const SEARCHES: usize = 200;

/// How the model begins each answer.
const ANSWER: &str = "As told before:";

/// So long nobody says anything before the questions come.
const QUIET: Duration = Duration::from_secs(3);

/// How long the embedder may take to catch up, and an answer to come.
const PATIENCE: Duration = Duration::from_secs(600);

pub(crate) async fn measure(memory: &Memory, embedder: &Arc<dyn Embedder>, chat: &Chat) -> Result<Part> {
    let town = Town::open().await?;
    // Each answer is another one: one that repeats is varied.
    town.model.reply_with(|request| format!("{ANSWER} {}", spelled(request.to_string().len())));
    let bot = town.start(memory).await?;
    let mut part = Part::new("A busy evening");
    lines(&mut part, &town, memory, embedder, chat).await?;
    questions(&mut part, &town, chat).await?;
    resident(&mut part, &bot)?;
    bot.stop().await?;
    town.close().await;
    part.note(
        "The real program, the playground and a scripted model server that answers at once. The searches are this benchmark's \
         own, one after the other, with an embedder beside the bot's: two cores for all of it.",
    );
    Ok(part)
}

/// Lines at a steady rate, with a search after the other; then the embedder catches up.
async fn lines(part: &mut Part, town: &Town, memory: &Memory, embedder: &Arc<dyn Embedder>, chat: &Chat) -> Result<()> {
    let retriever = Retriever::new(memory.pool.clone(), Arc::clone(embedder), memory.space);
    let count = (LINES_PER_SECOND * u32::try_from(EVENING.as_secs())?) as usize;
    let before: i64 = sqlx::query_scalar("select count(*) from pedro.message").fetch_one(&memory.pool).await?;
    let saying = async {
        let mut tick = interval(Duration::from_secs(1) / LINES_PER_SECOND);
        for (n, line) in chat.lines.iter().rev().take(count).enumerate() {
            tick.tick().await;
            town.twitch.say(CHANNEL, &format!("person{}", n % 97), &line.text);
        }
    };
    let mut took = Vec::new();
    {
        tokio::pin!(saying);
        for question in chat.questions(SEARCHES, 0).into_iter().cycle() {
            tokio::select! {
                () = &mut saying => break,
                searched = ask_one(&retriever, memory, chat, question) => took.push(searched?.0),
            }
        }
    }
    let last = Instant::now();
    let lag = embedding::lag(&memory.pool).await?;
    loop {
        let stored: i64 = sqlx::query_scalar("select count(*) from pedro.message").fetch_one(&memory.pool).await?;
        if stored >= before + i64::try_from(count)? {
            break;
        }
        ensure!(last.elapsed() < PATIENCE, "only {} of {count} lines were stored", stored - before);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    part.row(format!("{count} lines, {LINES_PER_SECOND}/s: all are stored after the last within"), ms(last.elapsed()));
    while embedding::lag(&memory.pool).await? > 0 {
        ensure!(last.elapsed() < PATIENCE, "the embedder does not catch up");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let searches = took.len();
    let took = Spread::of(took);
    part.row(
        format!("{searches} searches meanwhile: median / p95"),
        format!("{} / {}", ms(took.median()), ms(took.p95())),
    );
    part.row("lines without an embedding at the end", lag.to_string());
    part.row("until all have one", format!("{:.0} s", last.elapsed().as_secs_f64()));
    Ok(())
}

/// Questions of as many people at the same moment.
async fn questions(part: &mut Part, town: &Town, chat: &Chat) -> Result<()> {
    // What was overheard in the evening is answered first.
    while town.twitch.next_bot_line(CHANNEL, QUIET).await.is_ok() {}
    let began = Instant::now();
    for (n, question) in chat.questions(AT_ONCE, 1).into_iter().enumerate() {
        town.twitch.say(CHANNEL, &format!("asker{n}"), &format!("@pedro {question}"));
    }
    let mut took = Vec::new();
    while took.len() < AT_ONCE {
        let line = town.twitch.next_bot_line(CHANNEL, PATIENCE).await?;
        if line.text.contains(ANSWER) {
            took.push(began.elapsed());
        }
    }
    let took = Spread::of(took);
    part.row(
        format!("{AT_ONCE} questions at once, line to answer: median / max"),
        format!("{} / {}", ms(took.median()), ms(took.longest())),
    );
    Ok(())
}

fn resident(part: &mut Part, bot: &Bot) -> Result<()> {
    let (now, highest) = bot.resident()?;
    part.row("resident memory of the bot, at the end / at its highest", format!("{now} MB / {highest} MB"));
    Ok(())
}
