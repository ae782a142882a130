//! Twitch's send limits are the account's: they outlast a process, and who breaks them is ignored for half an hour.

use anyhow::{Result, ensure};
use sqlx::PgPool;

use crate::tester::{BOT, Setup, TOWN, TwitchTester, run_test};

const TOWNS: [&str; 3] = [TOWN, "secondtown", "thirdtown"];

/// What the bot has said in all towns.
fn said(t: &TwitchTester) -> usize {
    TOWNS.iter().map(|town| t.twitch().bot_lines(town).len()).sum()
}

#[sqlx::test(migrations = false)]
async fn kills_close_together_do_not_make_the_bot_break_twitchs_limits(pool: PgPool) -> Result<()> {
    let setup = Setup { channels: TOWNS[1..].to_vec(), ..Setup::default() };
    setup
        .run(pool, async |t| {
            // The same is asked again and again: after a kill, too, the same answer must differ from the one before.
            for round in 0..3 {
                let before = said(t);
                for n in 0..9 {
                    t.chat_in(TOWNS[n % 3], &format!("viewer{round}{n}"), "!title");
                }
                let room = (18 - before).min(9);
                t.until("the bot said some of it", async |t| Ok((said(t) >= before + room).then_some(()))).await?;
                if round < 2 {
                    t.kill().await?;
                    t.start().await?;
                }
            }
            t.until("what is too much waits", async |t| {
                Ok((t.metric("pedro_rate_limit_waits_total").await? > 0.0).then_some(()))
            })
            .await?;
            // What nobody noted before it was sent would not count at the next start.
            t.kill().await?;
            t.start().await?;
            t.chat("alice", "!title");
            t.until("it still waits", async |t| {
                Ok((t.metric("pedro_rate_limit_waits_total").await? > 0.0).then_some(()))
            })
            .await?;
            t.kill().await?;
            t.read_all();
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn while_twitch_ignores_the_bot_the_operator_is_told_and_answers_wait(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.expect_error("Twitch ignores");
        t.twitch().ignore(BOT, true);
        let question = t.chat("alice", "pedro, what is a lifetime?");
        let told = t.until_red("twitch").await?;
        ensure!(told.contains("half an hour"), "{told}");
        assert_eq!(t.log().matches("Twitch ignores").count(), 1);
        ensure!(t.metric("twitch_message_rejected_count").await? >= 2.0);
        assert_eq!(t.metric("twitch_message_sent_count").await?, 0.0, "what nobody saw was not said");
        // Everything is still heard.
        t.settle().await?;
        t.twitch().ignore(BOT, false);
        assert_eq!(t.next_reply_to(&question).await?.trim_end_matches(" ·"), "scripted answer");
        t.until_all_answered().await?;
        assert_eq!(t.replies_to(&question).len(), 1);
        t.until_ready().await?;
        ensure!(t.log().contains("again, after"), "that it listens again is told");
        Ok(())
    })
    .await
}
