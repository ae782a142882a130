//! Both bots of a community, as they run: one playground, one model, one database.

use std::time::Duration;

use anyhow::{Result, ensure};
use sqlx::PgPool;

use crate::database;
use crate::tester::{DiscordTester, NOT_STARTED, TOWN};

/// Starts the bot on Discord, with a channel for recaps that are posted `after` so long.
async fn start(t: &mut DiscordTester, after: &str) -> Result<()> {
    let (guild, channel) = (t.guild, t.random);
    t.configure(&format!(
        "communities:\n  - {{name: town, twitch: [{TOWN}], discord: [\"{guild}\"], recap_channel: \"{channel}\", recap_after: {after}}}\n"
    ))?;
    t.start().await?;
    t.until_registered().await
}

/// Switches the stream in the page, and waits until that is known.
async fn live(t: &mut DiscordTester, live: bool) -> Result<()> {
    t.page_live(live).await?;
    t.until("the stream's state is known", async |t| {
        let sql = "select live from pedro.stream_title where ended_at is null";
        let known: Option<bool> = sqlx::query_scalar(sql).fetch_optional(t.db()).await?;
        Ok((known == Some(live)).then_some(()))
    })
    .await
}

async fn chat(t: &mut DiscordTester, login: &str, text: &str) -> Result<()> {
    t.page_chat(login, text).await?;
    t.until("the line is stored", async |t| Ok(t.lines().await?.iter().any(|line| line.text == text).then_some(())))
        .await
}

#[sqlx::test(migrations = false)]
async fn a_stream_that_ends_on_twitch_is_told_again_on_discord(pool: PgPool) -> Result<()> {
    NOT_STARTED
        .run(pool, async |t| {
            start(t, "0s").await?;
            let twitch = t.start_twitch().await?;
            t.twitch().set_title(TOWN, "Tetris in Rust", "Tetris");
            live(t, true).await?;
            chat(t, "alice", "the last block fell upside down").await?;
            t.chat("bob", "here we saw it too");
            t.settle().await?;
            ensure!(t.says(t.random).is_empty(), "it is still on");
            t.model.reply_with(|_| "alice saw a block fall upside down, and bob too.".to_owned());
            live(t, false).await?;
            let posted = t.next_answer(t.random).await?;
            ensure!(posted.content.contains("a block fall upside down"), "{}", posted.content);
            ensure!(posted.reply_to.is_none(), "nobody asked");
            let prompt = t.prompts().pop().unwrap_or_default();
            for part in ["title: Tetris in Rust", "alice: the last block fell", "bob: here we saw it too"] {
                ensure!(prompt.contains(part), "{part} is missing in {prompt}");
            }
            t.until_all_answered().await?;
            twitch.end().await
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_stream_that_comes_back_soon_is_one_stream_with_one_recap(pool: PgPool) -> Result<()> {
    NOT_STARTED
        .run(pool, async |t| {
            start(t, "1h").await?;
            let twitch = t.start_twitch().await?;
            t.twitch().set_title(TOWN, "Tetris in Rust", "Tetris");
            t.model.reply_with(|_| "alice and bob spoke of blocks.".to_owned());
            for (login, text) in [("alice", "the first block fell"), ("bob", "the connection was away")] {
                live(t, true).await?;
                chat(t, login, text).await?;
                live(t, false).await?;
            }
            tokio::time::sleep(Duration::from_secs(3)).await;
            ensure!(t.says(t.random).is_empty() && t.prompts().is_empty(), "it may come back once more");
            // An hour later. (Of the clock nobody here may dispose.)
            let earlier = "with titles as (
                     update pedro.stream_title
                     set began_at = began_at - interval '61 minutes', ended_at = ended_at - interval '61 minutes'
                 )
                 update pedro.message set sent_at = sent_at - interval '61 minutes'";
            sqlx::query(earlier).execute(t.db()).await?;
            let posted = t.next_answer(t.random).await?;
            ensure!(posted.content.contains("spoke of blocks"), "{}", posted.content);
            let prompt = t.prompts().pop().unwrap_or_default();
            for part in ["alice: the first block fell", "bob: the connection was away"] {
                ensure!(prompt.contains(part), "{part} is missing in {prompt}");
            }
            t.until_all_answered().await?;
            tokio::time::sleep(Duration::from_secs(3)).await;
            assert_eq!(t.says(t.random).len(), 1, "once");
            assert_eq!(database::count(t.db(), "select count(*) from pedro.stream_recap").await?, 1);
            twitch.end().await
        })
        .await
}
