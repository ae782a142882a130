//! What only moderators may do, and what they can have forgotten.

use anyhow::{Context, Result, ensure};
use pedro_core::chat::Role;
use pedro_core::testing::Turn;
use pedro_core::trigger::COMMANDS;
use pedro_playground::ChatLine;
use sqlx::PgPool;

use crate::database::{self, rows_with};
use crate::tester::{BOT, Setup, TOWN, TwitchTester, run_test};

/// A word that nobody says by chance.
const WORD: &str = "xylquartz";

/// Says a command as a reply to a line and returns the answer.
async fn reply(t: &mut TwitchTester, login: &str, text: &str, to: &str) -> Result<String> {
    let command = t.reply(login, text, to);
    t.next_reply_to(&command).await
}

/// A line, and somebody else's answer that was made from it. The ids of the line, the question and the answer.
async fn answered_from_a_line(t: &mut TwitchTester) -> Result<(String, String, String)> {
    let line = t.chat("quiltwick", &format!("the password of the {WORD} server is written on the fridge"));
    t.small_talk();
    t.until_embedded().await?;
    t.model.push(Turn::say(format!("It is on the fridge, {WORD} and all.")));
    let question = t.chat("bob", "pedro, where is the password of the server?");
    let answer = t.next_reply().await?;
    ensure!(answer.reply_to.as_ref() == Some(&question), "{answer:?}");
    t.until_all_answered().await?;
    ensure!(t.prompts()[0].contains(WORD), "{}", t.prompts()[0]);
    Ok((line, question, answer.id))
}

