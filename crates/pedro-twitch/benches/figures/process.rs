//! What the program needs: memory, and time to start.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sqlx::PgPool;

use crate::SMALL;
use crate::bot::Town;
use crate::data::{CHANNEL, Chat};
use crate::memory::Memory;
use crate::report::{Part, Spread, ms};

const STARTS: usize = 5;
const LINES_PER_SECOND: u64 = 200;
const LOAD: Duration = Duration::from_secs(20);
const IDLE: Duration = Duration::from_secs(5);

/// Between two starts: it is ready a moment before it listens to signals.
const PAUSE: Duration = Duration::from_millis(300);

/// How long the last lines may take to be stored.
const SETTLE: Duration = Duration::from_secs(20);

pub(crate) async fn measure(memory: &Memory, chat: &Chat) -> Result<Part> {
    let town = Town::open().await?;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let bot = town.start(memory).await?;
        starts.push(bot.ready_after);
        tokio::time::sleep(PAUSE).await;
        bot.stop().await?;
    }
    let bot = town.start(memory).await?;
    tokio::time::sleep(IDLE).await;
    let (idle, _) = bot.resident()?;

    let before = stored(&memory.pool).await?;
    let mut tick = tokio::time::interval(Duration::from_secs(1) / u32::try_from(LINES_PER_SECOND)?);
    let count = usize::try_from(LINES_PER_SECOND * LOAD.as_secs())?;
    for (n, line) in chat.lines.iter().rev().take(count).enumerate() {
        tick.tick().await;
        town.twitch.say(CHANNEL, &format!("person{}", n % 97), &line.text);
    }
    let last = Instant::now();
    while stored(&memory.pool).await? < before + i64::try_from(count)? {
        ensure!(last.elapsed() < SETTLE, "only {} of {count} lines were stored", stored(&memory.pool).await? - before);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let stored_after = last.elapsed();
    let (_, highest) = bot.resident()?;
    bot.stop().await?;
    town.close().await;

    let mut part = Part::new("What the program needs");
    part.aimed("resident memory, idle", format!("{idle} MB"), "< 250 MB", idle < 250);
    let load = format!("its highest, with {LINES_PER_SECOND} lines/s for {} s", LOAD.as_secs());
    part.aimed(load, format!("{highest} MB"), "< 250 MB", highest < 250);
    part.row("after the last of these lines all are stored within", ms(stored_after));
    let starts = Spread::of(starts);
    let figures = format!("{} / {}", ms(starts.median()), ms(starts.longest()));
    part.aimed(
        format!("start to ready, {STARTS} times: median / max"),
        figures,
        "< 2 s",
        starts.median() < Duration::from_secs(2),
    );
    part.note(format!(
        "On a migrated database with {SMALL} lines. Ready is `/readyz` with 200: database, model and chat answer."
    ));
    Ok(part)
}

async fn stored(pool: &PgPool) -> Result<i64> {
    sqlx::query_scalar("select count(*) from pedro.message").fetch_one(pool).await.context("counting lines")
}
