//! A model that takes its time: nobody is left without a word, and people see the answer grow.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pedro_core::testing::Turn;
use pedro_playground::discord::{Message, Snowflake, Trouble};
use sqlx::PgPool;

use crate::tester::{DiscordTester, run_test};

/// Alice's question keeps the model busy. Deleting its line sets it free.
async fn keep_busy(t: &mut DiscordTester) -> Result<Snowflake> {
    t.model.push(Turn::Hang);
    let question = t.chat_in(t.random, "alice", "pedro, what is a lifetime?");
    t.until_generating(1).await?;
    t.until_said(t.random, "on it, give me a moment.").await?;
    Ok(question)
}

/// A text that the model writes word by word, and its words.
fn trickling(words: usize, every: Duration) -> (String, Turn) {
    let chunks: Vec<String> = (0..words).map(|number| format!("word{number:02} ")).collect();
    (chunks.concat().trim_end().to_owned(), Turn::Trickle { chunks, every })
}

/// A growing message: every version is news, each says more than the one before, the last says all.
fn ensure_grows(message: &Message, whole: &str) -> Result<()> {
    let texts: Vec<&str> = message.versions.iter().map(|version| version.content.as_str()).collect();
    ensure!(texts.windows(2).all(|pair| pair[0] != pair[1]), "an edit changed nothing: {texts:#?}");
    let drafts: Vec<&str> = texts.iter().filter_map(|text| text.strip_suffix(" …")).collect();
    ensure!(drafts.len() >= 2, "nobody saw it grow: {texts:#?}");
    ensure!(drafts.iter().all(|draft| whole.starts_with(draft)), "{texts:#?}");
    ensure!(drafts.windows(2).all(|pair| pair[0].len() < pair[1].len()), "it shrank: {texts:#?}");
    let first_draft = texts.iter().position(|text| text.ends_with(" …")).unwrap_or_default();
    ensure!(!texts[first_draft..].iter().any(|text| text.starts_with("on it")), "words were taken back: {texts:#?}");
    ensure!(texts.last() == Some(&whole), "the last edit is lost: {texts:#?}");
    let paces = message.versions.windows(2).map(|pair| pair[1].at - pair[0].at);
    let quick = paces.filter(|pace| pace.num_milliseconds() < 300).count();
    // The answer itself does not wait for its turn.
    ensure!(quick <= 1, "edits came faster than Discord takes them: {texts:#?}");
    Ok(())
}

