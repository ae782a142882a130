//! Answers go through Twitch's API, with the application's own token.

use std::time::Duration;

use anyhow::{Result, ensure};
use pedro_core::testing::Turn;
use sqlx::PgPool;

use crate::database;
use crate::tester::{Setup, TOWN};

const APP_SECRET: &str = "appsecretthatnobodymaysee0123456789";

fn setup() -> Setup {
    let environment = vec![
        ("TWITCH_SEND", "helix".to_owned()),
        ("TWITCH_SECRET", APP_SECRET.to_owned()),
        // The failures that tests order are for what is sent.
        ("TWITCH_EVENTSUB_URL", "ws://127.0.0.1:1/ws".to_owned()),
        ("TWITCH_POLL_INTERVAL", "1h".to_owned()),
    ];
    Setup { helix: true, environment, ..Setup::default() }
}

#[sqlx::test(migrations = false)]
async fn answers_wear_the_bot_badge_and_are_stored_once(pool: PgPool) -> Result<()> {
    setup()
        .run(pool, async |t| {
            t.model.push(Turn::say("a lifetime is how long a borrow holds"));
            let question = t.chat("alice", "pedro, what is a lifetime?");
            let line = t.next_reply().await?;
            assert_eq!(line.text, "a lifetime is how long a borrow holds");
            assert_eq!(line.reply_to.as_deref(), Some(question.as_str()));
            ensure!(line.badges.iter().any(|(badge, _)| badge == "bot-badge"), "{:?}", line.badges);
            t.until_all_answered().await?;
            t.settle().await?;
            let own = "select count(*) from pedro.message where text like 'a lifetime%' and generation_id is not null";
            assert_eq!(database::count(t.db(), own).await?, 1, "with what it was made from");
            let all = "select count(*) from pedro.message where text like 'a lifetime%'";
            assert_eq!(database::count(t.db(), all).await?, 1);
            ensure!(!t.log().contains(APP_SECRET), "the secret is in the log");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn what_twitch_drops_is_counted_and_sent_again_when_that_helps(pool: PgPool) -> Result<()> {
    setup()
        .run(pool, async |t| {
            t.twitch().reject_next_send(TOWN, "msg_ratelimit");
            t.model.push(Turn::say("first answer"));
            let question = t.chat("alice", "pedro, what is a lifetime?");
            assert_eq!(t.next_reply_to(&question).await?.trim_end_matches(" ·"), "first answer");
            ensure!(t.metric("twitch_message_rejected_count").await? >= 1.0);
            ensure!(t.log().contains("msg_ratelimit"), "the reason is in the log");
            t.until_all_answered().await?;
            t.twitch().reject_next_send(TOWN, "channel_settings");
            let question = t.chat("bob", "pedro, what is a trait?");
            ensure!(t.next_reply_to(&question).await?.starts_with("I would rather not"), "it never will be taken");
            ensure!(t.log().contains("was not sent"), "the log says so");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn an_api_in_trouble_holds_an_answer_up_and_loses_nothing(pool: PgPool) -> Result<()> {
    setup()
        .run(pool, async |t| {
            // The title was asked for: what fails from now on is what is sent.
            t.until("the title is known", async |t| {
                Ok((database::count(t.db(), "select count(*) from pedro.stream_title").await? == 1).then_some(()))
            })
            .await?;
            for (number, status) in [500, 429, 401].into_iter().enumerate() {
                t.twitch().helix_fail(1, status);
                let answer = format!("answer {number} in spite of {status}");
                t.model.push(Turn::say(answer.clone()));
                let question = t.chat("alice", "pedro, what is a lifetime?");
                assert_eq!(t.next_reply_to(&question).await?.trim_end_matches(" ·"), answer);
                t.until_all_answered().await?;
                assert_eq!(t.replies_to(&question).len(), 1);
            }
            // Its token ended: another one is fetched.
            t.twitch().set_token_lifetime(Duration::from_secs(3_600));
            t.twitch().expire_tokens();
            t.model.push(Turn::say("with another token"));
            let question = t.chat("alice", "pedro, and now?");
            assert_eq!(t.next_reply_to(&question).await?, "with another token");
            Ok(())
        })
        .await
}
