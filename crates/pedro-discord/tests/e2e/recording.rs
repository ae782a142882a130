//! What is said is stored, follows what becomes of it, and goes with it.

use anyhow::{Context, Result, ensure};
use pedro_playground::discord::Snowflake;
use sqlx::PgPool;

use crate::database::{self, StoredLine, rows_with};
use crate::tester::{BOT, DiscordTester, run_test};

const FACT: &str = "the surprise stream about zanzibar is on thursday";

/// The vectors of a line.
async fn embedding(t: &DiscordTester, line: &StoredLine) -> Result<Vec<String>> {
    let sql = "select embedding::text from pedro.message_embedding where message_id = $1";
    Ok(sqlx::query_scalar(sql).bind(line.id).fetch_all(t.db()).await?)
}

#[sqlx::test(migrations = false)]
async fn lines_of_channels_threads_and_direct_messages_are_stored_under_their_authors_id(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let discord = t.discord().clone();
        let bob = discord.user("bob");
        let public = discord.begin_thread(t.general, "bob", "a talk", false);
        let private = discord.begin_thread(t.general, "alice", "a secret", true);
        discord.join_thread(private, BOT);
        let direct = discord.dm("alice");
        let mut said = Vec::new();
        for channel in [t.general, public, private, direct] {
            said.push((channel, t.chat_in(channel, "alice", &format!("hello <@{bob}>, how are you?"))));
        }
        t.next_answer(direct).await?;
        discord.set_display_name("alice", "Queen of Rust");
        said.push((t.random, t.chat_in(t.random, "alice", "I am somebody else now")));
        for (channel, id) in said {
            let line = t.until_stored(id).await?;
            assert_eq!((line.kind.as_str(), line.community.as_str()), ("person", "default"));
            assert_eq!(line.platform_user_id, discord.user("alice").to_string());
            assert_eq!(line.channel, channel.to_string());
            ensure!(line.text == "hello @bob, how are you?" || channel == t.random, "{line:?}");
        }
        let names: Vec<String> =
            sqlx::query_scalar("select display_name from pedro.author where login = 'alice'").fetch_all(t.db()).await?;
        assert_eq!(names, ["Queen of Rust"]);
        t.until_embedded().await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn an_edited_line_says_what_it_says_now_and_is_embedded_again(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let id = t.chat("alice", "the stream is on monday");
        t.until_embedded().await?;
        let line = t.until_stored(id).await?;
        let before = embedding(t, &line).await?;
        ensure!(before.len() == 1, "{before:?}");
        ensure!(t.discord().edit(id, FACT));
        t.until("the line says what it says now", async |t| {
            let lines = t.lines().await?;
            Ok(lines.iter().any(|line| line.platform_message_id == id.to_string() && line.text == FACT).then_some(()))
        })
        .await?;
        t.until_embedded().await?;
        let after = embedding(t, &line).await?;
        ensure!(after.len() == 1 && after != before, "{after:?}");
        ensure!(rows_with(t.db(), "monday").await?.is_empty());
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn deleted_lines_leave_memory_one_by_one_and_in_bulk(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let ids: Vec<Snowflake> = (0..5).map(|number| t.chat("alice", &format!("xylquartz number {number}"))).collect();
        t.until_embedded().await?;
        ensure!(t.discord().delete(ids[0]));
        assert_eq!(t.discord().bulk_delete(t.general, &ids[1..4]), 3);
        t.until("one line is left", async |t| {
            Ok((rows_with(t.db(), "xylquartz number").await?.len() == 1).then_some(()))
        })
        .await?;
        ensure!(rows_with(t.db(), "xylquartz number 4").await?.len() == 1);
        let embeddings = database::count(t.db(), "select count(*) from pedro.message_embedding").await?;
        assert_eq!(embeddings, t.lines().await?.len() as i64);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn with_a_channel_goes_what_was_said_in_it_and_in_its_threads(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let thread = t.discord().begin_thread(t.random, "alice", "a talk", false);
        let in_channel = t.chat_in(t.random, "alice", "xylquartz in the channel");
        let in_thread = t.chat_in(thread, "alice", "xylquartz in the thread");
        t.until_stored(in_channel).await?;
        t.until_stored(in_thread).await?;
        ensure!(t.discord().delete_channel(t.random));
        t.until("nothing is left", async |t| Ok(rows_with(t.db(), "xylquartz").await?.is_empty().then_some(()))).await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_message_that_is_delivered_twice_is_stored_and_answered_once(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let line = t.chat("alice", "hello everybody, how are you?");
        ensure!(t.discord().redeliver(line));
        let question = t.chat("alice", "pedro, what is a lifetime?");
        ensure!(t.discord().redeliver(question));
        assert_eq!(t.next_answer(t.general).await?.reply_to, Some(question));
        ensure!(t.discord().redeliver(question));
        t.settle().await?;
        t.until_all_answered().await?;
        for id in [line, question] {
            let lines = t.lines().await?;
            assert_eq!(lines.iter().filter(|line| line.platform_message_id == id.to_string()).count(), 1);
        }
        assert_eq!(t.model.requests().len(), 1);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn the_bots_own_words_are_stored_once_with_the_generation_that_they_say(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let asked = t.ask("alice", "what is a lifetime?").await?;
        let answer = t.next_answer(asked.thread).await?;
        t.until_all_answered().await?;
        t.settle().await?;
        let mut lines = t.lines().await?;
        lines.retain(|line| line.kind == "pedro");
        let [line] = &lines[..] else { anyhow::bail!("not one line of Pedro's: {lines:#?}") };
        assert_eq!((&line.platform_message_id, &line.text), (&answer.id.to_string(), &answer.content));
        assert_eq!(line.channel, asked.thread.to_string());
        assert_eq!(line.reply_to, Some(asked.interaction.to_string()));
        let sql = "select generation_id from pedro.message where author_kind = 'pedro'";
        let generation: Option<i64> = sqlx::query_scalar(sql).fetch_one(t.db()).await?;
        generation.context("the line does not know its generation").map(drop)
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn what_another_bot_says_is_stored_and_neither_answered_nor_evidence(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.discord().make_bot("otherbot");
        let line = t.chat_in(t.random, "otherbot", FACT);
        t.chat_in(t.random, "otherbot", "pedro, when is the stream?");
        assert_eq!(t.until_stored(line).await?.kind, "bot");
        t.until_embedded().await?;
        let asked = t.ask("alice", "when is the surprise stream about zanzibar?").await?;
        t.next_answer(asked.thread).await?;
        ensure!(!t.prompts()[0].contains("thursday"), "{}", t.prompts()[0]);
        assert_eq!(t.prompts().len(), 1);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn what_was_said_before_the_bot_first_came_is_fetched(pool: PgPool) -> Result<()> {
    crate::tester::NOT_STARTED
        .run(pool, async |t| {
            let ids: Vec<Snowflake> =
                (0..130).map(|number| t.chat("alice", &format!("line number {number}"))).collect();
            t.start().await?;
            t.until_stored(ids[129]).await?;
            let mut lines = t.lines().await?;
            lines.retain(|line| line.text.starts_with("line number"));
            let stored: Vec<&String> = lines.iter().map(|line| &line.platform_message_id).collect();
            let said: Vec<String> = ids.iter().map(ToString::to_string).collect();
            assert_eq!(stored, said.iter().collect::<Vec<_>>());
            Ok(())
        })
        .await
}
