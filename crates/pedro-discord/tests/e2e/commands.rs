//! The slash commands: registered once, answered from tables, refused kindly.

use anyhow::{Context, Result, ensure};
use pedro_core::testing::Turn;
use pedro_playground::discord::Snowflake;
use serde_json::Value;
use sqlx::PgPool;

use crate::database;
use crate::tester::{DiscordTester, PATIENCE, run_test};

#[sqlx::test(migrations = false)]
async fn commands_are_registered_once_and_not_again_at_a_restart(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        assert_eq!(t.discord().command_overwrites(), 1);
        let names: Vec<Value> = t.discord().commands(None).into_iter().map(|command| command["name"].clone()).collect();
        for name in ["askpedro", "stumppedro", "helppedro", "links", "addlink", "dellink", "title", "titles", "privacy"]
        {
            ensure!(names.contains(&Value::from(name)), "{name} is not among {names:?}");
        }
        t.terminate().await?;
        t.start().await?;
        t.settle().await?;
        ensure!(t.told("alice", "links", &[]).await?.contains("no links"));
        assert_eq!(t.discord().command_overwrites(), 1);
        Ok(())
    })
    .await
}

/// The names that are offered to somebody who types.
async fn offered(t: &mut DiscordTester, command: &str, option: &str, typed: &str) -> Result<Vec<Value>> {
    let discord = t.discord().clone();
    let id = discord.autocomplete(t.general, "maud", command, &[(option, typed.into())], option)?;
    let choices = discord.answered(id, PATIENCE).await?.choices.context("nothing was offered")?;
    Ok(choices.into_iter().map(|choice| choice["value"].clone()).collect())
}

