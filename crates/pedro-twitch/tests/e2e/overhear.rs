//! What nobody addressed to Pedro: trained prompts, and questions to the room.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use pedro_core::testing::Turn;
use sqlx::PgPool;

use crate::database;
use crate::tester::{Setup, TOWN, TwitchTester, run_test};

/// Longer than Pedro considers a line that nobody addressed to it.
const QUIET: Duration = Duration::from_secs(3);

const DESK: &str = "what is the desk made of?";

/// Waits until all examples have their embeddings.
async fn until_trained(t: &mut TwitchTester) -> Result<()> {
    t.until("the examples are embedded", async |t| {
        let sql = "select count(*) from pedro.trained_prompt_example as example where not exists
                   (select from pedro.trained_prompt_embedding where example_id = example.id)";
        Ok((database::count(t.db(), sql).await? == 0).then_some(()))
    })
    .await
}

async fn teach(t: &mut TwitchTester, lesson: &str) -> Result<String> {
    t.twitch().make_moderator(TOWN, "maud");
    let id = t.chat("maud", &format!("!teach {lesson}"));
    let said = t.next_reply_to(&id).await?;
    until_trained(t).await?;
    Ok(said)
}

/// Whatever was said before has been considered by now.
async fn until_considered(t: &mut TwitchTester) -> Result<()> {
    t.until_embedded().await?;
    tokio::time::sleep(QUIET).await;
    Ok(())
}

async fn questions(t: &TwitchTester) -> Result<i64> {
    database::count(t.db(), "select count(*) from pedro.question").await
}

