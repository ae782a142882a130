//! Who wants not to be stored is not, and who wants to be forgotten is, in every table.

use anyhow::{Result, ensure};
use pedro_core::testing::Turn;
use sqlx::PgPool;

use crate::database::{self, rows_with};
use crate::tester::{Setup, TOWN, TwitchTester, run_test};

/// A word that nobody says by chance.
const WORD: &str = "xylquartz";

async fn nothing_is_left_of(t: &TwitchTester, login: &str, word: &str) -> Result<()> {
    let id = t.twitch().user(login).to_string();
    for text in [word, &id, login] {
        let rows = rows_with(t.db(), text).await?;
        ensure!(rows.is_empty(), "{text} is still in the database: {rows:#?}");
    }
    Ok(())
}

#[sqlx::test(migrations = false)]
async fn who_opted_out_is_not_stored_and_still_answered_without_a_trace(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let command = t.chat("quiltwick", "!optout");
        ensure!(t.next_reply_to(&command).await?.contains("nothing you write is stored"));
        t.chat("quiltwick", &format!("my secret is {WORD}"));
        t.model.push(Turn::say(format!("I do not know {WORD}.")));
        let question = t.chat("quiltwick", &format!("pedro, what is {WORD}?"));
        assert_eq!(t.next_reply_to(&question).await?, format!("I do not know {WORD}."));
        t.until_all_answered().await?;
        t.until_embedded().await?;
        nothing_is_left_of(t, "quiltwick", WORD).await?;

        // Nothing of it reaches anybody else's prompt either.
        let question = t.chat("bob", "pedro, what did they say just now?");
        t.next_reply_to(&question).await?;
        ensure!(t.prompts().last().is_some_and(|prompt| !prompt.contains(WORD)), "{:?}", t.prompts().last());
        t.until_all_answered().await?;
        nothing_is_left_of(t, "quiltwick", WORD).await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_question_of_somebody_who_opted_out_survives_a_kill_and_then_leaves_no_trace(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let command = t.chat("quiltwick", "!optout storage");
        t.next_reply_to(&command).await?;
        t.model.push(Turn::Hang);
        let question = t.chat("quiltwick", &format!("pedro, what is {WORD}?"));
        t.until_generating(1).await?;
        t.kill().await?;
        t.start().await?;
        t.next_reply_to(&question).await?;
        t.until_all_answered().await?;
        nothing_is_left_of(t, "quiltwick", WORD).await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn who_wants_no_replies_gets_none_and_is_heard_again_after_optin(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let command = t.chat("alice", "!optout replies");
        ensure!(t.next_reply_to(&command).await?.contains("leave you alone"));
        let unheard = t.chat("alice", "pedro, are you there?");
        t.chat("alice", "!title");
        t.until_stored(&unheard).await?;
        t.settle().await?;
        assert_eq!(database::count(t.db(), "select count(*) from pedro.question").await?, 0);
        let command = t.chat("alice", "!optin");
        ensure!(t.next_reply_to(&command).await?.starts_with("welcome back"));
        let question = t.chat("alice", "pedro, are you there now?");
        assert_eq!(t.next_reply_to(&question).await?, "scripted answer");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn after_optin_lines_are_stored_again(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        for (text, words) in [("!optout", "nothing you write is stored"), ("!optin", "welcome back")] {
            t.chat("alice", "first this");
            let command = t.chat("alice", text);
            ensure!(t.next_reply_to(&command).await?.contains(words));
            t.chat("alice", "then that");
        }
        t.settle().await?;
        let texts: Vec<String> = t.lines().await?.into_iter().map(|line| line.text).collect();
        assert_eq!(texts, ["first this", "then that", "nothing to see here"]);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn forgetme_removes_the_lines_and_everything_made_from_them(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.chat("quiltwick", &format!("the password of the {WORD} server is written on the fridge"));
        t.small_talk();
        t.until_embedded().await?;
        // Somebody else's question, answered from the line.
        t.model.push(Turn::say(format!("It is on the fridge, {WORD} and all.")));
        let question = t.chat("bob", &format!("pedro, where is the password of the {WORD} server?"));
        t.next_reply_to(&question).await?;
        // The person's own question.
        t.model.push(Turn::say(format!("Yes, {WORD} is yours.")));
        let own = t.chat("quiltwick", &format!("pedro, is {WORD} mine?"));
        t.next_reply_to(&own).await?;
        t.until_all_answered().await?;
        // Bob's own words stay his.
        t.twitch().delete_line(&question);
        let command = t.chat("quiltwick", "!forgetme");
        ensure!(t.next_reply_to(&command).await?.starts_with("done"));
        t.until_embedded().await?;
        nothing_is_left_of(t, "quiltwick", WORD).await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn forgetme_reaches_what_was_made_from_pedros_answers_about_the_person(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.chat("quiltwick", "the password of the test server is written on the fridge");
        t.small_talk();
        t.until_embedded().await?;
        t.model.push(Turn::say(format!("On the fridge, says quiltwick, and it is {WORD}.")));
        let question = t.chat("bob", "pedro, where is the password of the test server?");
        t.next_reply_to(&question).await?;
        t.until_all_answered().await?;
        ensure!(t.prompts()[0].contains("quiltwick: the password"), "{}", t.prompts()[0]);
        // This prompt has Pedro's answer among the last lines, and perhaps nothing else of the person.
        t.model.push(Turn::say(format!("Gouda, and {WORD}.")));
        let question = t.chat("carol", "pedro, which cheese is best?");
        t.next_reply_to(&question).await?;
        t.until_all_answered().await?;
        ensure!(t.prompts()[1].contains(WORD), "{}", t.prompts()[1]);
        let command = t.chat("quiltwick", "!forgetme");
        ensure!(t.next_reply_to(&command).await?.starts_with("done"));
        t.settle().await?;
        nothing_is_left_of(t, "quiltwick", WORD).await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn forgetme_while_the_answer_is_being_made_leaves_nothing_of_it(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.chat("quiltwick", &format!("the password of the {WORD} server is written on the fridge"));
        t.small_talk();
        t.until_embedded().await?;
        t.model.push(Turn::Trickle {
            chunks: vec![format!("It is {WORD} "), "on the fridge.".to_owned()],
            every: std::time::Duration::from_secs(4),
        });
        let question = t.chat("bob", "pedro, where is the password of the server?");
        t.until_generating(1).await?;
        let command = t.chat("quiltwick", "!forgetme");
        ensure!(t.next_reply_to(&command).await?.starts_with("done"));
        // The answer is made again, without the line.
        assert_eq!(t.next_reply_to(&question).await?, "scripted answer");
        t.until_all_answered().await?;
        nothing_is_left_of(t, "quiltwick", WORD).await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn the_lines_of_others_stay(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.chat("quiltwick", "remove me");
        t.chat("bob", "keep me");
        let command = t.chat("quiltwick", "!forgetme");
        t.next_reply_to(&command).await?;
        t.settle().await?;
        let texts: Vec<String> = t.lines().await?.into_iter().map(|line| line.text).collect();
        assert_eq!(texts, ["keep me", "nothing to see here"]);
        let command = t.chat("nobodyyet", "!forgetme");
        ensure!(t.next_reply_to(&command).await?.contains("nothing of yours"));
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn privacy_commands_work_in_a_pause_and_in_quiet_channels(pool: PgPool) -> Result<()> {
    let config = "communities: [{name: quiet, twitch: [pedrotown], chattiness: quiet}]";
    let setup = Setup { config: Some(config.to_owned()), ..Setup::default() };
    setup
        .run(pool, async |t| {
            t.twitch().make_moderator(TOWN, "maud");
            let optout = t.chat("alice", "!optout");
            ensure!(t.next_reply_to(&optout).await?.contains("nothing you write is stored"));
            // Quiet: a name asks nothing, a command does.
            let unheard = t.chat("bob", "pedro, are you there?");
            t.until_stored(&unheard).await?;
            let pause = t.chat("maud", "!pedro-pause 30");
            ensure!(t.next_reply_to(&pause).await?.contains("quiet for 30 minutes"));
            t.chat("bob", "!title");
            let optin = t.chat("alice", "!optin");
            ensure!(t.next_reply_to(&optin).await?.starts_with("welcome back"));
            let forget = t.chat("bob", "!forgetme");
            ensure!(t.next_reply_to(&forget).await?.starts_with("done"));
            let end = t.chat("maud", "!pedro-pause 0");
            ensure!(t.next_reply_to(&end).await?.contains("I am back"));
            assert_eq!(database::count(t.db(), "select count(*) from pedro.question").await?, 0);
            Ok(())
        })
        .await
}
