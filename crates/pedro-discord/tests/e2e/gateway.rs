//! The gateway breaks, refuses, falls silent: the bot comes back and has missed nothing.

use std::time::Duration;

use anyhow::{Result, ensure};
use pedro_playground::discord::{Snowflake, Trouble};
use sqlx::PgPool;

use crate::tester::{DiscordTester, NOT_STARTED, run_test};

/// Intents that the application has by default.
const ALL_INTENTS: u64 = (1 << 1) | (1 << 8) | (1 << 15);

/// All of these are stored, once and in this order.
async fn each_was_stored_once(t: &mut DiscordTester, ids: &[Snowflake]) -> Result<()> {
    let said: Vec<String> = ids.iter().map(ToString::to_string).collect();
    for id in &said {
        t.until_stored(id).await?;
    }
    t.settle().await?;
    let mut stored: Vec<String> = t.lines().await?.into_iter().map(|line| line.platform_message_id).collect();
    stored.retain(|id| said.contains(id));
    stored.sort();
    assert_eq!(stored, said);
    Ok(())
}

async fn until_signed_in(t: &mut DiscordTester, identifies: u64, resumes: u64) -> Result<()> {
    t.until("the bot is back", async |t| {
        let discord = t.discord();
        Ok((discord.identifies() >= identifies && discord.resumes() >= resumes).then_some(()))
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_dropped_connection_is_resumed_and_nothing_is_lost(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let mut ids = vec![t.chat("alice", "before the gap")];
        t.discord().drop_connections();
        ids.extend((0..20).map(|number| t.chat("alice", &format!("in the gap {number}"))));
        until_signed_in(t, 1, 1).await?;
        ids.push(t.chat("alice", "after the gap"));
        each_was_stored_once(t, &ids).await?;
        assert_eq!(t.discord().identifies(), 1);
        t.until_ready().await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn after_a_refused_resume_what_was_missed_is_fetched(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let mut ids = vec![t.chat("alice", "before the gap")];
        t.until_stored(ids[0]).await?;
        t.discord().refuse_resume(true);
        t.discord().drop_connections();
        // More than one page of them.
        ids.extend((0..120).map(|number| t.chat("alice", &format!("in the gap {number}"))));
        let question = t.chat("bob", "pedro, what is a lifetime?");
        until_signed_in(t, 2, 0).await?;
        assert_eq!(t.next_answer(t.general).await?.reply_to, Some(question));
        ids.push(t.chat("alice", "after the gap"));
        each_was_stored_once(t, &ids).await?;
        t.until_all_answered().await?;
        t.until_ready().await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn what_is_said_while_the_bot_is_down_is_fetched_at_its_start(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let direct = t.discord().dm("carol");
        let known = t.chat_in(direct, "carol", "hello there, are you up?");
        t.next_answer(direct).await?;
        let thread = t.discord().begin_thread(t.general, "alice", "a talk", false);
        let mut ids = vec![known, t.chat("alice", "before the gap"), t.chat_in(thread, "alice", "in the thread")];
        t.until_stored(ids[2]).await?;
        t.terminate().await?;
        ids.push(t.chat("alice", "while nobody listened"));
        ids.push(t.chat_in(thread, "alice", "while nobody listened there"));
        ids.push(t.chat_in(t.random, "alice", "where nothing was said before"));
        ids.push(t.chat_in(direct, "carol", "and now, are you up?"));
        let question = t.chat("bob", "pedro, what is a lifetime?");
        t.start().await?;
        assert_eq!(t.next_answer(t.general).await?.reply_to, Some(question));
        t.next_answer(direct).await?;
        each_was_stored_once(t, &ids).await?;
        t.until_all_answered().await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn what_is_changed_or_taken_back_while_the_bot_is_down_is_followed(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let changed = t.chat("alice", "the stream is on monday");
        let gone = t.chat("alice", "my address is a secret");
        let kept = t.chat("bob", "good evening");
        for id in [changed, gone, kept] {
            t.until_stored(id).await?;
        }
        // What was put by a command is no message: it is not taken for one that is gone.
        let direct = t.discord().dm("carol");
        let interaction = t.slash(direct, "carol", "askpedro", &[("question", "what is a trait?".into())])?;
        let response = t.response(interaction).await?;
        t.until_final(response.id).await?;
        let asked = t.ask("dana", "what is a lifetime?").await?;
        t.next_answer(asked.thread).await?;
        t.until_all_answered().await?;
        t.terminate().await?;
        ensure!(t.discord().edit(changed, "the stream is on tuesday") && t.discord().delete(gone));
        t.start().await?;
        t.until("the change is known and the line is gone", async |t| {
            let mut texts: Vec<String> = t.lines().await?.into_iter().map(|line| line.text).collect();
            texts.retain(|text| text.starts_with("the stream") || text.contains("address"));
            Ok((texts == ["the stream is on tuesday"]).then_some(()))
        })
        .await?;
        let texts: Vec<String> = t.lines().await?.into_iter().map(|line| line.text).collect();
        for text in ["good evening", "what is a trait?", "what is a lifetime?"] {
            ensure!(texts.iter().any(|line| line == text), "{text} was forgotten: {texts:?}");
        }
        t.until_embedded().await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn an_invalid_session_and_a_call_to_reconnect_are_obeyed(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.discord().send_reconnect();
        until_signed_in(t, 1, 1).await?;
        t.until_ready().await?;
        let mut ids = vec![t.chat("alice", "after the call")];
        t.until_stored(ids[0]).await?;
        t.discord().invalidate_sessions(false);
        ids.push(t.chat("alice", "while it signs in"));
        until_signed_in(t, 2, 1).await?;
        ids.push(t.chat("alice", "after it signed in"));
        each_was_stored_once(t, &ids).await?;
        t.until_ready().await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_gateway_that_falls_silent_is_noticed_and_told(pool: PgPool) -> Result<()> {
    NOT_STARTED
        .run(pool, async |t| {
            t.discord().set_heartbeat_interval(Duration::from_secs(2));
            t.start().await?;
            assert_eq!(t.metric("pedro_connected").await?, 1.0);
            let mut ids = vec![t.chat("alice", "before the silence")];
            t.until_stored(ids[0]).await?;
            t.discord().silence(true);
            ids.push(t.chat("alice", "in the silence"));
            t.until_red("discord").await?;
            assert_eq!(t.metric("pedro_connected").await?, 0.0);
            t.discord().silence(false);
            t.until_ready().await?;
            assert_eq!(t.metric("pedro_connected").await?, 1.0);
            ids.push(t.chat("alice", "after the silence"));
            each_was_stored_once(t, &ids).await
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn while_the_gateway_is_down_the_bot_waits_for_it(pool: PgPool) -> Result<()> {
    NOT_STARTED
        .run(pool, async |t| {
            t.discord().trouble("GET", "/users/@me", 1, Trouble::Status { status: 503 });
            t.discord().set_gateway_down(true);
            t.launch().await?;
            t.until("the gateway is tried", async |t| Ok((t.discord().connections_refused() > 0).then_some(())))
                .await?;
            t.until_red("discord").await?;
            assert_eq!(t.page("/healthz").await?.0, 200);
            t.discord().set_gateway_down(false);
            t.until_ready().await?;
            t.settle().await
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_wrong_token_ends_the_bot_with_a_sentence(pool: PgPool) -> Result<()> {
    NOT_STARTED
        .run(pool, async |t| {
            t.expect_error("pedro-discord cannot start");
            let mut environment = t.environment.clone();
            environment.insert("DISCORD_TOKEN".to_owned(), "hunter2secret.of.mine".to_owned());
            let (status, told) = t.run_to_its_end(&[], &environment).await?;
            ensure!(!status.success() && told.contains("Discord refuses DISCORD_TOKEN"), "{told}");
            ensure!(!told.contains("hunter2secret"), "{told}");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_missing_intent_is_told_in_a_sentence_that_helps_until_it_is_there(pool: PgPool) -> Result<()> {
    NOT_STARTED
        .run(pool, async |t| {
            t.expect_error("MESSAGE CONTENT INTENT");
            t.discord().set_privileged_intents(0);
            t.launch().await?;
            let told = t.until_red("discord").await?;
            ensure!(told.contains("not connected") || told.contains("MESSAGE CONTENT INTENT"), "{told}");
            t.until("the log names it", async |t| Ok(t.log().contains("MESSAGE CONTENT INTENT").then_some(()))).await?;
            ensure!(t.until_red("discord").await?.contains("MESSAGE CONTENT INTENT"));
            t.discord().set_privileged_intents(ALL_INTENTS);
            t.until_ready().await?;
            t.settle().await
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn as_many_shards_run_as_discord_recommends_or_those_that_are_named(pool: PgPool) -> Result<()> {
    NOT_STARTED
        .run(pool, async |t| {
            t.discord().set_shards(2, 2);
            t.start().await?;
            assert_eq!(t.discord().shards(), [0, 1]);
            t.settle().await?;
            t.terminate().await?;
            t.environment.insert("DISCORD_SHARDS".to_owned(), "1/2".to_owned());
            t.start().await?;
            assert_eq!(t.discord().shards(), [1]);
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn missing_acknowledgements_are_noticed_and_nothing_is_lost(pool: PgPool) -> Result<()> {
    NOT_STARTED
        .run(pool, async |t| {
            t.discord().set_heartbeat_interval(Duration::from_secs(1));
            t.start().await?;
            let mut ids = vec![t.chat("alice", "before it")];
            let connections = t.discord().connections_total();
            t.discord().withhold_acks(true);
            t.until("the bot connects anew", async |t| {
                Ok((t.discord().connections_total() > connections).then_some(()))
            })
            .await?;
            ids.push(t.chat("alice", "during it"));
            t.discord().withhold_acks(false);
            t.until_ready().await?;
            ids.push(t.chat("alice", "after it"));
            each_was_stored_once(t, &ids).await
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_resume_that_is_refused_three_times_in_a_row_loses_nothing(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.discord().refuse_resume(true);
        let mut ids = Vec::new();
        for round in 1..=3 {
            ids.push(t.chat("alice", &format!("before refusal {round}")));
            t.discord().drop_connections();
            ids.extend((0..10).map(|number| t.chat("bob", &format!("refusal {round}, line {number}"))));
            until_signed_in(t, 1 + round, 0).await?;
        }
        t.discord().refuse_resume(false);
        t.until_ready().await?;
        ids.push(t.chat("alice", "after all of them"));
        each_was_stored_once(t, &ids).await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn what_is_said_while_the_gateway_is_away_is_fetched_when_it_is_back(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let mut ids = vec![t.chat("alice", "before it")];
        t.until_stored(ids[0]).await?;
        // So long that the session is gone when the gateway is back.
        t.discord().set_session_lifetime(Duration::ZERO);
        t.discord().set_gateway_down(true);
        t.discord().drop_connections();
        for number in 0..30 {
            ids.push(t.chat("alice", &format!("nobody hears {number}")));
        }
        ids.push(t.chat_in(t.random, "bob", "nobody hears this either"));
        let question = t.chat("carol", "pedro, what is a lifetime?");
        t.until("the gateway is tried", async |t| Ok((t.discord().connections_refused() > 1).then_some(()))).await?;
        t.discord().set_session_lifetime(Duration::from_secs(180));
        t.discord().set_gateway_down(false);
        assert_eq!(t.next_answer(t.general).await?.reply_to, Some(question));
        each_was_stored_once(t, &ids).await?;
        t.until_all_answered().await
    })
    .await
}
