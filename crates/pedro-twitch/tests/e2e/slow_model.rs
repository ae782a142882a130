//! A model that takes its time: nobody is left without a word, and everything else goes on.

use anyhow::{Result, ensure};
use pedro_core::testing::Turn;
use sqlx::PgPool;

use crate::database;
use crate::tester::{TOWN, TwitchTester, run_test};

/// Alice's question keeps the model busy, and she has been told that it takes longer.
async fn keep_busy(t: &mut TwitchTester) -> Result<String> {
    t.model.push(Turn::Hang);
    let question = t.chat("alice", "pedro, what is a lifetime?");
    let line = t.next_line().await?;
    assert_eq!((line.text.as_str(), line.reply_to.as_deref()), ("on it, give me a moment.", Some(question.as_str())));
    t.until_generating(1).await?;
    Ok(question)
}

#[sqlx::test(migrations = false)]
async fn who_waits_is_told_so_once_with_the_place_in_the_queue(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let first = keep_busy(t).await?;
        for (login, text) in [("bob", "1 question"), ("carol", "2 questions")] {
            let question = t.chat(login, "pedro, what is a trait?");
            let line = t.next_line().await?;
            ensure!(line.text.starts_with("on it, ") && line.text.contains(text), "{line:?}");
            assert_eq!(line.reply_to, Some(question));
        }
        // Told once, over restarts as well.
        t.kill().await?;
        t.start().await?;
        let mut answered = Vec::new();
        for _ in 0..3 {
            let line = t.next_line().await?;
            ensure!(!line.text.starts_with("on it, "), "told twice: {line:?}");
            answered.extend(line.reply_to);
        }
        // In whichever order: the leases of the dead process run out within seconds of each other.
        assert!(answered.contains(&first), "{answered:?}");
        t.until_all_answered().await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn commands_are_answered_and_lines_stored_while_the_model_is_busy(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        keep_busy(t).await?;
        for (command, words) in [
            ("!help", "I am Pedro"),
            ("!title", "I do not know the title yet"),
            ("!links", "there are no links yet"),
            ("!titles", "I have not seen a title yet"),
            ("!links nonsense", "I have no link for that"),
        ] {
            let id = t.chat("bob", command);
            let said = t.next_reply_to(&id).await?;
            ensure!(said.contains(words), "{command}: {said}");
        }
        t.until_embedded().await?;
        assert_eq!(t.metric("pedro_queue_depth").await?, 1.0);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn somebody_with_an_open_question_is_asked_to_wait(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        keep_busy(t).await?;
        let second = t.chat("alice", "pedro, and what is a trait?");
        ensure!(t.next_reply_to(&second).await?.starts_with("one at a time"));
        assert_eq!(database::count(t.db(), "select count(*) from pedro.question").await?, 1);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_moderator_stops_everything_and_a_viewer_cannot(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.twitch().make_moderator(TOWN, "maud");
        let first = keep_busy(t).await?;
        let second = t.chat("bob", "pedro, what is a trait?");
        t.settle().await?;
        let stop = t.chat("alice", "!pedro-stop");
        ensure!(t.next_reply_to(&stop).await?.contains("only moderators"));
        assert_eq!(t.model.in_flight(), 1);
        let stop = t.chat("maud", "!pedro-stop");
        ensure!(t.next_reply_to(&stop).await?.contains("2 questions cancelled"));
        t.until("the model is free again", async |t| Ok((t.model.in_flight() == 0).then_some(()))).await?;
        let stop = t.chat(TOWN, "!pedro-stop");
        assert_eq!(t.next_reply_to(&stop).await?.trim_end_matches(" ·"), "nothing was running.");
        // Whoever was cancelled may ask again, and nothing comes of the old questions.
        let again = t.chat("alice", "pedro, what is a lifetime?");
        assert_eq!(t.next_reply_to(&again).await?, "scripted answer");
        t.until_all_answered().await?;
        for question in [first, second] {
            ensure!(t.replies_to(&question).is_empty(), "{:?}", t.replies_to(&question));
        }
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn in_a_pause_nobody_is_answered_until_a_moderator_ends_it(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.twitch().make_moderator(TOWN, "maud");
        let command = t.chat("alice", "!pedro-pause");
        ensure!(t.next_reply_to(&command).await?.contains("only moderators"));
        let command = t.chat("maud", "!pedro-pause");
        ensure!(t.next_reply_to(&command).await?.contains("quiet for 10 minutes"));
        t.chat("alice", "pedro, are you there?");
        t.chat("alice", "!help");
        t.chat("alice", "!titles eleven");
        t.settle().await?;
        // A pause outlasts the process.
        let status = t.terminate().await?;
        ensure!(status.success());
        t.start().await?;
        let unheard = t.chat("bob", "pedro, are you there?");
        t.until_stored(&unheard).await?;
        assert_eq!(database::count(t.db(), "select count(*) from pedro.question").await?, 0);
        let command = t.chat("maud", "!pedro-pause off");
        ensure!(t.next_reply_to(&command).await?.contains("I am back"));
        let question = t.chat("alice", "pedro, are you there now?");
        assert_eq!(t.next_reply_to(&question).await?, "scripted answer");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn two_slots_answer_two_people_at_once(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        // Asked for when the first question comes.
        t.model.set_slots(2);
        t.model.push(Turn::Hang);
        let first = t.chat("alice", "pedro, what is a lifetime?");
        t.until_generating(1).await?;
        let second = t.chat("bob", "pedro, what is a trait?");
        assert_eq!(t.next_reply_to(&second).await?, "scripted answer");
        ensure!(t.replies_to(&first).is_empty());
        Ok(())
    })
    .await
}
