//! A question that Pedro accepted is answered, once, whatever happens to the process.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pedro_core::testing::Turn;
use pedro_playground::discord::Trouble;
use sqlx::PgPool;

use crate::tester::run_test;

#[sqlx::test(migrations = false)]
async fn a_question_survives_a_kill_and_is_answered_on_the_message_that_showed_it(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.model.push(Turn::Hang);
        let asked = t.ask("alice", "what is a lifetime?").await?;
        let shown = t.until_said(asked.thread, "on it, give me a moment.").await?;
        let direct = t.discord().dm("bob");
        let interaction = t.slash(direct, "bob", "askpedro", &[("question", "what is a trait?".into())])?;
        let shown_in_direct = t.until_said(direct, "on it, there is 1 question before yours.").await?;
        t.kill().await?;
        t.start().await?;
        for message in [&shown, &shown_in_direct] {
            assert_eq!(t.until_final(message.id).await?.content, "scripted answer");
        }
        t.until_all_answered().await?;
        assert_eq!((t.says(asked.thread).len(), t.says(direct).len()), (1, 1));
        assert_eq!(t.response(interaction).await?.id, shown_in_direct.id);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_kill_between_the_messages_of_an_answer_neither_loses_nor_doubles_one(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let sentences: Vec<String> = (0..140).map(|n| format!("Sentence number {n:03} tells you something.")).collect();
        t.model.push(Turn::Hang);
        let busy = t.chat_in(t.random, "alice", "pedro, what is a lifetime?");
        t.until_generating(1).await?;
        let asked = t.ask("bob", "what is a trait?").await?;
        t.until_said(asked.thread, "on it, there is 1 question before yours.").await?;
        // The first piece is an edit of that; the second one hangs.
        t.discord().trouble("POST", &format!("/channels/{}/messages", asked.thread), 1_000, Trouble::Hang);
        t.model.push(Turn::say(sentences.join(" ")));
        ensure!(t.discord().delete(busy));
        t.until("the first piece is out and noted", async |t| {
            let lines = t.lines().await?;
            Ok(lines.iter().any(|line| line.kind == "pedro" && line.text.contains("number 000")).then_some(()))
        })
        .await?;
        t.kill().await?;
        t.discord().no_trouble();
        t.start().await?;
        t.until_all_answered().await?;
        t.read_all(asked.thread);
        t.read_all(t.random);
        let said = t.says(asked.thread);
        ensure!(said.len() >= 3, "{said:#?}");
        let all = said.join(" ");
        ensure!(sentences.iter().all(|sentence| all.matches(sentence.as_str()).count() == 1), "{said:#?}");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_kill_before_the_thread_is_opened_leaves_a_question_that_is_answered_in_place(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.discord().trouble("POST", "/threads", 1_000, Trouble::Hang);
        let interaction = t.slash(t.general, "alice", "askpedro", &[("question", "what is a lifetime?".into())])?;
        let shown = t.response(interaction).await?;
        t.until("the thread is asked for", async |t| {
            Ok(t.discord().requests().iter().any(|request| request.path.ends_with("/threads")).then_some(()))
        })
        .await?;
        t.kill().await?;
        t.discord().no_trouble();
        t.start().await?;
        t.until_said(t.general, "scripted answer").await?;
        t.until_all_answered().await?;
        t.discord().message(shown.id).context("the question is gone")?;
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn an_answer_that_comes_while_the_bot_stops_is_still_said(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.model.push(Turn::SayAfter(Duration::from_millis(1500), "Just in time.".to_owned()));
        let asked = t.ask("alice", "what is a lifetime?").await?;
        t.until_generating(1).await?;
        let status = t.terminate().await?;
        ensure!(status.success(), "{status}");
        // On a machine so busy that the drain was over first, it is said after the next start.
        if !t.says(asked.thread).iter().any(|text| text == "Just in time.") {
            t.start_if_down().await?;
            t.until_said(asked.thread, "Just in time.").await?;
        }
        t.start_if_down().await?;
        t.until_all_answered().await?;
        t.read_all(asked.thread);
        assert_eq!(t.says(asked.thread).len(), 1);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn being_asked_to_stop_while_idle_takes_no_drain_and_ends_well(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.settle().await?;
        let status = t.terminate().await?;
        ensure!(status.success(), "{status}");
        let log = t.log();
        ensure!(!log.contains("giving up unfinished work"), "something was still running");
        ensure!(!log.contains("did not stop") && !log.contains("did not close"), "something was cut off");
        assert_eq!(t.discord().connections(), 0);
        Ok(())
    })
    .await
}
