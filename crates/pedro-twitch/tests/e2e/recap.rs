//! Recaps: who said what, within what people here can read; kept, and made again when something was forgotten.

use std::time::Duration;

use anyhow::{Result, ensure};
use pedro_core::testing::Turn;
use sqlx::PgPool;

use crate::database;
use crate::tester::{Setup, TOWN, TwitchTester, run_test};

/// A short talk, as far as the model has to know it.
async fn talk(t: &mut TwitchTester) -> Result<String> {
    t.chat("alice", "the zanzibar meetup is on thursday");
    let forgotten = t.chat("bob", "then I bring my snorkel along");
    t.chat("carol", "!hug bob");
    t.settle().await?;
    Ok(forgotten)
}

#[sqlx::test(migrations = false)]
async fn a_recap_is_made_from_who_said_what_and_given_again(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        talk(t).await?;
        t.model.push(Turn::say("alice told of a meetup, and bob packs his snorkel."));
        let asked = t.chat("dana", "!recap");
        let told = t.next_reply_to(&asked).await?;
        ensure!(told.starts_with("what happened ") && told.contains("(3 lines): alice told of a meetup"), "{told}");
        let prompt = t.prompts().remove(0);
        ensure!(prompt.contains("alice: the zanzibar meetup is on thursday"), "{prompt}");
        ensure!(prompt.contains("bob: then I bring my snorkel along") && !prompt.contains("hug"), "{prompt}");
        ensure!(t.system_messages()[0].contains("Twitch") || !t.system_messages()[0].contains("zanzibar"));
        // Whoever asks again, in whatever words, gets the same without the model.
        let asked = t.chat("erik", "pedro, what did I miss?");
        ensure!(t.next_reply_to(&asked).await?.contains("alice told of a meetup"));
        assert_eq!(t.prompts().len(), 1);
        let sources = database::count(t.db(), "select count(*) from pedro.recap_source").await?;
        assert_eq!(sources, 3);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn what_a_moderator_deletes_is_in_no_recap_any_more(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let forgotten = talk(t).await?;
        let asked = t.chat("dana", "!recap 2");
        t.next_reply_to(&asked).await?;
        ensure!(t.prompts()[0].contains("snorkel"), "{}", t.prompts()[0]);
        t.until_all_answered().await?;
        t.twitch().delete_line(&forgotten);
        t.until("the recap is gone", async |t| {
            Ok((database::count(t.db(), "select count(*) from pedro.recap").await? == 0).then_some(()))
        })
        .await?;
        let said = "select count(*) from pedro.message where author_kind = 'pedro'";
        assert_eq!(database::count(t.db(), said).await?, 0, "what was said of it is gone, too");
        let left = "select count(*) from pedro.generation where prompt::text like '%snorkel%'";
        assert_eq!(database::count(t.db(), left).await?, 0);
        let asked = t.chat("erik", "!recap 2");
        t.next_reply_to(&asked).await?;
        let prompt = t.prompts().pop().unwrap_or_default();
        ensure!(prompt.contains("zanzibar") && !prompt.contains("snorkel"), "{prompt}");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn nobody_said_anything_and_nobody_asks_the_model(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let asked = t.chat("dana", "!recap 1");
        ensure!(t.next_reply_to(&asked).await?.starts_with("nobody said anything "));
        let asked = t.chat("erik", "!recap 1000");
        ensure!(t.next_reply_to(&asked).await?.contains("!recap [hours]"));
        ensure!(t.prompts().is_empty());
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_kill_in_the_middle_of_a_long_recap_costs_no_note_that_was_made(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        long_talk(t).await?;
        t.model.push(Turn::say("alice counted the first sheep."));
        t.model.push(Turn::Hang);
        let asked = t.chat("dana", "!recap");
        t.until("the second note is being made", async |t| Ok((t.model.requests().len() == 2).then_some(()))).await?;
        t.kill().await?;
        let before = t.prompts();
        t.model.reply_with(|_| "alice went on counting.".to_owned());
        t.start().await?;
        let told = t.next_reply_to(&asked).await?;
        ensure!(told.contains("alice went on counting"), "{told}");
        let after = t.prompts().split_off(2);
        ensure!(!after.contains(&before[0]), "the first note was made again");
        ensure!(after.last().is_some_and(|prompt| prompt.contains("alice counted the first sheep")), "{after:#?}");
        Ok(())
    })
    .await
}

/// More than one window of lines, put into the database as they would have been heard.
async fn long_talk(t: &mut TwitchTester) -> Result<()> {
    talk(t).await?;
    sqlx::query(
        "insert into pedro.message (channel_id, author_id, author_kind, platform, platform_message_id, text, sent_at)
         select channel_id, author_id, 'person', 'twitch', 'sheep-' || number,
             'I have counted sheep number ' || number || ' and it looked at me as if it knew more than I do',
             now() - make_interval(secs => 900 - number * 3)
         from pedro.message, generate_series(1, 200) as number where text like 'the zanzibar%'",
    )
    .execute(t.db())
    .await?;
    Ok(())
}

#[sqlx::test(migrations = false)]
async fn a_text_about_the_stream_is_written_from_what_was_said_in_it(pool: PgPool) -> Result<()> {
    let setup = Setup { helix: true, not_started: true, ..Setup::default() };
    setup
        .run(pool, async |t| {
            t.twitch().set_title(TOWN, "Tetris in Rust", "Tetris");
            t.twitch().set_live(TOWN, true);
            t.start().await?;
            t.until("the stream is known", async |t| {
                let live = "select count(*) from pedro.stream_title where live";
                Ok((database::count(t.db(), live).await? == 1).then_some(()))
            })
            .await?;
            talk(t).await?;
            t.model.push(Turn::say("Tetris, thursdays and a snorkel: what a stream!"));
            let asked = t.chat("dana", "pedro, write a tweet about tonight's stream");
            let told = t.next_reply_to(&asked).await?;
            ensure!(told.contains("Tetris, thursdays and a snorkel"), "{told}");
            let prompt = t.prompts().remove(0);
            for part in
                ["alice: the zanzibar meetup is on thursday", "Tetris in Rust", "write a tweet about tonight's stream"]
            {
                ensure!(prompt.contains(part), "{part} is missing in {prompt}");
            }
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn a_question_goes_before_the_next_part_of_a_recap(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        long_talk(t).await?;
        t.model.push(Turn::SayAfter(Duration::from_secs(4), "alice counted sheep.".to_owned()));
        let recap = t.chat("dana", "!recap");
        t.until_generating(1).await?;
        let question = t.chat("erik", "pedro, is it raining?");
        let answer = t.next_reply().await?;
        assert_eq!(answer.reply_to.as_deref(), Some(question.as_str()), "{answer:?}");
        ensure!(t.prompts()[1].contains("is it raining?"), "{:#?}", t.prompts());
        let told = t.next_reply_to(&recap).await?;
        ensure!(told.starts_with("what happened "), "{told}");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_recap_of_any_length_is_at_most_three_messages_and_says_first_what_it_is_of(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        talk(t).await?;
        let long: String = (0..300).map(|number| format!("Then number {number} came up. ")).collect();
        t.model.push(Turn::say(long));
        let asked = t.chat("dana", "!recap");
        t.next_reply_to(&asked).await?;
        t.until_all_answered().await?;
        let said = t.replies_to(&asked);
        ensure!(said.len() <= 3 && said.iter().all(|text| text.chars().count() <= 500), "{said:#?}");
        ensure!(said[0].starts_with("what happened ") && said[0].contains("(3 lines)"), "{said:#?}");
        t.read_all();
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn who_opted_out_of_storage_gets_a_recap_of_which_nothing_is_kept(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        talk(t).await?;
        let out = t.chat("dana", "!optout");
        t.next_reply_to(&out).await?;
        t.model.push(Turn::say("alice told of a meetup."));
        let asked = t.chat("dana", "!recap");
        ensure!(t.next_reply_to(&asked).await?.contains("alice told of a meetup."));
        t.until("nothing of it is kept", async |t| {
            let kept = "select (select count(*) from pedro.recap) + (select count(*) from pedro.question)
                 + (select count(*) from pedro.generation where prompt is not null)
                 + (select count(*) from pedro.message where text like '%told of a meetup%')";
            Ok((database::count(t.db(), kept).await? == 0).then_some(()))
        })
        .await
    })
    .await
}