#[sqlx::test(migrations = false)]
async fn who_waits_sees_it_and_the_answer_takes_the_place_of_the_word(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let busy = keep_busy(t).await?;
        let asked = t.ask("bob", "what is a trait?").await?;
        let in_thread = t.until_said(asked.thread, "on it, there is 1 question before yours.").await?;
        let direct = t.discord().dm("carol");
        let interaction = t.slash(direct, "carol", "askpedro", &[("question", "what is a macro?".into())])?;
        let in_direct = t.until_said(direct, "on it, there are 2 questions before yours.").await?;
        assert_eq!(t.response(interaction).await?.id, in_direct.id);
        // Commands do not wait for the model.
        ensure!(t.told("dana", "links", &[]).await?.contains("there are no links yet"));
        ensure!(t.discord().delete(busy));
        for message in [in_thread, in_direct] {
            assert_eq!(t.until_final(message.id).await?.content, "scripted answer");
        }
        t.until_all_answered().await?;
        assert_eq!((t.says(asked.thread).len(), t.says(direct).len()), (1, 1));
        t.read_all(t.random);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_trickling_answer_grows_in_one_message_and_its_last_edit_is_complete(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let (whole, turn) = trickling(24, Duration::from_millis(350));
        t.model.push(turn.clone());
        let asked = t.ask("alice", "tell me slowly").await?;
        let message = t.next_answer(asked.thread).await?;
        t.until_all_answered().await?;
        let message = t.discord().message(message.id).context("the message is gone")?;
        ensure_grows(&message, &whole)?;
        assert_eq!(t.says(asked.thread).len(), 1);
        // In a direct message, by way of the interaction.
        t.model.push(turn);
        let direct = t.discord().dm("bob");
        let interaction = t.slash(direct, "bob", "askpedro", &[("question", "tell me slowly".into())])?;
        let response = t.response(interaction).await?;
        t.until_final(response.id).await?;
        t.until_all_answered().await?;
        let message = t.discord().message(response.id).context("the message is gone")?;
        ensure_grows(&message, &whole)?;
        assert_eq!(t.says(direct).len(), 1);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn edits_that_discord_puts_off_are_not_lost_the_last_one_neither(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let (whole, turn) = trickling(20, Duration::from_millis(300));
        t.model.push(turn);
        let asked = t.ask("alice", "tell me slowly").await?;
        let id = t.next_message(asked.thread).await?.id;
        t.until("a draft is shown", async |t| {
            Ok(t.says(asked.thread).iter().any(|text| text.ends_with(" …")).then_some(()))
        })
        .await?;
        // From now on no edit is taken, the last one neither, until it has been refused.
        let refused = |t: &DiscordTester| {
            t.discord().requests().iter().filter(|request| request.method == "PATCH" && request.status == 429).count()
        };
        t.discord().trouble("PATCH", "/messages/", 1_000, Trouble::RateLimited { retry_after_ms: 400, global: false });
        t.until("the model has written all", async |t| Ok((t.model.in_flight() == 0).then_some(()))).await?;
        let before = refused(t);
        t.until("the last edit was refused", async |t| Ok((refused(t) >= before + 2).then_some(()))).await?;
        t.discord().no_trouble();
        assert_eq!(t.until_final(id).await?.content, whole);
        t.until_all_answered().await?;
        assert_eq!(t.says(asked.thread), [whole]);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn the_global_limit_is_waited_out(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.model.push(Turn::SayAfter(Duration::from_secs(1), "Here it is.".to_owned()));
        let asked = t.ask("alice", "what is a lifetime?").await?;
        t.discord().trouble("", "/channels/", 2, Trouble::RateLimited { retry_after_ms: 1_000, global: true });
        assert_eq!(t.next_answer(asked.thread).await?.content, "Here it is.");
        t.until_all_answered().await?;
        assert_eq!(t.says(asked.thread).len(), 1);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn after_the_life_of_the_token_the_answer_comes_all_the_same(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let busy = keep_busy(t).await?;
        let direct = t.discord().dm("bob");
        let interaction = t.slash(direct, "bob", "askpedro", &[("question", "what is a trait?".into())])?;
        t.until_said(direct, "on it, there is 1 question before yours.").await?;
        t.discord().set_token_lifetime(Duration::ZERO);
        ensure!(t.discord().delete(busy));
        t.until_said(direct, "scripted answer").await?;
        t.until_all_answered().await?;
        assert_eq!(t.says(direct), ["scripted answer"]);
        ensure!(t.discord().interaction(interaction).is_some_and(|found| found.followups.is_empty()));
        t.read_all(t.random);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn after_the_life_of_the_token_a_long_answer_comes_whole(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let busy = keep_busy(t).await?;
        let direct = t.discord().dm("bob");
        t.slash(direct, "bob", "askpedro", &[("question", "what is a trait?".into())])?;
        t.until_said(direct, "on it, there is 1 question before yours.").await?;
        t.discord().set_token_lifetime(Duration::ZERO);
        let sentences: Vec<String> = (0..100).map(|n| format!("Sentence number {n:03} tells you something.")).collect();
        t.model.push(Turn::say(sentences.join(" ")));
        ensure!(t.discord().delete(busy));
        t.until_all_answered().await?;
        t.read_all(direct);
        let all = t.says(direct).join(" ");
        ensure!(sentences.iter().all(|sentence| all.matches(sentence.as_str()).count() == 1), "{all}");
        t.read_all(t.random);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn while_the_model_is_away_the_asker_is_told_and_answered_when_it_is_back(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.model.stop();
        let asked = t.ask("alice", "what is a lifetime?").await?;
        let message = t.next_message(asked.thread).await?;
        t.until("the asker is told", async |t| {
            Ok(t.says(asked.thread).iter().any(|text| text.contains("thinking cap")).then_some(()))
        })
        .await?;
        ensure!(t.until_red("model").await?.contains("LLAMA_CPP_PATH"));
        t.model.restart()?;
        t.until_said(asked.thread, "scripted answer").await?;
        t.until_all_answered().await?;
        assert_eq!(t.says(asked.thread).len(), 1);
        assert_eq!(t.discord().message(message.id).map(|message| message.content).as_deref(), Some("scripted answer"));
        t.until_ready().await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn three_failures_of_the_model_end_in_an_apology_in_words(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        for _ in 0..3 {
            t.model.push(Turn::Status(400));
        }
        let asked = t.ask("alice", "what is a lifetime?").await?;
        let told = t.next_answer(asked.thread).await?;
        ensure!(told.content.starts_with("sorry, I tried three times"), "{told:?}");
        t.until_all_answered().await?;
        assert_eq!(t.says(asked.thread).len(), 1);
        Ok(())
    })
    .await
}
