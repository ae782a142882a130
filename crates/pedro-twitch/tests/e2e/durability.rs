//! A question that Pedro accepted is answered, once, whatever happens to the process or the model.

use std::time::Duration;

use anyhow::{Result, ensure};
use pedro_core::testing::Turn;
use sqlx::PgPool;

use crate::tester::{TOWN, TwitchTester, run_test};

/// Every question of these has exactly one answer.
async fn each_was_answered_once(t: &mut TwitchTester, questions: &[String]) -> Result<()> {
    for _ in questions {
        t.next_reply().await?;
    }
    t.until_all_answered().await?;
    for question in questions {
        let replies = t.replies_to(question);
        ensure!(replies.len() == 1, "{question} was answered {} times: {replies:?}", replies.len());
    }
    Ok(())
}

#[sqlx::test(migrations = false)]
async fn a_question_survives_a_kill_while_the_model_generates(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.model.push(Turn::Hang);
        let question = t.chat("alice", "pedro, what is a lifetime?");
        t.until_generating(1).await?;
        t.kill().await?;
        t.start().await?;
        each_was_answered_once(t, &[question]).await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn all_waiting_questions_survive_a_kill_and_each_is_answered_once(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.model.push(Turn::Hang);
        let mut questions = vec![t.chat("alice", "pedro, what is a lifetime?")];
        t.until_generating(1).await?;
        for (login, text) in [
            ("bob", "pedro, what is a trait?"),
            ("carol", "pedro, what is a macro?"),
            ("dana", "pedro, what is a crate?"),
            ("erik", "pedro, what is an enum?"),
        ] {
            questions.push(t.chat(login, text));
        }
        t.settle().await?;
        t.kill().await?;
        // Said while nobody listens: lost, and allowed to be.
        t.chat("frida", "pedro, are you there?");
        t.model.reply_with(|request| {
            let text = request["messages"].to_string();
            let thing = ["lifetime", "trait", "macro", "crate", "enum"].into_iter();
            let asked = thing.max_by_key(|thing| {
                text.rfind(&format!("what is a {thing}?")).or(text.rfind(&format!("what is an {thing}?")))
            });
            format!("A word about the {}.", asked.unwrap_or_default())
        });
        t.start().await?;
        each_was_answered_once(t, &questions).await?;
        for (question, thing) in questions.iter().zip(["lifetime", "trait", "macro", "crate", "enum"]) {
            assert_eq!(t.replies_to(question), [format!("A word about the {thing}.")]);
        }
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn many_kills_neither_lose_nor_double_an_answer(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.model.push(Turn::Hang);
        t.model.push(Turn::Hang);
        let question = t.chat("alice", "pedro, what is a lifetime?");
        for _ in 0..2 {
            t.until_generating(1).await?;
            t.kill().await?;
            t.until("the model is free again", async |t| Ok((t.model.in_flight() == 0).then_some(()))).await?;
            t.start().await?;
        }
        each_was_answered_once(t, &[question]).await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn kills_at_any_moment_lose_no_answer(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        // After a kill in the very moment when Twitch took the answer it is said again: Twitch calls that a duplicate.
        t.twitch().set_rate_limits(false);
        let mut questions = Vec::new();
        for (round, delay) in [0, 5, 20, 40, 60, 80, 120, 300].into_iter().enumerate() {
            let question = t.chat(&format!("viewer{round}"), "pedro, what is a lifetime?");
            t.until_stored(&question).await?;
            tokio::time::sleep(Duration::from_millis(delay)).await;
            t.kill().await?;
            t.start().await?;
            questions.push(question);
        }
        t.until_all_answered().await?;
        for question in &questions {
            ensure!(!t.replies_to(question).is_empty(), "{question} was never answered");
        }
        t.read_all();
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
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn an_answer_that_comes_while_the_bot_stops_is_still_said(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.model.push(Turn::SayAfter(Duration::from_millis(1500), "Just in time.".to_owned()));
        let question = t.chat("alice", "pedro, what is a lifetime?");
        t.until_generating(1).await?;
        let status = t.terminate().await?;
        ensure!(status.success(), "{status}");
        // On a machine so busy that the drain was over first, it is said after the next start.
        if t.replies_to(&question).is_empty() {
            t.start().await?;
        }
        t.next_reply_to(&question).await?;
        t.start_if_down().await?;
        t.until_all_answered().await?;
        ensure!(t.replies_to(&question).len() == 1, "{:?}", t.replies_to(&question));
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_generation_that_does_not_end_in_the_drain_is_given_back_and_answered_after_the_restart(
    pool: PgPool,
) -> Result<()> {
    run_test(pool, async |t| {
        t.model.push(Turn::Hang);
        let question = t.chat("alice", "pedro, what is a lifetime?");
        t.until_generating(1).await?;
        let status = t.terminate().await?;
        ensure!(status.success(), "{status}");
        let log = t.log();
        ensure!(!log.contains("cut off"), "something was not released in time");
        let (status, attempts): (String, i32) =
            sqlx::query_as("select status, attempts from pedro.question").fetch_one(t.db()).await?;
        assert_eq!((status.as_str(), attempts), ("queued", 0));
        let held = "select count(*) from pedro.model_slot where holder is not null and lease_until > now()";
        assert_eq!(crate::database::count(t.db(), held).await?, 0);
        t.start().await?;
        each_was_answered_once(t, &[question]).await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn while_the_model_server_is_away_people_are_told_once_and_answered_when_it_is_back(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.model.stop();
        let first = t.chat("alice", "pedro, what is a lifetime?");
        let told = t.next_reply_to(&first).await?;
        ensure!(told.contains("thinking cap"), "{told}");
        let second = t.chat("bob", "pedro, what is a trait?");
        let told = t.next_reply_to(&second).await?;
        ensure!(told.contains("thinking cap"), "{told}");
        ensure!(t.until_red("model").await?.contains("LLAMA_CPP_PATH"));
        // Commands do not need it.
        let help = t.chat("carol", "!help");
        ensure!(t.next_reply_to(&help).await?.starts_with("I am Pedro"));
        t.model.restart()?;
        let answers = [t.next_reply().await?.text, t.next_reply().await?.text];
        assert_eq!(answers[0], "scripted answer");
        ensure!(answers[1].starts_with("scripted answer"));
        t.until_all_answered().await?;
        for question in [first, second] {
            assert_eq!(t.replies_to(&question).len(), 2, "told once, answered once");
        }
        t.until_ready().await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_model_that_is_still_loading_is_waited_for(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.model.set_loading(true);
        let question = t.chat("alice", "pedro, what is a lifetime?");
        t.until("the model was asked", async |t| Ok((!t.model.requests().is_empty()).then_some(()))).await?;
        ensure!(t.until_red("model").await?.contains("loading"));
        t.model.set_loading(false);
        assert_eq!(t.next_reply_to(&question).await?, "scripted answer");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn three_failures_of_the_model_end_in_an_apology(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        for _ in 0..3 {
            t.model.push(Turn::Status(400));
        }
        let question = t.chat("alice", "pedro, what is a lifetime?");
        let told = t.next_reply_to(&question).await?;
        ensure!(told.starts_with("sorry, I tried three times"), "{told}");
        t.until_all_answered().await?;
        assert_eq!(t.model.requests().len(), 3);
        assert_eq!(t.metric("failed_llm_gen_count").await?, 3.0);
        // The next question is none the worse for it.
        let question = t.chat("alice", "pedro, and what is a trait?");
        assert_eq!(t.next_reply_to(&question).await?, "scripted answer");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_model_that_breaks_off_in_the_middle_is_asked_again(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.model.push(Turn::CutAfter(3));
        t.model.push(Turn::say("A whole answer this time."));
        let question = t.chat("alice", "pedro, what is a lifetime?");
        let mut text = t.next_reply_to(&question).await?;
        if text.contains("thinking cap") {
            text = t.next_reply_to(&question).await?;
        }
        assert_eq!(text, "A whole answer this time.");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn an_answer_is_not_lost_when_twitch_is_slow_to_take_it(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.twitch().reject_next_send(TOWN, "msg_ratelimit");
        let question = t.chat("alice", "pedro, what is a lifetime?");
        assert_eq!(t.next_reply_to(&question).await?.trim_end_matches(" ·"), "scripted answer");
        t.until_all_answered().await?;
        assert_eq!(t.replies_to(&question).len(), 1);
        Ok(())
    })
    .await
}