#[sqlx::test(migrations = false)]
async fn links_are_added_found_offered_and_removed_by_those_who_may(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let book =
            [("name", "book".into()), ("url", "https://doc.rust-lang.org/book".into()), ("words", "rust".into())];
        let refused = t.slash(t.general, "alice", "addlink", &book);
        ensure!(refused.is_err(), "a member may add links");
        assert_eq!(t.told("maud", "addlink", &book).await?, "added the link book.");
        let told = t.told("maud", "addlink", &[("name", "go".into()), ("url", "https://go.dev".into())]).await?;
        assert_eq!(told, "added the link go.");
        let told = t.told("maud", "addlink", &[("name", "bad".into()), ("url", "javascript:alert(1)".into())]).await?;
        ensure!(told.starts_with("use it like this: /addlink"), "{told}");
        assert_eq!(t.told("alice", "links", &[("word", "rust".into())]).await?, "book: https://doc.rust-lang.org/book");
        let told = t.told("alice", "links", &[]).await?;
        ensure!(told.contains("https://go.dev") && told.contains("https://doc.rust-lang.org/book"), "{told}");
        ensure!(t.told("alice", "links", &[("word", "nonsense".into())]).await?.contains("/links shows all"));
        assert_eq!(offered(t, "links", "word", "bo").await?, ["book"]);
        assert_eq!(offered(t, "dellink", "name", "").await?.len(), 2);
        ensure!(t.slash(t.general, "alice", "dellink", &[("name", "book".into())]).is_err());
        assert_eq!(t.told("maud", "dellink", &[("name", "book".into())]).await?, "removed the link book.");
        ensure!(t.told("maud", "dellink", &[("name", "book".into())]).await?.contains("there is no link"));
        // A link that fits is offered to the model.
        let asked = t.ask("alice", "where do I find the go website?").await?;
        t.next_answer(asked.thread).await?;
        ensure!(t.prompts()[0].contains("https://go.dev"), "{}", t.prompts()[0]);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn titles_of_the_communitys_stream_are_told_and_known_to_the_model(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        ensure!(t.told("alice", "title", &[]).await?.contains("do not know the title yet"));
        t.twitch_title("Writing a parser in Zig", false).await?;
        t.twitch_title("Rewriting it in Rust", true).await?;
        let told = t.told("alice", "title", &[]).await?;
        ensure!(told.contains("Rewriting it in Rust") && told.contains("live"), "{told}");
        let told = t.told("alice", "titles", &[]).await?;
        ensure!(told.contains("Writing a parser in Zig") && told.contains("Rewriting it in Rust"), "{told}");
        let told = t.told("alice", "titles", &[("count", 1.into())]).await?;
        ensure!(!told.contains("Writing a parser in Zig"), "{told}");
        let asked = t.ask("alice", "what is going on today?").await?;
        t.next_answer(asked.thread).await?;
        ensure!(t.prompts()[0].contains("Rewriting it in Rust"), "{}", t.prompts()[0]);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn the_help_is_for_whoever_asks_for_it_alone(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let interaction = t.slash(t.general, "alice", "helppedro", &[])?;
        let help = t.response(interaction).await?;
        assert_eq!(help.ephemeral_for.as_deref(), Some("alice"));
        for word in ["/askpedro", "/links", "/privacy optout", "stored"] {
            ensure!(help.content.contains(word), "{word} is not in {}", help.content);
        }
        ensure!(!help.content.contains('!'), "Discord has no such commands: {}", help.content);
        ensure!(t.discord().sees("bob", t.general).is_empty());
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn in_a_pause_nobody_is_answered_until_it_is_ended(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        ensure!(t.slash(t.general, "alice", "pedro-pause", &[]).is_err(), "a member may pause");
        ensure!(t.told("maud", "pedro-pause", &[]).await?.contains("quiet for 10 minutes"));
        let unheard = t.chat("alice", "pedro, are you there?");
        t.until_stored(unheard).await?;
        // A pause outlasts the process.
        t.terminate().await?;
        t.start().await?;
        let unheard = t.chat("bob", "pedro, are you there?");
        t.until_stored(unheard).await?;
        assert_eq!(database::count(t.db(), "select count(*) from pedro.question").await?, 0);
        ensure!(t.told("maud", "pedro-pause", &[("minutes", 0.into())]).await?.contains("I am back"));
        let question = t.chat("alice", "pedro, are you there now?");
        assert_eq!(t.next_answer(t.general).await?.reply_to, Some(question));
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn how_much_pedro_speaks_is_set_by_those_who_may_and_outlasts_the_process(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let level = |level: &str| [("level", Value::from(level))];
        ensure!(t.slash(t.general, "alice", "pedro-chattiness", &level("quiet")).is_err(), "a member may set it");
        ensure!(t.told("maud", "pedro-chattiness", &level("quiet")).await?.contains("commands only"));
        t.terminate().await?;
        t.start().await?;
        let unheard = t.chat("alice", "pedro, are you there?");
        t.until_stored(unheard).await?;
        t.settle().await?;
        assert_eq!(database::count(t.db(), "select count(*) from pedro.question").await?, 0);
        ensure!(t.told("maud", "pedro-chattiness", &level("named")).await?.contains("when I am named"));
        let question = t.chat("alice", "pedro, are you there now?");
        assert_eq!(t.next_answer(t.general).await?.reply_to, Some(question));
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_question_to_the_room_is_answered_in_its_place_without_a_sign_before(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.chat("bob", "the stream moves to thursday at 19:30 because of the meetup");
        t.until_embedded().await?;
        t.model.push(Turn::say("Thursday at 19:30, bob said."));
        let question = t.chat("alice", "does anyone know when the stream is because of the meetup?");
        let answer = t.next_answer(t.general).await?;
        assert_eq!((answer.content.as_str(), answer.reply_to), ("Thursday at 19:30, bob said.", Some(question)));
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_stop_cancels_what_was_asked_in_the_channel_and_leaves_nobody_hanging(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.model.push(Turn::Hang);
        let asked = t.ask("alice", "what is a lifetime?").await?;
        let shown: Snowflake = t.until_said(asked.thread, "on it, give me a moment.").await?.id;
        let elsewhere = t.ask_in(t.random, "bob", "what is a trait?").await?;
        ensure!(t.slash(t.general, "alice", "pedro-stop", &[]).is_err(), "a member may stop it");
        ensure!(t.told("maud", "pedro-stop", &[]).await?.contains("1 question cancelled"));
        // The model is free for the other one.
        assert_eq!(t.next_answer(elsewhere.thread).await?.content, "scripted answer");
        t.until_all_answered().await?;
        assert_eq!(t.until_final(shown).await?.content, "stopped: this question was cancelled.");
        ensure!(t.told("maud", "pedro-stop", &[]).await?.contains("nothing was running"));
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_new_thread_starts_with_what_is_set_for_its_channel(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let level = |level: &str| [("level", level.into())];
        ensure!(t.told("maud", "pedro-chattiness", &level("quiet")).await?.contains("commands only"));
        t.told("maud", "pedro-agentic-mode", &[("mode", "off".into())]).await?;
        sqlx::query("update pedro.channel set retention_days = 7 where name = 'general'").execute(t.db()).await?;
        let thread = t.discord().begin_thread(t.general, "alice", "about the keyboard", false);
        let elsewhere = t.discord().begin_thread(t.random, "alice", "about the mouse", false);
        let unheard = t.chat_in(thread, "bob", "pedro, what keyboard is it?");
        t.until_stored(unheard).await?;
        let heard = t.chat_in(elsewhere, "bob", "pedro, what mouse is it?");
        t.until_stored(heard).await?;
        t.next_answer(elsewhere).await?;
        t.until_all_answered().await?;
        ensure!(t.says(thread).is_empty(), "its channel is quiet");
        let set = sqlx::query_as::<_, (String, bool, Option<i32>)>(
            "select chattiness, agentic, retention_days from pedro.channel where platform_channel_id = $1",
        )
        .bind(thread.to_string())
        .fetch_one(t.db())
        .await?;
        assert_eq!(set, ("quiet".to_owned(), false, Some(7)));
        // From then on it has a life of its own.
        let interaction = t.slash(thread, "maud", "pedro-chattiness", &level("named"))?;
        t.response(interaction).await?;
        t.chat_in(thread, "bob", "pedro, and now?");
        t.next_answer(thread).await.map(drop)
    })
    .await
}
