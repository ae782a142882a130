//! Somebody waits long: all the while there is a sign that Pedro is at it.

use std::time::Duration;

use anyhow::{Result, ensure};
use pedro_core::testing::Turn;
use sqlx::PgPool;

use crate::tester::run_test;

#[sqlx::test(migrations = false)]
async fn while_the_model_thinks_pedro_is_seen_typing_again_and_again(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.model.push(Turn::Hang);
        let question = t.chat("alice", "pedro, what is a lifetime?");
        t.until("pedro types again", async |t| {
            let typed = |path: &str| path.ends_with("/typing");
            Ok((t.discord().requests().iter().filter(|request| typed(&request.path)).count() >= 3).then_some(()))
        })
        .await?;
        ensure!(t.discord().delete(question));
        t.until_all_answered().await?;
        t.read_all(t.general);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn who_waits_is_told_anew_when_fewer_are_before_them(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.model.push(Turn::Hang);
        t.model.push(Turn::Hang);
        let first = t.chat_in(t.random, "alice", "pedro, what is a lifetime?");
        t.until_generating(1).await?;
        let second = t.chat_in(t.random, "bob", "pedro, what is a borrow?");
        t.until_said(t.random, "on it, there is 1 question before yours.").await?;
        let asked = t.ask("carol", "what is a trait?").await?;
        let message = t.until_said(asked.thread, "on it, there are 2 questions before yours.").await?;
        ensure!(t.discord().delete(first));
        // Bob's is being worked on: nobody is before it any more.
        t.until_said(t.random, "on it, give me a moment.").await?;
        t.until_said(asked.thread, "on it, there is 1 question before yours.").await?;
        ensure!(t.discord().delete(second));
        assert_eq!(t.until_final(message.id).await?.content, "scripted answer");
        t.until_all_answered().await?;
        t.read_all(t.random);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_draft_that_fits_into_no_message_is_seen_to_grow(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let sentences: Vec<String> = (0..80).map(|n| format!("Sentence number {n:03} tells you something. ")).collect();
        let chunks: Vec<String> = sentences.chunks(10).map(|chunk| chunk.concat()).collect();
        t.model.push(Turn::Trickle { chunks, every: Duration::from_millis(1_500) });
        let asked = t.ask("alice", "tell me all of it").await?;
        let first = t.next_answer(asked.thread).await?;
        t.until_all_answered().await?;
        t.read_all(asked.thread);
        let first = t.discord().message(first.id).unwrap_or(first);
        let long =
            first.versions.iter().filter(|version| version.content.ends_with("characters more so far …")).count();
        ensure!(long >= 2, "it stood still: {:#?}", first.versions);
        ensure!(first.versions.windows(2).all(|pair| pair[0].content != pair[1].content));
        let all = t.says(asked.thread).join(" ");
        ensure!(sentences.iter().all(|sentence| all.matches(sentence.trim()).count() == 1), "{all}");
        Ok(())
    })
    .await
}
