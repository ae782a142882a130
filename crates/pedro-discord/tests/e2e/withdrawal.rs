//! An answer that was wrong is taken back by whoever asked, or a moderator.

use anyhow::{Context, Result, ensure};
use pedro_core::testing::Turn;
use pedro_playground::discord::{Message, Snowflake};
use sqlx::PgPool;

use crate::database::rows_with;
use crate::tester::{DiscordTester, run_test};

const TAKEN_BACK: &str = "I take that back";

const LIFETIME: &str = "what is a lifetime?";
const BICYCLE: &str = "who invented bicycles?";
const TOWER: &str = "how tall are water towers?";

/// Somebody's question, and the wrong answer to it. Questions differ: an answer goes with those that it was made from.
async fn wrong_answer(t: &mut DiscordTester, person: &str, question: &str, text: &str) -> Result<Message> {
    t.model.push(Turn::say(text));
    let asked = t.ask(person, question).await?;
    let answer = t.next_answer(asked.thread).await?;
    t.until_all_answered().await?;
    ensure!(answer.content == text, "{answer:?}");
    Ok(answer)
}

async fn until_taken_back(t: &mut DiscordTester, id: Snowflake) -> Result<()> {
    t.until("the answer is taken back", async |t| {
        let message = t.discord().message(id).context("the message is gone")?;
        Ok(message.content.starts_with(TAKEN_BACK).then_some(()))
    })
    .await?;
    let stored = t.lines().await?.into_iter().any(|line| line.platform_message_id == id.to_string());
    ensure!(!stored, "the answer is still in memory");
    Ok(())
}

#[sqlx::test(migrations = false)]
async fn a_thumbs_down_of_the_asker_or_a_moderator_takes_an_answer_back(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let first = wrong_answer(t, "alice", LIFETIME, "It is a xylquartz of time.").await?;
        let second = wrong_answer(t, "bob", BICYCLE, "It is something else.").await?;
        let third = wrong_answer(t, "carol", TOWER, "It is what it is.").await?;
        // A stranger's changes nothing, nor does another emoji.
        t.discord().react(first.id, "dana", "👎");
        t.discord().react(third.id, "carol", "👍");
        t.discord().react(first.id, "alice", "👎🏽");
        until_taken_back(t, first.id).await?;
        t.discord().react(second.id, "dana", "👎");
        t.discord().react(second.id, "maud", "👎");
        until_taken_back(t, second.id).await?;
        ensure!(rows_with(t.db(), "of time").await?.iter().all(|row| !row.starts_with("message")));
        let third = t.discord().message(third.id).context("the message is gone")?;
        assert_eq!(third.content, "It is what it is.");
        // Once is enough.
        t.discord().react(first.id, "maud", "👎");
        t.settle().await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_strangers_thumbs_down_changes_nothing(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let answer = wrong_answer(t, "alice", LIFETIME, "It is a span of time.").await?;
        let other = wrong_answer(t, "bob", BICYCLE, "It is something else.").await?;
        t.discord().react(answer.id, "dana", "👎");
        // The next one has been dealt with: so has the first.
        t.discord().react(other.id, "bob", "👎");
        until_taken_back(t, other.id).await?;
        assert_eq!(
            t.discord().message(answer.id).map(|answer| answer.content).as_deref(),
            Some("It is a span of time.")
        );
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn wrong_as_a_reply_takes_an_answer_back_and_is_refused_to_strangers(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.chat("alice", "pedro, what is a lifetime?");
        let answer = t.next_answer(t.general).await?;
        t.until_all_answered().await?;
        let refused = t.discord().reply(t.general, "dana", "!wrong", answer.id);
        let told = t.next_message(t.general).await?;
        ensure!(told.reply_to == Some(refused) && told.content.contains("whoever asked"), "{told:?}");
        let command = t.discord().reply(t.general, "alice", "!wrong", answer.id);
        let told = t.next_message(t.general).await?;
        ensure!(told.reply_to == Some(command) && told.content.starts_with(TAKEN_BACK), "{told:?}");
        until_taken_back(t, answer.id).await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn an_answer_in_a_thread_of_several_messages_goes_as_a_whole(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let sentences: Vec<String> = (0..120).map(|n| format!("Sentence number {n:03} tells you something.")).collect();
        t.model.push(Turn::say(sentences.join(" ")));
        let asked = t.ask("alice", "what is a lifetime?").await?;
        t.until_all_answered().await?;
        t.read_all(asked.thread);
        let messages = t.discord().bot_messages(asked.thread);
        let last = messages.last().context("nothing was said")?.id;
        ensure!(t.discord().react(last, "alice", "👎"));
        t.until("no piece is left", async |t| {
            Ok((!t.says(asked.thread).iter().any(|text| text.contains("Sentence"))).then_some(()))
        })
        .await
    })
    .await
}
