//! Twitch tells of titles as they change, in spite of all that happens to the socket.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sqlx::PgPool;

use crate::database;
use crate::tester::{BOT, Setup, TOWN, TwitchTester};

/// A bot that would hear of a title by asking only when the test is over.
fn told_only() -> Setup {
    let environment = vec![("TWITCH_POLL_INTERVAL", "1h".to_owned())];
    Setup { helix: true, not_started: true, environment, ..Setup::default() }
}

/// Starts the bot, and waits until it is told of titles and knows the present one.
async fn start(t: &mut TwitchTester) -> Result<()> {
    t.start().await?;
    until_told(t).await
}

async fn until_told(t: &mut TwitchTester) -> Result<()> {
    t.until("the bot is told of titles", async |t| {
        let known = database::count(t.db(), "select count(*) from pedro.stream_title where ended_at is null").await?;
        Ok((known == 1 && t.metric("pedro_twitch_channels_watched").await? == 1.0).then_some(()))
    })
    .await
}

/// Changes the title, and waits until it is known. How long that took.
async fn renamed(t: &mut TwitchTester, title: &str) -> Result<Duration> {
    t.twitch().set_title(TOWN, title, "Software and Game Development");
    let began = Instant::now();
    let what = format!("the title {title:?} is known");
    t.until(&what, async |t| {
        let sql = "select title from pedro.stream_title where ended_at is null";
        let known: Option<String> = sqlx::query_scalar(sql).fetch_optional(t.db()).await?;
        Ok((known.as_deref() == Some(title)).then_some(()))
    })
    .await?;
    Ok(began.elapsed())
}

/// The title is in the prompt of a question that is asked now.
async fn in_the_prompt(t: &mut TwitchTester, title: &str) -> Result<()> {
    let question = t.chat("carol", "pedro, what is going on?");
    t.next_reply_to(&question).await?;
    let prompt = t.prompts().pop().unwrap_or_default();
    ensure!(prompt.contains(&format!("title: {title}")), "{prompt}");
    t.until_all_answered().await
}

