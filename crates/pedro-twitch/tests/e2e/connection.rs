//! The chat connection breaks in every way there is; nothing is lost but what Twitch did not deliver.

use anyhow::{Result, ensure};
use pedro_core::testing::Turn;
use sqlx::PgPool;

use crate::database;
use crate::tester::{Setup, TOWN, TwitchTester, run_test};

async fn reconnected(t: &mut TwitchTester, connections: u64) -> Result<()> {
    t.until("the bot is back in chat", async |t| {
        let is_back = t.twitch().connections_total() >= connections && t.twitch().joins_seen() >= connections;
        Ok((is_back && t.twitch().connections() == 1).then_some(()))
    })
    .await?;
    t.until_ready().await
}

async fn still_works(t: &mut TwitchTester) -> Result<()> {
    let question = t.chat("alice", "pedro, are you back?");
    let said = t.next_reply_to(&question).await?;
    ensure!(said.starts_with("scripted answer"), "{said}");
    t.until_all_answered().await
}

#[sqlx::test(migrations = false)]
async fn a_broken_connection_is_made_anew_and_the_gap_is_recorded(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.settle().await?;
        t.twitch().set_unavailable(true);
        t.twitch().drop_connections();
        t.until("the bot tries again", async |t| Ok((t.twitch().connections_refused() > 0).then_some(()))).await?;
        let unheard = t.chat("alice", "said while nobody listens");
        t.twitch().set_unavailable(false);
        reconnected(t, 2).await?;
        still_works(t).await?;
        let gaps: Vec<(bool,)> =
            sqlx::query_as("select began_at is not null and began_at < ended_at from pedro.gap order by id")
                .fetch_all(t.db())
                .await?;
        assert_eq!(gaps, [(false,), (true,)], "the first start knows no beginning, the second does");
        ensure!(t.lines().await?.iter().all(|line| line.platform_message_id != unheard));
        let said_at = t.twitch().lines(TOWN).iter().find(|line| line.id == unheard).map(|line| line.sent_at);
        let covered: i64 = sqlx::query_scalar(
            "select count(*) from pedro.gap where to_timestamp($1 / 1000.0) between began_at and ended_at",
        )
        .bind(said_at.unwrap_or_default() as f64)
        .fetch_one(t.db())
        .await?;
        assert_eq!(covered, 1, "what nobody heard lies in the gap");
        ensure!(t.metric("twitch_connection_count").await? >= 2.0);
        ensure!(t.metric("pedro_reconnects_total").await? >= 1.0);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn when_twitch_asks_for_it_the_bot_connects_anew(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.settle().await?;
        t.twitch().send_reconnect();
        reconnected(t, 2).await?;
        still_works(t).await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn an_answer_that_meets_a_broken_connection_is_said_once_on_the_next_one(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.model.push(Turn::Hang);
        t.model.push(Turn::say("Better late than never."));
        let question = t.chat("alice", "pedro, what is a lifetime?");
        t.until_generating(1).await?;
        // The answer is made while there is no connection: the model breaks off and is asked again at once.
        t.twitch().set_unavailable(true);
        t.twitch().drop_connections();
        t.model.stop();
        t.model.restart()?;
        t.until("the answer is made", async |t| {
            let made = "select count(*) from pedro.question where answer is not null";
            Ok((database::count(t.db(), made).await? == 1).then_some(()))
        })
        .await?;
        t.until("the bot tries again", async |t| Ok((t.twitch().connections_refused() > 2).then_some(()))).await?;
        t.twitch().set_unavailable(false);
        loop {
            // Told first, perhaps, that the model was away.
            let text = t.next_reply_to(&question).await?;
            if !text.contains("thinking cap") {
                assert_eq!(text.trim_end_matches(" ·"), "Better late than never.");
                break;
            }
        }
        t.until_all_answered().await?;
        let mut replies = t.replies_to(&question);
        replies.retain(|reply| !reply.contains("thinking cap"));
        assert_eq!(replies.len(), 1, "{replies:?}");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn an_answer_that_was_lost_is_sent_again_though_the_same_was_said_just_before(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        for _ in 0..2 {
            t.model.push(Turn::SayAfter(std::time::Duration::from_secs(2), "Did you hear me?".to_owned()));
        }
        let first = t.chat("bob", "pedro, what is a trait?");
        assert_eq!(t.next_reply_to(&first).await?, "Did you hear me?");
        let question = t.chat("alice", "pedro, what is a lifetime?");
        t.until_generating(1).await?;
        t.twitch().stall(true);
        t.until("the answer is lost", async |t| Ok(t.log().contains("what became of a message").then_some(()))).await?;
        t.twitch().drop_connections();
        t.twitch().stall(false);
        // That Twitch takes it for a duplicate of the first one would not tell that it arrived.
        assert_eq!(t.next_reply_to(&question).await?, "Did you hear me? ·");
        t.until_all_answered().await?;
        assert_eq!(t.replies_to(&question).len(), 1);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn an_answer_that_goes_into_a_half_open_connection_is_not_lost(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.model.push(Turn::SayAfter(std::time::Duration::from_secs(2), "Did you hear me?".to_owned()));
        let question = t.chat("alice", "pedro, what is a lifetime?");
        t.until_generating(1).await?;
        t.twitch().stall(true);
        t.until("the answer is made", async |t| {
            let made = "select count(*) from pedro.question where answer is not null or status = 'answered'";
            Ok((database::count(t.db(), made).await? == 1).then_some(()))
        })
        .await?;
        ensure!(!t.until_red("twitch").await?.is_empty());
        t.twitch().stall(false);
        let said = t.next_reply_to(&question).await?;
        assert_eq!(said.trim_end_matches(" ·"), "Did you hear me?");
        t.until_all_answered().await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_connection_that_falls_silent_is_noticed_and_replaced(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.settle().await?;
        t.twitch().stall(true);
        ensure!(!t.until_red("twitch").await?.is_empty());
        t.until("the figure says so", async |t| Ok((t.metric("pedro_connected").await? == 0.0).then_some(()))).await?;
        t.twitch().stall(false);
        t.until_ready().await?;
        still_works(t).await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_refused_sign_in_is_told_in_words_and_healed_when_twitch_accepts(pool: PgPool) -> Result<()> {
    let setup = Setup { not_started: true, ..Setup::default() };
    setup
        .run(pool, async |t| {
            t.expect_error("Twitch refused the sign-in");
            t.twitch().refuse_sign_in(true);
            t.launch().await?;
            let told = t
                .until("the refusal is told", async |t| {
                    let told =
                        t.readyz().await?.1["checks"]["twitch"]["detail"].as_str().unwrap_or_default().to_owned();
                    Ok(told.contains("TWITCH_TOKEN").then_some(told))
                })
                .await?;
            ensure!(told.contains("Login authentication failed"), "{told}");
            assert_eq!(t.readyz().await?.0, 503);
            assert_eq!(t.page("/healthz").await?.0, 200);
            assert_eq!(t.log().matches("refused the sign-in").count(), 1, "told once, not at every try");
            t.twitch().refuse_sign_in(false);
            t.until_ready().await?;
            still_works(t).await
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_message_that_twitch_refuses_for_good_is_given_up_and_the_next_one_goes_through(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.twitch().reject_next_send(TOWN, "msg_rejected_mandatory");
        let refused = t.chat("alice", "pedro, what is a lifetime?");
        // The words may have been to blame: alice is not left without one.
        ensure!(t.next_reply_to(&refused).await?.starts_with("I would rather not"));
        t.until("the question is given up", async |t| {
            let failed = "select count(*) from pedro.question where status = 'failed'";
            Ok((database::count(t.db(), failed).await? == 1).then_some(()))
        })
        .await?;
        ensure!(t.metric("twitch_message_rejected_count").await? >= 1.0);
        t.twitch().set_rate_limits(true);
        let question = t.chat("bob", "pedro, what is a trait?");
        ensure!(t.next_reply_to(&question).await?.starts_with("scripted answer"));
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_busy_channel_does_not_make_the_bot_break_twitchs_limits(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let commands: Vec<String> = (0..24).map(|number| t.chat(&format!("viewer{number}"), "!title")).collect();
        for _ in &commands {
            let line = t.next_reply().await?;
            ensure!(line.text.starts_with("I do not know the title yet."), "{line:?}");
        }
        for command in &commands {
            assert_eq!(t.replies_to(command).len(), 1);
        }
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_channel_that_does_not_exist_is_named_and_the_others_work(pool: PgPool) -> Result<()> {
    let channels = format!("{TOWN},nosuchtown");
    let setup = Setup { environment: vec![("TWITCH_CHANNEL", channels)], not_started: true, ..Setup::default() };
    setup
        .run(pool, async |t| {
            t.launch().await?;
            t.twitch().joined(TOWN, crate::tester::PATIENCE).await?;
            still_works(t).await?;
            let told = t.until_red("twitch").await?;
            ensure!(told.contains("nosuchtown"), "{told}");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_line_whose_colour_is_none_is_heard_like_any_other(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        for (id, color, emotes) in [("odd1", "#é1234", ""), ("odd2", "日本1", ""), ("odd3", "", "25:4-0")] {
            let tags = format!(
                "badge-info=;badges=;color={color};display-name=Dana;emotes={emotes};flags=;id={id};mod=0;room-id=1;subscriber=0;tmi-sent-ts={};turbo=0;user-id=77;user-type=",
                chrono::Utc::now().timestamp_millis()
            );
            t.twitch().deliver_raw(TOWN, &format!("@{tags} :dana!dana@dana.tmi.twitch.tv PRIVMSG #{TOWN} :odd colours {id}"));
        }
        t.until_stored("odd3").await?;
        let mut texts: Vec<String> = t.lines().await?.into_iter().map(|line| line.text).collect();
        texts.retain(|text| text.starts_with("odd colours"));
        assert_eq!(texts, ["odd colours odd1", "odd colours odd2", "odd colours odd3"]);
        assert_eq!(t.twitch().connections_total(), 1, "on the same connection");
        still_works(t).await
    })
    .await
}
