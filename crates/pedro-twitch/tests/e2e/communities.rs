//! One memory for a community's channels, and a wall between communities.

use anyhow::{Result, ensure};
use sqlx::PgPool;

use crate::tester::{Setup, TOWN};

const OTHER: &str = "othertown";
const FACT: &str = "the stream moves to thursday because of the zanzibar meetup";

#[sqlx::test(migrations = false)]
async fn two_channels_of_a_community_share_a_memory_and_links(pool: PgPool) -> Result<()> {
    let setup = Setup { channels: vec![OTHER], ..Setup::default() };
    setup
        .run(pool, async |t| {
            t.chat_in(OTHER, "alice", FACT);
            t.until_stored_in(OTHER).await?;
            t.until_embedded().await?;
            let question = t.chat("bob", "pedro, when is the stream this week?");
            t.next_reply_to(&question).await?;
            ensure!(t.prompts()[0].contains(FACT), "{}", t.prompts()[0]);
            let add = t.chat_in(OTHER, OTHER, "!addlink docs https://doc.rust-lang.org/book");
            assert_eq!(t.next_reply_in(OTHER).await?.reply_to, Some(add));
            let links = t.chat("bob", "!links docs");
            assert_eq!(t.next_reply_to(&links).await?, "docs: https://doc.rust-lang.org/book");
            let lines = t.lines().await?;
            ensure!(lines.iter().all(|line| line.community == "default"));
            ensure!(lines.iter().any(|line| line.channel == OTHER) && lines.iter().any(|line| line.channel == TOWN));
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn what_one_community_says_never_reaches_another(pool: PgPool) -> Result<()> {
    let config = "
communities:
  - {name: one, twitch: [pedrotown]}
  - {name: two, twitch: [othertown]}
";
    let setup = Setup { channels: vec![OTHER], config: Some(config.to_owned()), ..Setup::default() };
    setup
        .run(pool, async |t| {
            t.chat_in(OTHER, "alice", FACT);
            t.chat_in(OTHER, OTHER, "!addlink zanzibar https://zanzibar.example");
            t.next_reply_in(OTHER).await?;
            t.until_stored_in(OTHER).await?;
            t.until_embedded().await?;
            for (login, question) in [
                ("bob", "pedro, when is the stream this week?"),
                ("carol", "pedro, what did alice say about zanzibar?"),
            ] {
                let question = t.chat(login, question);
                t.next_reply_to(&question).await?;
            }
            for (prompt, asked) in t.prompts().iter().zip(["", "zanzibar"]) {
                let rest = prompt.replace("what did alice say about zanzibar?", asked);
                ensure!(!rest.contains("thursday") && !rest.contains("https://zanzibar"), "{prompt}");
            }
            let links = t.chat("bob", "!links zanzibar");
            ensure!(t.next_reply_to(&links).await?.starts_with("I have no link"));
            // At home it is known.
            let question = t.chat_in(OTHER, "alice", "pedro, when is the stream this week?");
            assert_eq!(t.next_reply_in(OTHER).await?.reply_to, Some(question));
            ensure!(t.prompts().last().is_some_and(|prompt| prompt.contains(FACT)));
            let mut lines = t.lines().await?;
            lines.retain(|line| (line.channel == OTHER) != (line.community == "two"));
            ensure!(lines.is_empty(), "{lines:#?}");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn an_answer_goes_to_the_channel_where_it_was_asked(pool: PgPool) -> Result<()> {
    let setup = Setup { channels: vec![OTHER], ..Setup::default() };
    setup
        .run(pool, async |t| {
            let here = t.chat("alice", "pedro, what is a trait?");
            let there = t.chat_in(OTHER, "bob", "pedro, what is a crate?");
            assert_eq!(t.next_reply().await?.reply_to, Some(here));
            assert_eq!(t.next_reply_in(OTHER).await?.reply_to, Some(there));
            Ok(())
        })
        .await
}
