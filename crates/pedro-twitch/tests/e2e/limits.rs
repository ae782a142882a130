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
            // Each process alone stays far below the limit of 20; together they do not. The same is asked again and again:
            // after a kill, too, an answer must differ from the one before.
            for (round, count) in [8, 8, 6].into_iter().enumerate() {
                let before = said(t);
                for n in 0..count {
                    t.chat_in(TOWNS[n % 3], &format!("viewer{round}{n}"), "!title");
                }
                t.until("all was said", async |t| Ok((said(t) >= before + count).then_some(()))).await?;
                t.kill().await?;
                t.start().await?;
            }
            assert_eq!(said(t), 22, "nothing was said twice");
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
