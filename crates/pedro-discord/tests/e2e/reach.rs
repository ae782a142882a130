//! Where Pedro may do less than elsewhere, and where Discord's word is lost: people are answered all the same.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use pedro_playground::discord::{Trouble, Whom, permission};
use sqlx::PgPool;

use crate::tester::run_test;

#[sqlx::test(migrations = false)]
async fn where_pedro_may_open_threads_and_not_write_in_them_the_answer_stays_in_place(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.discord().deny(t.general, &Whom::Bot, permission::SEND_MESSAGES_IN_THREADS);
        let interaction = t.slash(t.general, "alice", "askpedro", &[("question", "what is a trait?".into())])?;
        let response = t.response(interaction).await?;
        assert_eq!(t.until_final(response.id).await?.content, "scripted answer");
        t.until_all_answered().await?;
        ensure!(t.discord().threads(t.general).is_empty());
        let game = t.slash(t.general, "bob", "stumppedro", &[("thing", "a lighthouse".into())])?;
        ensure!(t.response(game).await?.content.starts_with("Challenge taken!"));
        t.until("the first question is asked", async |t| {
            Ok(t.says(t.general).iter().any(|text| text.starts_with("1/20")).then_some(()))
        })
        .await?;
        ensure!(t.discord().threads(t.general).is_empty());
        t.read_all(t.general);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_command_is_answered_in_a_private_thread_that_pedro_cannot_see(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let thread = t.discord().begin_thread(t.general, "alice", "a secret", true);
        let interaction = t.slash(thread, "alice", "askpedro", &[("question", "where is the zanzibar key?".into())])?;
        let response = t.response(interaction).await?;
        assert_eq!(t.until_final(response.id).await?.content, "scripted answer");
        t.until_all_answered().await?;
        // What was asked there stays there.
        let asked = t.ask("bob", "where is the zanzibar key, I wonder?").await?;
        t.next_answer(asked.thread).await?;
        let prompts = t.prompts();
        ensure!(prompts.len() == 2 && !prompts[1].contains("alice"), "{prompts:#?}");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_thread_is_used_though_the_word_of_its_opening_was_lost(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.discord().trouble("POST", "/threads", 1, Trouble::ResetAfter);
        let asked = t.ask("alice", "what is a lifetime?").await?;
        assert_eq!(t.next_answer(asked.thread).await?.content, "scripted answer");
        t.until_all_answered().await?;
        // The question is still there to be read.
        let shown = t.says(t.general);
        ensure!(shown.len() == 1 && shown[0].contains("what is a lifetime?"), "{shown:?}");
        // And it is Pedro's own thread.
        t.chat_in(asked.thread, "bob", "and what is it good for?");
        t.next_answer(asked.thread).await.map(drop)
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_question_that_nobody_can_see_is_none(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let told = t.told("alice", "askpedro", &[("question", "\u{200b}\u{2060}\u{200b}".into())]).await?;
        ensure!(told.starts_with("ask me something"), "{told}");
        assert_eq!(t.model.requests().len(), 0);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_bot_that_has_just_spoken_stops_at_once(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.chat("alice", "pedro, what is a trait?");
        t.next_answer(t.general).await?;
        t.until_all_answered().await?;
        let began = Instant::now();
        ensure!(t.terminate().await?.success());
        // Work that does not end has six seconds.
        ensure!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());
        t.start().await
    })
    .await
}
