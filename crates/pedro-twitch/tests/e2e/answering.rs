//! Questions and their answers.

use anyhow::{Result, ensure};
use pedro_core::testing::Turn;
use sqlx::PgPool;

use crate::database;
use crate::tester::{BOT, run_test};

const FACT: &str = "the stream moves to thursday at 19:30 because of the meetup";

#[sqlx::test(migrations = false)]
async fn a_question_is_answered_from_what_was_said_earlier_and_the_sources_are_kept(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let fact = t.chat("alice", FACT);
        t.small_talk();
        t.until_embedded().await?;
        t.model.push(Turn::say("It moved to Thursday, 19:30, as alice said."));
        let question = t.chat("bob", "hey pedro, when is the stream this week?");
        assert_eq!(t.next_reply_to(&question).await?, "It moved to Thursday, 19:30, as alice said.");

        let prompt = t.prompts().remove(0);
        ensure!(prompt.contains(&format!("alice: {FACT}")), "the fact is not in the prompt: {prompt}");
        ensure!(prompt.contains("bob: when is the stream this week?"), "the question is not in the prompt: {prompt}");
        let kept: String = sqlx::query_scalar("select prompt::text from pedro.generation").fetch_one(t.db()).await?;
        ensure!(kept.contains(FACT), "the stored prompt lacks the fact: {kept}");
        let sources: Vec<String> = sqlx::query_scalar(
            "select platform_message_id from pedro.generation_source join pedro.message on message.id = message_id",
        )
        .fetch_all(t.db())
        .await?;
        ensure!(sources.contains(&fact) && sources.contains(&question), "sources are missing: {sources:?}");
        t.until_all_answered().await?;
        let answer = t.lines().await?.into_iter().find(|line| line.kind == "pedro");
        let answer = answer.map(|line| (line.text, line.reply_to, line.platform_user_id));
        let expected = "It moved to Thursday, 19:30, as alice said.".to_owned();
        assert_eq!(answer, Some((expected, Some(question), BOT.to_owned())));
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_name_a_mention_a_reply_and_the_command_all_ask(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let mut last = String::new();
        for (login, text) in [
            ("alice", "Pedro what is a borrow checker?"),
            ("bob", "@pedro_bot what is a borrow checker?"),
            ("carol", "what is a borrow checker, pedro?"),
            ("dana", "!pedro what is a borrow checker?"),
        ] {
            t.model.push(Turn::say(format!("{login}, it checks who borrows.")));
            let question = t.chat(login, text);
            let answer = t.next_reply().await?;
            assert_eq!(answer.text, format!("{login}, it checks who borrows."));
            assert_eq!(answer.reply_to, Some(question));
            last = answer.id;
        }
        t.model.push(Turn::say("Because memory is dear."));
        let question = t.reply("erik", "and why?", &last);
        assert_eq!(t.next_reply_to(&question).await?, "Because memory is dear.");
        ensure!(t.prompts().last().is_some_and(|prompt| prompt.contains("erik: and why?")));
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_viewer_may_ask_again_once_the_first_question_is_answered(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        for number in 1..=3 {
            t.model.push(Turn::say(format!("answer {number}")));
            let question = t.chat("alice", &format!("pedro, question {number}?"));
            assert_eq!(t.next_reply_to(&question).await?, format!("answer {number}"));
            t.until_all_answered().await?;
        }
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn pedro_ignores_itself_other_bots_and_talk_that_is_not_for_it(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.chat(BOT, "hey pedro, who are you?");
        t.chat("nightbot", "hey pedro, who are you?");
        t.chat("StreamElements", "@pedro_bot hello there, friend");
        t.chat_with_badge("somebot", "bot-badge", "hey pedro, who are you?");
        t.chat("alice", "pedroland is nice, see https://pedro.dev/pedro");
        t.chat("alice", "!hug pedro");
        t.chat("alice", "!unknowncommand pedro");
        let to_nobody = t.chat("bob", "has anybody seen my keys");
        t.reply("carol", "no, sorry", &to_nobody);
        t.settle().await?;
        assert_eq!(database::count(t.db(), "select count(*) from pedro.question").await?, 0);
        let kinds: Vec<String> = t.lines().await?.into_iter().map(|line| line.kind).collect();
        assert_eq!(kinds[..4], ["pedro", "bot", "bot", "bot"]);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_long_answer_comes_in_at_most_three_lines_of_at_most_500_characters(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let sentence = |number: usize| format!("Sentence number {number} says something about ñandús and borrowing. ");
        let long: String = (1..=14).map(sentence).collect();
        t.model.push(Turn::say(&long));
        let question = t.chat("alice", "pedro, tell me everything");
        let mut said = String::new();
        for _ in 0..2 {
            let line = t.next_reply().await?;
            ensure!(line.text.chars().count() <= 500 && line.reply_to.as_deref() == Some(question.as_str()));
            said += &format!("{} ", line.text);
        }
        assert_eq!(said, long);
        t.until_all_answered().await?;

        let endless: String = (1..=60).map(sentence).collect();
        t.model.push(Turn::say(&endless));
        t.chat("bob", "pedro, tell me everything and more");
        for _ in 0..3 {
            let line = t.next_reply().await?;
            ensure!(line.text.chars().count() <= 500);
        }
        t.until_all_answered().await?;
        let own = t.lines().await?.into_iter().filter(|line| line.kind == "pedro").count();
        ensure!(own >= 5, "only {own} of Pedro's lines are stored");
        Ok(())
    })
    .await
}
