//! The bot's own time between a line and its question reaching the model.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::SMALL;
use crate::bot::Town;
use crate::data::{CHANNEL, Chat};
use crate::memory::Memory;
use crate::report::{Part, Spread, ms};

/// Questions that are timed.
const QUESTIONS: usize = 50;

/// Questions before.
const WARM_UP: usize = 5;

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn measure(memory: &Memory, chat: &Chat) -> Result<Part> {
    let town = Town::open().await?;
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    town.model.reply_with(move |request| {
        let _the_end = arrived.send(Instant::now());
        // A different answer each time: one that repeats is varied.
        spelled(request.to_string().len())
    });
    let bot = town.start(memory).await?;
    let mut took = Vec::new();
    for (n, question) in chat.questions(WARM_UP + QUESTIONS, 0).into_iter().enumerate() {
        // An answer that is withheld is asked for twice.
        while arrivals.try_recv().is_ok() {}
        let began = Instant::now();
        town.twitch.say(CHANNEL, &format!("asker{n}"), &format!("@pedro {question}"));
        let arrival = timeout(PATIENCE, arrivals.recv()).await;
        let arrival = arrival.with_context(|| format!("no request for {question:?}"))?.context("the model ended")?;
        if n >= WARM_UP {
            took.push(arrival - began);
        }
        town.twitch.next_bot_line(CHANNEL, PATIENCE).await?;
    }
    bot.stop().await?;
    town.close().await;

    let took = Spread::of(took);
    let mut part = Part::new("The bot's own time for a question");
    part.aimed(
        "from the chat line to the request at the model: median / p95 / max",
        format!("{} / {} / {}", ms(took.median()), ms(took.p95()), ms(took.longest())),
        "p95 < 50 ms",
        took.p95() < Duration::from_millis(50),
    );
    part.note(format!(
        "The real program, the playground and a scripted model server; a memory of {SMALL} lines with their embeddings; \
         {QUESTIONS} questions by different people, one after the other."
    ));
    Ok(part)
}

/// A number in words: the deny-list reads digits as letters.
pub(crate) fn spelled(number: usize) -> String {
    let digits = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let words = number.to_string().bytes().map(|digit| digits[usize::from(digit - b'0')]).collect::<Vec<_>>();
    format!("The number is {}.", words.join(" "))
}
