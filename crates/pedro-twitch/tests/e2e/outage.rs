//! The database goes away and comes back: the bot stays, no line is lost, questions are answered.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pedro_core::testing::Turn;
use sqlx::PgPool;

use crate::proxy::Proxy;
use crate::tester::{Setup, TwitchTester};

fn proxied() -> Setup {
    Setup { proxied: true, ..Setup::default() }
}

fn proxy(t: &TwitchTester) -> Result<&Proxy> {
    t.proxy.as_ref().context("the setup has no proxy")
}

#[sqlx::test(migrations = false)]
async fn no_line_and_no_question_is_lost_while_the_database_is_away(pool: PgPool) -> Result<()> {
    proxied()
        .run(pool, async |t| {
            let mut ids = vec![t.chat("alice", "before the outage")];
            t.until_stored(&ids[0]).await?;
            proxy(t)?.cut();
            for number in 0..50 {
                ids.push(t.chat("alice", &format!("during the outage {number}")));
            }
            let question = t.chat("bob", "pedro, what is a lifetime?");
            let deleted = t.chat("mallory", "removed during the outage");
            t.twitch().delete_line(&deleted);
            ensure!(t.until_red("database").await?.contains("PostgreSQL does not answer"));
            assert_eq!(t.page("/healthz").await?.0, 200);
            // Longer than the bot waits for a connection.
            tokio::time::sleep(Duration::from_secs(6)).await;
            ids.push(t.chat("alice", "still during the outage"));
            proxy(t)?.mend();
            assert_eq!(t.next_reply_to(&question).await?, "scripted answer");
            t.until_all_answered().await?;
            t.until_ready().await?;
            ids.push(t.chat("alice", "after the outage"));
            t.until_embedded().await?;
            let mut lines = t.lines().await?;
            lines.retain(|line| line.text.ends_with("the outage") || line.text.starts_with("during the outage"));
            let stored: Vec<&String> = lines.iter().map(|line| &line.platform_message_id).collect();
            assert_eq!(stored, ids.iter().collect::<Vec<_>>());
            assert_eq!(t.replies_to(&question).len(), 1);
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn an_answer_that_is_ready_while_the_database_is_away_is_said_once(pool: PgPool) -> Result<()> {
    proxied()
        .run(pool, async |t| {
            t.model.push(Turn::SayAfter(Duration::from_secs(3), "I thought about it.".to_owned()));
            let question = t.chat("alice", "pedro, what is a lifetime?");
            t.until_generating(1).await?;
            proxy(t)?.cut();
            t.until("the model is done", async |t| Ok((t.model.in_flight() == 0).then_some(()))).await?;
            tokio::time::sleep(Duration::from_secs(6)).await;
            proxy(t)?.mend();
            t.next_reply_to(&question).await?;
            t.until_all_answered().await?;
            assert_eq!(t.replies_to(&question).len(), 1, "{:?}", t.replies_to(&question));
            t.until_ready().await
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn connections_that_are_cut_again_and_again_lose_nothing(pool: PgPool) -> Result<()> {
    proxied()
        .run(pool, async |t| {
            let mut ids = Vec::new();
            for round in 0..10 {
                for number in 0..20 {
                    ids.push(t.chat("alice", &format!("round {round} line {number}")));
                    tokio::time::sleep(Duration::from_millis(7)).await;
                }
                proxy(t)?.cut();
                ids.push(t.chat("alice", &format!("round {round} in the dark")));
                tokio::time::sleep(Duration::from_millis(60)).await;
                proxy(t)?.mend();
            }
            t.until_embedded().await?;
            let mut lines = t.lines().await?;
            lines.retain(|line| line.text.starts_with("round "));
            let stored: Vec<&String> = lines.iter().map(|line| &line.platform_message_id).collect();
            assert_eq!(stored, ids.iter().collect::<Vec<_>>());
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_privacy_command_during_an_outage_is_obeyed_or_the_person_is_told(pool: PgPool) -> Result<()> {
    proxied()
        .run(pool, async |t| {
            let line = t.chat("alice", "something about myself");
            t.until_stored(&line).await?;
            t.until_embedded().await?;
            proxy(t)?.cut();
            let command = t.chat("alice", "!forgetme");
            t.until_red("database").await?;
            tokio::time::sleep(Duration::from_secs(6)).await;
            proxy(t)?.mend();
            let said = t.next_reply_to(&command).await?;
            let is_stored = t.lines().await?.iter().any(|stored| stored.platform_message_id == line);
            ensure!(said.starts_with("done") && !is_stored, "{said:?}, stored: {is_stored}");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_start_waits_for_a_database_that_is_still_coming_up(pool: PgPool) -> Result<()> {
    Setup { not_started: true, ..proxied() }
        .run(pool, async |t| {
            proxy(t)?.cut();
            t.launch().await?;
            t.until("the wait is told", async |t| Ok(t.log().contains("trying again for").then_some(()))).await?;
            assert_eq!(t.page("/healthz").await?.0, 200);
            proxy(t)?.mend();
            t.until_ready().await?;
            let question = t.chat("alice", "pedro, are you there?");
            t.next_reply_to(&question).await.map(drop)
        })
        .await
}