#[sqlx::test(migrations = false)]
async fn what_was_taught_is_answered_once_though_twenty_ask_it_at_once(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let refused = t.chat("alice", "!teach what is the desk made of? => oak");
        ensure!(t.next_reply_to(&refused).await?.contains("only moderators"));
        ensure!(teach(t, &format!("{DESK} => the desk is oak, from the attic")).await?.starts_with("I learned that"));
        t.model.push(Turn::say("It is oak, found in the attic."));
        let lines: Vec<String> =
            (0..20).map(|who| t.chat(&format!("viewer{who}"), "so what is that desk made of?")).collect();
        let answer = t.next_reply().await?;
        ensure!(
            answer.text == "It is oak, found in the attic." && lines.contains(&answer.reply_to.unwrap_or_default())
        );
        until_considered(t).await?;
        assert_eq!(questions(t).await?, 1);
        let prompt = t.prompts().remove(0);
        ensure!(prompt.contains("the desk is oak, from the attic"), "{prompt}");
        ensure!(t.system_messages()[0].contains("never the streamer"), "{:?}", t.system_messages());
        ensure!(!t.system_messages()[0].contains("attic"), "what people taught is no instruction");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn when_the_model_fails_what_was_taught_is_said_as_it_is_and_never_as_the_streamer(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        teach(t, &format!("{DESK} => I built my desk of oak")).await?;
        t.model.push(Turn::Empty);
        let line = t.chat("alice", DESK);
        assert_eq!(t.next_reply_to(&line).await?, "what I was told about that: \"I built my desk of oak\"");
        // Whoever asks Pedro itself gets it as a fact, cool-down or not.
        let question = t.chat("bob", "pedro, what is the desk made of?");
        t.next_reply_to(&question).await?;
        let prompts = t.prompts();
        ensure!(prompts.last().is_some_and(|prompt| prompt.contains("I built my desk of oak")), "{prompts:?}");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_question_to_the_room_is_answered_if_memory_knows_and_else_nothing_is_said(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.chat("dana", "the stream moves to thursday at 19:30 because of the meetup");
        t.chat("bob", "my keyboard is a split ergodox with red switches");
        t.small_talk();
        t.until_embedded().await?;
        t.model.push(Turn::say("Thursday at 19:30, dana said."));
        let known = t.chat("alice", "does anyone know when the stream is because of the meetup?");
        assert_eq!(t.next_reply_to(&known).await?, "Thursday at 19:30, dana said.");
        t.until_all_answered().await?;
        sqlx::query("update pedro.question set asked_at = asked_at - interval '10 minutes'").execute(t.db()).await?;
        for (login, text) in [
            ("carla", "does anyone know a good dentist in Prague?"),
            ("frida", "what is the capital of Mongolia?"),
            ("gus", "that is a nice one, isn't it?"),
        ] {
            t.chat(login, text);
        }
        until_considered(t).await?;
        assert_eq!(questions(t).await?, 1, "nothing bears these out");
        let origin = "select count(*) from pedro.question where origin = 'overheard' and status = 'answered'";
        assert_eq!(database::count(t.db(), origin).await?, 1);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn an_answer_that_is_none_or_fails_is_not_said_and_nobody_is_told(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.chat("dana", "the stream moves to thursday at 19:30 because of the meetup");
        t.small_talk();
        t.until_embedded().await?;
        for (login, turn) in [
            ("alice", Turn::say("I do not know when the stream is, sorry!")),
            ("bob", Turn::say("PASS")),
            ("carla", Turn::Empty),
        ] {
            t.model.push(turn);
            t.chat(login, "does anyone know when the stream is because of the meetup?");
            t.until("the question is let go", async |t| {
                let sql = "select count(*) from pedro.question where status = 'cancelled'";
                Ok((database::count(t.db(), sql).await? == 1).then_some(()))
            })
            .await?;
            sqlx::query("delete from pedro.question").execute(t.db()).await?;
        }
        t.settle().await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_question_to_somebody_else_is_never_answered(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        teach(t, &format!("{DESK} => oak")).await?;
        let fact = t.chat("dana", "the stream moves to thursday at 19:30 because of the meetup");
        t.until_embedded().await?;
        t.reply("alice", DESK, &fact);
        t.reply("alice", "does anyone know when the stream is because of the meetup?", &fact);
        t.chat("alice", "@dana what is the desk made of?");
        t.chat("alice", "dana, when is the stream because of the meetup?");
        t.chat("alice", "dana: what is the desk made of?");
        t.chat("alice", "!desk what is the desk made of?");
        until_considered(t).await?;
        assert_eq!(questions(t).await?, 0);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn chattiness_is_obeyed_and_survives_a_restart(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        teach(t, &format!("{DESK} => oak")).await?;
        t.chat("dana", "the stream moves to thursday at 19:30 because of the meetup");
        t.small_talk();
        let set = async |t: &mut TwitchTester, level: &str| {
            let id = t.chat("maud", &format!("!pedro-chattiness {level}"));
            t.next_reply_to(&id).await
        };
        let refused = t.chat("alice", "!pedro-chattiness quiet");
        ensure!(t.next_reply_to(&refused).await?.contains("only moderators"));
        ensure!(set(t, "loud").await?.contains("quiet|named|questions"));

        ensure!(set(t, "quiet").await?.contains("commands only"));
        t.terminate().await?;
        t.start().await?;
        t.chat("alice", DESK);
        t.chat("bob", "does anyone know when the stream is because of the meetup?");
        t.chat("carla", "pedro, are you there?");
        until_considered(t).await?;
        assert_eq!(questions(t).await?, 0);
        let title = t.chat("alice", "!title");
        ensure!(t.next_reply_to(&title).await?.contains("title"));

        ensure!(set(t, "named").await?.contains("when I am named"));
        t.chat("bob", "does anyone know when the stream is because of the meetup?");
        until_considered(t).await?;
        assert_eq!(questions(t).await?, 0);
        let trained = t.chat("alice", DESK);
        t.next_reply_to(&trained).await?;
        let named = t.chat("carla", "pedro, are you there?");
        t.next_reply_to(&named).await?;

        ensure!(set(t, "questions").await?.contains("questions to everybody"));
        let room = t.chat("frida", "does anyone know when the stream is because of the meetup?");
        t.next_reply_to(&room).await?;
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_slow_model_makes_nobody_wait_who_did_not_ask(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        teach(t, &format!("{DESK} => oak")).await?;
        t.model.push(Turn::Trickle {
            chunks: vec!["It is ".to_owned(), "oak.".to_owned()],
            every: Duration::from_secs(4),
        });
        let line = t.chat("alice", DESK);
        let first = t.next_line().await?;
        assert_eq!((first.text.as_str(), first.reply_to), ("It is oak.", Some(line)), "no \"on it\" before it");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn while_the_model_is_busy_what_was_taught_is_said_as_it_is(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        teach(t, &format!("{DESK} => the desk is oak")).await?;
        t.model.push(Turn::Hang);
        t.chat("bob", "pedro, what is a lifetime?");
        t.until_generating(1).await?;
        let line = t.chat("alice", DESK);
        assert_eq!(t.next_reply_to(&line).await?, "the desk is oak");
        t.kill().await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn the_file_of_a_community_is_read_and_read_again_when_it_changes(pool: PgPool) -> Result<()> {
    let name = format!("prompts-{}.yaml", uuid::Uuid::new_v4());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&name);
    let write = |color: &str| {
        std::fs::write(
            &path,
            format!(
                "trained_prompts: [{{name: chair, examples: [which colour has the chair?], answer: the chair is {color}, cooldown: 1s}}]"
            ),
        )
    };
    write("red")?;
    let config = format!("communities: [{{name: town, twitch: [pedrotown], trained_prompts: {name}}}]");
    let setup = Setup { config: Some(config), ..Setup::default() };
    let result = setup
        .run(pool, async |t| {
            until_known(t, "red").await?;
            let line = t.chat("alice", "which colour does the chair have?");
            t.next_reply_to(&line).await?;
            ensure!(t.prompts()[0].contains("the chair is red"), "{}", t.prompts()[0]);
            write("green by now")?;
            until_known(t, "green").await?;
            tokio::time::sleep(Duration::from_secs(1)).await;
            let line = t.chat("bob", "which colour does the chair have?");
            t.next_reply_to(&line).await?;
            ensure!(t.prompts()[1].contains("the chair is green"), "{}", t.prompts()[1]);
            Ok(())
        })
        .await;
    std::fs::remove_file(&path)?;
    result
}

async fn until_known(t: &mut TwitchTester, color: &str) -> Result<()> {
    let sql = "select exists (select from pedro.trained_prompt where answer like '%' || $1 || '%')";
    t.until("the file is read", async |t| {
        let known: bool = sqlx::query_scalar(sql).bind(color).fetch_one(t.db()).await?;
        Ok(known.then_some(()))
    })
    .await?;
    until_trained(t).await
}

#[sqlx::test(migrations = false)]
async fn what_was_taught_gets_more_questions_and_is_taken_back(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        teach(t, &format!("{DESK} => the desk is oak")).await?;
        let said = teach(t, "which wood is under the keyboard? => The desk is oak").await?;
        ensure!(said.contains("this question too") && said.contains("what-is-the-desk-made-of, 2 questions"), "{said}");
        t.model.push(Turn::say("It is oak."));
        let line = t.chat("alice", "which wood is under the keyboard?");
        ensure!(t.next_reply_to(&line).await?.contains("oak"));
        t.until_all_answered().await?;
        // Somebody else each time: what one person may command within a moment is limited.
        let mut moderators = 0;
        let mut tell = async |t: &mut TwitchTester, text: &str| {
            moderators += 1;
            let who = format!("mod{moderators}");
            t.twitch().make_moderator(TOWN, &who);
            let line = t.chat(&who, text);
            t.next_reply_to(&line).await
        };
        ensure!(tell(t, "!pedro-chattiness named").await?.contains("what I was taught"));
        let said = tell(t, "!unteach Which wood is under the keyboard").await?;
        ensure!(said.contains("One other still leads to that answer: !unteach what-is-the-desk-made-of"), "{said}");
        ensure!(tell(t, "!unteach what-is-the-desk-made-of").await?.starts_with("done: I forgot"));
        ensure!(tell(t, &format!("!unteach {DESK}")).await?.starts_with("nobody has taught me anything"));
        // Never asked, so that no cool-down keeps it from being answered.
        teach(t, "how high is the lamp? => a metre").await?;
        ensure!(tell(t, "!unteach chair").await?.ends_with("What I was taught: how-high-is-the-lamp"));
        ensure!(tell(t, "!unteach how high is the lamp?").await?.starts_with("done: I forgot"));
        let before = questions(t).await?;
        t.chat("bob", "how high is the lamp?");
        until_considered(t).await?;
        assert_eq!(questions(t).await?, before, "nobody knows that any more");
        let help = tell(t, "!help").await?;
        let more = t.next_reply().await?.text;
        ensure!(format!("{help} {more}").contains("!unteach name or question"), "{help} {more}");
        Ok(())
    })
    .await
}
