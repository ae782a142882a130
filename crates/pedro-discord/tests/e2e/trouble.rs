//! REST fails, the database is away: what was asked is answered, once.

use std::time::Duration;

use anyhow::{Result, ensure};
use pedro_core::testing::Turn;
use pedro_playground::discord::{InteractionState, Trouble};
use sqlx::PgPool;

use crate::tester::{Setup, run_test};

#[sqlx::test(migrations = false)]
async fn server_errors_and_broken_connections_are_waited_out_and_nothing_is_doubled(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        for trouble in [Trouble::Status { status: 502 }, Trouble::Reset, Trouble::Status { status: 500 }] {
            t.discord().trouble("POST", "/channels/*/messages", 1, trouble);
        }
        // It was taken, and only the word of that is lost.
        t.discord().trouble("POST", "/channels/*/messages", 1, Trouble::ResetAfter);
        let question = t.chat("alice", "pedro, what is a lifetime?");
        let answer = t.next_answer(t.general).await?;
        assert_eq!((answer.content.as_str(), answer.reply_to), ("scripted answer", Some(question)));
        t.until_all_answered().await?;
        assert_eq!(t.says(t.general).len(), 1);
        assert_eq!(t.model.requests().len(), 1);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn every_step_of_a_question_survives_a_failure_of_rest(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        for (method, path) in [
            ("POST", "/interactions/*/callback"),
            ("PATCH", "/webhooks/*/messages/@original"),
            ("POST", "/threads"),
            ("POST", "/channels/*/messages"),
            ("PATCH", "/channels/*/messages/"),
        ] {
            t.discord().trouble(method, path, 1, Trouble::Status { status: 503 });
        }
        t.model.push(Turn::Trickle {
            chunks: ["Bit ", "by ", "bit ", "it ", "comes."].map(str::to_owned).to_vec(),
            every: Duration::from_millis(700),
        });
        let asked = t.ask("alice", "what is a lifetime?").await?;
        assert_eq!(t.next_answer(asked.thread).await?.content, "Bit by bit it comes.");
        t.until_all_answered().await?;
        assert_eq!(t.says(asked.thread).len(), 1);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn an_acknowledgement_whose_answer_is_lost_is_one(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.discord().trouble("POST", "/interactions/*/callback", 1, Trouble::ResetAfter);
        let asked = t.ask("alice", "what is a lifetime?").await?;
        assert_eq!(t.next_answer(asked.thread).await?.content, "scripted answer");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn while_the_database_is_away_a_question_is_acknowledged_and_answered_when_it_is_back(
    pool: PgPool,
) -> Result<()> {
    let setup = Setup { proxied: true, ..Setup::default() };
    setup
        .run(pool, async |t| {
            let before = t.chat("bob", "before the outage");
            t.until_stored(before).await?;
            t.way()?.cut();
            let during = t.chat("bob", "during the outage");
            let interaction = t.slash(t.general, "alice", "askpedro", &[("question", "what is a lifetime?".into())])?;
            let links = t.slash(t.general, "carol", "links", &[])?;
            assert_eq!(t.acknowledged(interaction).await?.state, InteractionState::Thinking);
            t.acknowledged(links).await?;
            t.way()?.mend();
            let shown = t.response(interaction).await?;
            assert_eq!(t.next_answer(shown.id).await?.content, "scripted answer");
            let told = t.response(links).await?;
            ensure!(told.content.contains("no links yet") || told.content.starts_with("sorry, "), "{told:?}");
            let after = t.chat("bob", "after the outage");
            for id in [before, during, after] {
                t.until_stored(id).await?;
            }
            t.until_ready().await
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn when_the_database_stays_away_the_deferral_becomes_an_apology(pool: PgPool) -> Result<()> {
    let setup = Setup { proxied: true, ..Setup::default() };
    setup
        .run(pool, async |t| {
            t.way()?.cut();
            let interaction = t.slash(t.general, "alice", "askpedro", &[("question", "what is a lifetime?".into())])?;
            let told = t.response(interaction).await?;
            ensure!(told.content.starts_with("sorry, "), "{told:?}");
            ensure!(t.until_red("database").await?.contains("PostgreSQL does not answer"));
            t.way()?.mend();
            t.until_ready().await?;
            // It was given up: nothing comes of it later.
            t.settle().await?;
            assert_eq!(t.model.requests().len(), 0);
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_server_that_lost_the_permission_to_be_spoken_in_harms_nobody_else(pool: PgPool) -> Result<()> {
    use pedro_playground::discord::{Whom, permission};
    run_test(pool, async |t| {
        t.discord().deny(t.random, &Whom::Bot, permission::SEND_MESSAGES);
        t.chat_in(t.random, "alice", "pedro, what is a lifetime?");
        let question = t.chat("bob", "pedro, what is a trait?");
        assert_eq!(t.next_answer(t.general).await?.reply_to, Some(question));
        t.until_all_answered().await?;
        ensure!(t.says(t.random).is_empty());
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn no_piece_of_a_long_answer_in_place_is_doubled_when_discords_word_is_lost(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let sentences: Vec<String> = (0..100).map(|n| format!("Sentence number {n:03} tells you something.")).collect();
        t.model.push(Turn::say(sentences.join(" ")));
        t.discord().trouble("POST", "/messages", 1, Trouble::ResetAfter);
        t.discord().trouble("POST", "/webhooks/", 9, Trouble::ResetAfter);
        let direct = t.discord().dm("alice");
        let interaction = t.slash(direct, "alice", "askpedro", &[("question", "tell me all of it".into())])?;
        t.response(interaction).await?;
        t.until_all_answered().await?;
        t.read_all(direct);
        let all = t.says(direct).join(" ");
        ensure!(sentences.iter().all(|sentence| all.matches(sentence.as_str()).count() == 1), "{all}");
        Ok(())
    })
    .await
}