#[sqlx::test(migrations = false)]
async fn a_line_that_a_moderator_has_forgotten_is_nowhere_nor_what_was_made_from_it(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.twitch().make_moderator(TOWN, "maud");
        let (line, question, _) = answered_from_a_line(t).await?;
        ensure!(reply(t, "maud", "!forget", &line).await?.starts_with("done"));
        t.until_embedded().await?;
        let left = rows_with(t.db(), WORD).await?;
        ensure!(left.is_empty(), "{left:#?}");
        let lines = t.lines().await?;
        ensure!(lines.iter().any(|kept| kept.platform_message_id == question), "the question stays: it is Bob's");
        // Nothing of it comes up again.
        let again = t.chat("carol", "pedro, where is the password of the server?");
        t.next_reply_to(&again).await?;
        ensure!(t.prompts().last().is_some_and(|prompt| !prompt.contains(WORD)), "{:?}", t.prompts().last());
        ensure!(reply(t, "maud", "!forget", &line).await?.starts_with("I have nothing of that line"));
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn only_moderators_have_lines_forgotten_and_only_by_a_reply(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.twitch().make_moderator(TOWN, "maud");
        let line = t.chat("quiltwick", &format!("my word is {WORD}"));
        t.until_stored(&line).await?;
        t.twitch().set_display_name("eve", "PedroTown");
        for login in ["bob", "eve", "quiltwick"] {
            ensure!(reply(t, login, "!forget", &line).await?.starts_with("sorry, only moderators"), "{login}");
        }
        let alone = t.chat("maud", "!forget");
        ensure!(t.next_reply_to(&alone).await?.contains("as a reply to the line"));
        ensure!(reply(t, "maud", "!forget about it", &line).await?.contains("use it like this: !forget"));
        ensure!(!rows_with(t.db(), WORD).await?.is_empty());
        ensure!(reply(t, TOWN, "!forget", &line).await?.starts_with("done"));
        ensure!(rows_with(t.db(), WORD).await?.is_empty());
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn an_answer_that_a_moderator_has_forgotten_goes_with_all_its_pieces(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.twitch().make_moderator(TOWN, "maud");
        let animals = ["cat", "dog", "fox", "owl", "bear", "wolf", "hare", "deer", "mole", "crow", "swan", "goat"];
        let chapters =
            animals.map(|animal| format!("The {animal} of the old mill went to sea in a boat of {animal} hair."));
        let long = format!("{} {WORD} is the end.", chapters.join(" "));
        t.model.push(Turn::say(long));
        let question = t.chat("bob", "pedro, tell me a story");
        let first = t.next_reply().await?;
        ensure!(first.reply_to.as_ref() == Some(&question), "{first:?}");
        let second = t.next_reply().await?;
        ensure!(second.text.contains(WORD) && !first.text.contains(WORD), "{second:?}");
        t.until_all_answered().await?;
        ensure!(!rows_with(t.db(), WORD).await?.is_empty());
        // Pointed at by its first piece.
        ensure!(reply(t, "maud", "!forget", &first.id).await?.starts_with("done"));
        for word in [WORD, "of the old mill"] {
            let left = rows_with(t.db(), word).await?;
            ensure!(left.is_empty(), "{left:#?}");
        }
        ensure!(!rows_with(t.db(), "tell me a story").await?.is_empty(), "the question stays");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn what_is_forgotten_while_its_answer_is_made_is_not_in_the_answer(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.twitch().make_moderator(TOWN, "maud");
        let line = t.chat("quiltwick", &format!("the password of the {WORD} server is written on the fridge"));
        t.small_talk();
        t.until_embedded().await?;
        t.model.push(Turn::Trickle {
            chunks: vec![format!("It is {WORD} "), "on the fridge.".to_owned()],
            every: std::time::Duration::from_secs(4),
        });
        let question = t.chat("bob", "pedro, where is the password of the server?");
        t.until_generating(1).await?;
        ensure!(reply(t, "maud", "!forget", &line).await?.starts_with("done"));
        assert_eq!(t.next_reply_to(&question).await?, "scripted answer");
        t.until_all_answered().await?;
        let left = rows_with(t.db(), WORD).await?;
        ensure!(left.is_empty(), "{left:#?}");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn lines_older_than_the_configured_days_are_gone_after_a_start(pool: PgPool) -> Result<()> {
    let config = "communities: [{name: short, twitch: [pedrotown], retention_days: 30}]";
    let setup = Setup { config: Some(config.to_owned()), ..Setup::default() };
    setup
        .run(pool, async |t| {
            let (line, ..) = answered_from_a_line(t).await?;
            t.terminate().await?;
            sqlx::query("update pedro.message set sent_at = now() - interval '31 days' where platform_message_id = $1")
                .bind(&line)
                .execute(t.db())
                .await?;
            t.start().await?;
            t.until("nothing of the line is left", async |t| {
                Ok(rows_with(t.db(), WORD).await?.is_empty().then_some(()))
            })
            .await?;
            ensure!(t.lines().await?.iter().any(|line| line.text.contains("good evening")), "the others stay");
            let what = "the line and the answer are counted";
            t.until(what, async |t| Ok((t.metric("pedro_messages_expired_total").await? == 2.0).then_some(()))).await
        })
        .await
}

/// What follows the name of a command, so that it is used rightly and harms nothing.
fn sample(name: &str) -> Option<&'static str> {
    Some(match name {
        "links" | "title" | "titles" | "help" | "wrong" | "retry" | "forget" => "",
        "mark" => "1 failed",
        "addlink" => "book https://doc.rust-lang.org/book",
        "dellink" => "book",
        "teach" => "where is the chat? => on Discord",
        "unteach" => "where is the chat?",
        "pedro-agentic-mode" => "on",
        "pedro-chattiness" => "questions",
        "pedro-event" => "off jam",
        "pedro-pause" => "off",
        "pedro-stop" => "",
        "optout" | "optin" | "forgetme" => "",
        // What follows is answered by the model: everybody may ask.
        "pedro" | "plan" | "recap" => return None,
        other => panic!("say how !{other} is used here"),
    })
}

/// Badges say who may do what; names are anybody's.
#[sqlx::test(migrations = false)]
async fn every_command_goes_by_the_badge_and_never_by_the_name(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        // So that it may speak faster.
        t.twitch().make_moderator(TOWN, BOT);
        let commands = COMMANDS.iter().filter_map(|info| Some((info, sample(info.name)?)));
        for (number, (info, arguments)) in commands.enumerate() {
            let text = format!("!{} {arguments}", info.name).trim_end().to_owned();
            // Somebody new each time: what one person may command within a moment is limited.
            let [viewer, impostor, moderator, streamer] =
                ["viewer", "impostor", "mod", "host"].map(|who| format!("{who}{number}"));
            t.twitch().set_display_name(&impostor, "PedroTown");
            t.twitch().make_moderator(TOWN, &moderator);
            for (login, badge, role) in [
                (&viewer, None, Role::Viewer),
                (&viewer, Some("vip"), Role::Viewer),
                (&impostor, Some("subscriber"), Role::Viewer),
                (&moderator, None, Role::Moderator),
                (&streamer, Some("broadcaster"), Role::Streamer),
            ] {
                if info.needs == Role::Viewer && role != Role::Viewer {
                    continue;
                }
                let badges = badge.map(|badge| (badge.to_owned(), "1".to_owned())).into_iter().collect();
                let (channel, login, text) = (TOWN.to_owned(), login.clone(), text.clone());
                let line = t.twitch().say_as(ChatLine { channel, login, text, badges, ..ChatLine::default() });
                let said = t.next_reply_to(&line).await.with_context(|| format!("!{} {badge:?}", info.name))?;
                let refused = said.starts_with("sorry, only moderators can do that");
                ensure!(refused == (role < info.needs), "!{} as {role:?} ({badge:?}): {said}", info.name);
            }
        }
        // The streamer by the account of the channel, who needs no other badge.
        let line = t.chat(TOWN, "!pedro-pause off");
        ensure!(t.next_reply_to(&line).await?.starts_with("I am back"));
        assert_eq!(database::count(t.db(), "select count(*) from pedro.question").await?, 0);
        Ok(())
    })
    .await
}