#[sqlx::test(migrations = false)]
async fn a_title_is_in_the_next_prompt_within_two_seconds(pool: PgPool) -> Result<()> {
    told_only()
        .run(pool, async |t| {
            start(t).await?;
            for title in ["Rust, slowly", "Tetris in Rust", "Rust, slowly"] {
                let took = renamed(t, title).await?;
                ensure!(took < Duration::from_secs(2), "{took:?}");
            }
            in_the_prompt(t, "Rust, slowly").await?;
            t.twitch().set_live(TOWN, true);
            let live = "select count(*) from pedro.stream_title where ended_at is null and live";
            t.until("it is live", async |t| Ok((database::count(t.db(), live).await? == 1).then_some(()))).await?;
            t.twitch().set_live(TOWN, false);
            t.until("it is over", async |t| Ok((database::count(t.db(), live).await? == 0).then_some(()))).await
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn what_is_told_twice_is_written_once(pool: PgPool) -> Result<()> {
    told_only()
        .run(pool, async |t| {
            start(t).await?;
            t.twitch().repeat_events(true);
            for title in ["one", "two", "three"] {
                renamed(t, title).await?;
            }
            let rows = "select count(*) from pedro.stream_title where title in ('one', 'two', 'three')";
            assert_eq!(database::count(t.db(), rows).await?, 3);
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_session_that_moves_loses_nothing(pool: PgPool) -> Result<()> {
    told_only()
        .run(pool, async |t| {
            start(t).await?;
            for round in 1..=3_u64 {
                t.twitch().reconnect_events();
                // Told on the old socket or on the new one.
                renamed(t, &format!("title of round {round}")).await?;
                t.until("the session has moved", async |t| {
                    Ok((t.twitch().event_sessions_total() == 1 + round && t.twitch().event_sessions() == 1)
                        .then_some(()))
                })
                .await?;
            }
            assert_eq!(t.twitch().event_subscriptions().len(), 3, "nothing was subscribed to twice");
            ensure!(!t.log().contains("EventSub ended"), "it was one session");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_socket_that_breaks_or_falls_silent_is_replaced_and_what_was_missed_is_asked_for(pool: PgPool) -> Result<()> {
    told_only()
        .run(pool, async |t| {
            t.twitch().set_event_keepalive(Duration::from_secs(1));
            start(t).await?;
            t.twitch().drop_event_sessions();
            renamed(t, "after the cut").await?;
            until_told(t).await?;
            // Not a word, and not even a sign of life: nothing says that the title was changed.
            t.twitch().silence_events(true);
            t.twitch().set_title(TOWN, "said into the silence", "");
            t.until("the bot notices", async |t| Ok(t.log().contains("silent for longer").then_some(()))).await?;
            t.twitch().silence_events(false);
            t.until("what was missed is known", async |t| {
                let sql = "select count(*) from pedro.stream_title where title = 'said into the silence'";
                Ok((database::count(t.db(), sql).await? == 1).then_some(()))
            })
            .await?;
            until_told(t).await?;
            let took = renamed(t, "and on it goes").await?;
            ensure!(took < Duration::from_secs(2), "{took:?}");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn what_twitch_takes_back_is_subscribed_to_again(pool: PgPool) -> Result<()> {
    told_only()
        .run(pool, async |t| {
            start(t).await?;
            t.twitch().revoke_events("user_removed");
            t.until("it was subscribed to again", async |t| {
                Ok((t.twitch().event_subscriptions().len() == 3 && t.twitch().event_sessions_total() == 2)
                    .then_some(()))
            })
            .await?;
            renamed(t, "told again").await.map(drop)
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn an_api_that_fails_delays_what_is_told_and_harms_nothing(pool: PgPool) -> Result<()> {
    for status in [500, 429, 401] {
        let setup = told_only();
        setup
            .run(pool.clone(), async |t| {
                t.twitch().helix_fail(4, status);
                start(t).await?;
                let took = renamed(t, &format!("in spite of {status}")).await?;
                ensure!(took < Duration::from_secs(2), "{took:?}");
                in_the_prompt(t, &format!("in spite of {status}")).await
            })
            .await?;
    }
    Ok(())
}

#[sqlx::test(migrations = false)]
async fn subscriptions_that_are_refused_are_made_in_the_end_and_titles_are_known_meanwhile(pool: PgPool) -> Result<()> {
    // More failures than are tried in one session.
    for (status, count) in [(401, 2), (429, 9), (500, 9)] {
        let environment = vec![("TWITCH_POLL_INTERVAL", "1s".to_owned())];
        let setup = Setup { helix: true, not_started: true, environment, ..Setup::default() };
        setup
            .run(pool.clone(), async |t| {
                t.twitch().subscriptions_fail(count, status);
                t.start().await?;
                renamed(t, &format!("asked for in spite of {status}")).await?;
                until_told(t).await?;
                assert_eq!(t.twitch().event_subscriptions().len(), 3, "{status}");
                ensure!(t.twitch().device_codes().is_empty(), "nobody has to sign in");
                t.until("the token is good", async |t| {
                    Ok((t.readyz().await?.1["checks"]["token"]["state"] == "good").then_some(()))
                })
                .await?;
                renamed(t, &format!("told in spite of {status}")).await.map(drop)
            })
            .await?;
    }
    Ok(())
}

#[sqlx::test(migrations = false)]
async fn a_revocation_for_want_of_authorization_leads_to_a_new_sign_in(pool: PgPool) -> Result<()> {
    told_only()
        .run(pool, async |t| {
            start(t).await?;
            // Twitch says so to the socket first, and the API refuses the token from then on.
            t.twitch().revoke_tokens();
            let code = t.until("there is a code", async |t| Ok(t.twitch().device_codes().pop())).await?;
            t.twitch().authorize_device(&code, BOT);
            t.until_ready().await?;
            until_told(t).await?;
            let took = renamed(t, "with another token").await?;
            ensure!(took < Duration::from_secs(2), "{took:?}");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn where_nothing_is_told_titles_are_asked_for(pool: PgPool) -> Result<()> {
    let environment = vec![("TWITCH_EVENTSUB_URL", "ws://127.0.0.1:1/ws".to_owned())];
    let setup = Setup { helix: true, environment, ..Setup::default() };
    setup
        .run(pool, async |t| {
            renamed(t, "found by asking").await?;
            in_the_prompt(t, "found by asking").await?;
            assert_eq!(t.metric("pedro_twitch_channels_watched").await?, 0.0);
            Ok(())
        })
        .await
}
