//! Recaps on Discord: by command, within what people there can read, and by themselves when a stream ends.

use std::time::Duration;

use anyhow::{Result, ensure};
use pedro_core::testing::Turn;
use sqlx::PgPool;

use crate::database;
use crate::tester::{DiscordTester, Setup, run_test};

#[sqlx::test(migrations = false)]
async fn a_recap_tells_what_everybody_there_can_read(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let hidden = t.hidden_channel("mods");
        t.chat("alice", "the zanzibar meetup is on thursday");
        t.chat_in(t.random, "bob", "my keyboard has a new layout");
        t.chat_in(hidden, "maud", "the surprise guest is carol");
        t.settle().await?;
        t.twitch_line("dana", "hello from the twitch chat").await?;
        t.model.push(Turn::say("alice told of a meetup."));
        let told = t.told("erik", "recap", &[]).await?;
        ensure!(told.is_empty() || told.contains("alice told") || told.starts_with("on it"), "{told}");
        t.until_all_answered().await?;
        let said = t.says(t.general).join("\n");
        ensure!(said.contains("alice told of a meetup."), "{said}");
        t.read_all(t.general);
        let prompt = t.prompts().remove(0);
        for part in ["In general", "alice: the zanzibar meetup", "bob: my keyboard", "dana: hello from the twitch chat"]
        {
            ensure!(prompt.contains(part), "{part} is missing in {prompt}");
        }
        ensure!(!prompt.contains("surprise guest"), "{prompt}");
        // Among moderators it is another recap; the first is not given there, nor theirs elsewhere.
        let interaction = t.slash(hidden, "maud", "recap", &[("hours", 3.into())])?;
        t.response(interaction).await?;
        t.until_all_answered().await?;
        t.read_all(hidden);
        let prompt = t.prompts().pop().unwrap_or_default();
        ensure!(
            prompt.contains("maud: the surprise guest is carol") && prompt.contains("alice: the zanzibar"),
            "{prompt}"
        );
        let made = t.prompts().len();
        let interaction = t.slash(t.random, "bob", "recap", &[])?;
        t.response(interaction).await?;
        t.until_all_answered().await?;
        t.read_all(t.random);
        ensure!(!t.says(t.random).join("\n").contains("carol"));
        assert_eq!(t.prompts().len(), made, "the recap for everybody was there already");
        Ok(())
    })
    .await
}

/// The Twitch bot writes down that the stream is over.
async fn stream_ends(t: &DiscordTester) -> Result<()> {
    sqlx::query(
        "with ended as (
             update pedro.stream_title set ended_at = now() where live and ended_at is null returning *
         )
         insert into pedro.stream_title (channel_id, title, category, live, began_at)
         select channel_id, title, category, false, ended_at from ended",
    )
    .execute(t.db())
    .await?;
    Ok(())
}

#[sqlx::test(migrations = false)]
async fn the_recap_of_a_stream_that_ended_is_posted_once_even_after_a_kill(pool: PgPool) -> Result<()> {
    let setup = Setup { not_started: true, ..Setup::default() };
    setup
        .run(pool, async |t| {
            let (guild, channel) = (t.guild, t.random);
            t.configure(&format!(
                "communities:\n  - {{name: town, twitch: [pedrotown], discord: [\"{guild}\"], recap_channel: \"{channel}\", recap_after: 0s}}\n"
            ))?;
            t.start().await?;
            t.until_registered().await?;
            t.twitch_title("Tetris in Rust", true).await?;
            t.chat("bob", "the last block fell upside down");
            t.settle().await?;
            ensure!(t.says(channel).is_empty());
            t.model.push(Turn::Hang);
            stream_ends(t).await?;
            t.until_generating(1).await?;
            t.kill().await?;
            t.model.reply_with(|_| "alice liked the title, and bob saw a block fall upside down.".to_owned());
            t.start().await?;
            let posted = t.next_answer(channel).await?;
            ensure!(posted.content.contains("a block fall upside down"), "{}", posted.content);
            ensure!(posted.reply_to.is_none());
            let prompt = t.prompts().pop().unwrap_or_default();
            for part in ["title: Tetris in Rust", "alice: hello there, nice title", "bob: the last block"] {
                ensure!(prompt.contains(part), "{part} is missing in {prompt}");
            }
            // Neither another look nor another start posts it again.
            t.until_all_answered().await?;
            t.terminate().await?;
            t.start().await?;
            tokio::time::sleep(Duration::from_secs(3)).await;
            assert_eq!(t.says(channel).len(), 1);
            assert_eq!(database::count(t.db(), "select count(*) from pedro.stream_recap").await?, 1);
            // The next stream has its own.
            sqlx::query("update pedro.stream_title set live = true where ended_at is null").execute(t.db()).await?;
            t.chat("bob", "round two");
            t.settle().await?;
            stream_ends(t).await?;
            t.next_answer(channel).await.map(drop)
        })
        .await
}
