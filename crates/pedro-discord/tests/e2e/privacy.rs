//! Who wants not to be stored is not, and who wants to be forgotten is, in every table.

use anyhow::{Context, Result, ensure};
use pedro_core::testing::Turn;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::database::rows_with;
use crate::tester::{DiscordTester, run_test};

/// A word that nobody says by chance.
const WORD: &str = "xylquartz";

async fn nothing_is_left_of(t: &DiscordTester, person: &str) -> Result<()> {
    let id = t.discord().user(person).to_string();
    for text in [WORD, &id, person] {
        let rows = rows_with(t.db(), text).await?;
        ensure!(rows.is_empty(), "{text} is still in the database: {rows:#?}");
    }
    Ok(())
}

/// What `/privacy` tells somebody, who alone sees it.
async fn privacy(t: &mut DiscordTester, person: &str, wish: &str) -> Result<String> {
    let interaction = t.slash(t.general, person, &format!("privacy {wish}"), &[])?;
    let told = t.response(interaction).await?;
    assert_eq!(told.ephemeral_for.as_deref(), Some(person));
    Ok(told.content)
}

#[sqlx::test(migrations = false)]
async fn anybody_is_told_what_is_stored_and_to_themselves_alone(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let told = privacy(t, "alice", "what").await?;
        ensure!(told.contains("I remember what is said") && told.contains("/privacy forget"), "{told}");
        ensure!(t.discord().sees("bob", t.general).is_empty());
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn who_opted_out_is_not_stored_and_still_answered_without_a_trace(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let told = privacy(t, "quiltwick", "optout").await?;
        ensure!(told.contains("nothing you write is stored"), "{told}");
        let edited = t.chat("quiltwick", &format!("my secret is {WORD}"));
        t.discord().edit(edited, &format!("my only secret is {WORD}"));
        t.model.push(Turn::say(format!("I do not know {WORD}.")));
        let question = t.chat("quiltwick", &format!("pedro, what is {WORD}?"));
        let answer = t.next_answer(t.general).await?;
        assert_eq!((answer.content, answer.reply_to), (format!("I do not know {WORD}."), Some(question)));
        t.model.push(Turn::say(format!("I still do not know {WORD}.")));
        let asked = t.ask("quiltwick", &format!("what is {WORD}, quiltwick asks?")).await?;
        t.next_answer(asked.thread).await?;
        t.until_all_answered().await?;
        t.until_embedded().await?;
        t.until("what was kept for the answer is gone", async |t| {
            Ok(rows_with(t.db(), WORD).await?.is_empty().then_some(()))
        })
        .await?;
        nothing_is_left_of(t, "quiltwick").await?;
        let told = privacy(t, "quiltwick", "optin").await?;
        ensure!(told.starts_with("welcome back"), "{told}");
        let line = t.chat("quiltwick", "now I am stored");
        t.until_stored(line).await.map(drop)
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn who_wants_no_replies_gets_none_until_they_take_it_back(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let interaction = t.slash(t.general, "alice", "privacy optout", &[("of", "replies".into())])?;
        ensure!(t.response(interaction).await?.content.contains("leave you alone"));
        let unheard = t.chat("alice", "pedro, are you there?");
        t.until_stored(unheard).await?;
        // A command is answered: silence would look like a failure.
        let told = t.told("alice", "askpedro", &[("question", "are you there?".into())]).await?;
        ensure!(told.contains("/privacy optin"), "{told}");
        privacy(t, "alice", "optin").await?;
        let question = t.chat("alice", "pedro, are you there now?");
        assert_eq!(t.next_answer(t.general).await?.reply_to, Some(question));
        assert_eq!(t.prompts().len(), 1);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn an_export_holds_what_is_ones_own_and_nobody_elses(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.chat("quiltwick", &format!("the {WORD} is mine"));
        t.chat_in(t.random, "quiltwick", "and so is this");
        t.chat("alice", "what a strange word you say there");
        t.settle().await?;
        t.model.push(Turn::say("Yes, it is."));
        let asked = t.ask("quiltwick", "is it mine?").await?;
        t.next_answer(asked.thread).await?;
        t.until_all_answered().await?;
        t.model.push(Turn::say("Is it alive?"));
        let game = t.slash(t.general, "quiltwick", "stumppedro", &[("thing", "a lighthouse".into())])?;
        let game = t.response(game).await?.id;
        t.until_said(game, "1/20: Is it alive?").await?;
        t.read_all(game);
        let interaction = t.slash(t.general, "quiltwick", "privacy export", &[])?;
        let told = t.response(interaction).await?;
        assert_eq!(told.ephemeral_for.as_deref(), Some("quiltwick"));
        let file = told.attachments.first().context("there is no file")?;
        let id = file["id"].as_str().context("the file has no id")?.parse()?;
        let export: Value = serde_json::from_slice(&t.discord().attachment(id).context("the file is empty")?)?;
        let lines = export["lines"].as_array().context("there are no lines")?;
        let texts: Vec<&str> = lines.iter().filter_map(|line| line["text"].as_str()).collect();
        assert_eq!(texts, [format!("the {WORD} is mine").as_str(), "and so is this", "is it mine?"]);
        let question = &export["questions"][0];
        assert_eq!((&question["question"], &question["answer"]), (&json!("is it mine?"), &json!("Yes, it is.")));
        let game = &export["games"][0];
        assert_eq!((&game["thing"], &game["turns"][0]["question"]), (&json!("a lighthouse"), &json!("Is it alive?")));
        ensure!(!export.to_string().contains("strange word"), "{export}");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn who_is_forgotten_leaves_no_row_and_no_answer_made_from_what_they_said(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.chat("quiltwick", &format!("the password of the {WORD} server is written on the fridge"));
        t.chat_in(t.random, "quiltwick", &format!("{WORD} again"));
        t.small_talk();
        t.until_embedded().await?;
        // Somebody else's question, answered from the line.
        t.model.push(Turn::say(format!("It is on the fridge, {WORD} and all.")));
        let question = t.chat("bob", &format!("pedro, where is the password of the {WORD} server?"));
        t.next_answer(t.general).await?;
        // The person's own questions, with a thread and without.
        t.model.push(Turn::say(format!("Yes, {WORD} is yours.")));
        let asked = t.ask("quiltwick", &format!("is {WORD} mine?")).await?;
        t.next_answer(asked.thread).await?;
        t.model.push(Turn::say(format!("Sure, {WORD}.")));
        t.chat_in(asked.thread, "quiltwick", &format!("really, {WORD}?"));
        t.next_answer(asked.thread).await?;
        t.until_all_answered().await?;
        ensure!(t.prompts()[0].contains("fridge"), "{}", t.prompts()[0]);
        // Bob's own words stay his.
        ensure!(t.discord().delete(question));
        let told = privacy(t, "quiltwick", "forget").await?;
        ensure!(told.starts_with("done"), "{told}");
        t.until_embedded().await?;
        nothing_is_left_of(t, "quiltwick").await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn what_is_forgotten_is_not_fetched_again_after_a_gap(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        // Theirs are the last words in a channel and the only ones in a direct message.
        t.discord().add_member(t.guild, "quiltwick", &[]);
        let direct = t.discord().dm("quiltwick");
        let said = t.chat("quiltwick", "the attic is full of marzipan");
        t.until_stored(said).await?;
        t.model.push(Turn::say("I see."));
        let whispered = t.discord().say(direct, "quiltwick", "nobody knows of the marzipan");
        t.next_answer(direct).await?;
        t.until_stored(whispered).await?;
        t.until_all_answered().await?;
        let told = privacy(t, "quiltwick", "forget").await?;
        ensure!(told.starts_with("done"), "{told}");
        t.kill().await?;
        t.start().await?;
        let after = t.chat("alice", "good morning");
        t.until_stored(after).await?;
        t.until_embedded().await?;
        let rows = rows_with(t.db(), "marzipan").await?;
        ensure!(rows.is_empty(), "what was forgotten is back: {rows:#?}");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_line_that_is_changed_after_an_opt_out_is_no_longer_stored(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let said = t.chat("quiltwick", "the attic is full of marzipan");
        t.until_stored(said).await?;
        privacy(t, "quiltwick", "optout").await?;
        ensure!(t.discord().edit(said, "the attic is full of nougat"));
        t.until("the line is gone", async |t| Ok(rows_with(t.db(), "marzipan").await?.is_empty().then_some(())))
            .await?;
        let rows = rows_with(t.db(), "nougat").await?;
        ensure!(rows.is_empty(), "{rows:#?}");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn who_is_forgotten_is_no_longer_quoted_in_what_pedro_said_either(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let said = t.chat("quiltwick", &format!("the password of the {WORD} server is written on the fridge"));
        t.until_stored(said).await?;
        t.until_embedded().await?;
        t.model.push(Turn::say(format!("It is on the fridge, {WORD} and all.")));
        t.chat("bob", "pedro, where is the password of that server?");
        t.next_answer(t.general).await?;
        t.model.push(Turn::say(format!("Yes, {WORD} is yours.")));
        let asked = t.ask("quiltwick", &format!("is {WORD} mine?")).await?;
        t.next_answer(asked.thread).await?;
        t.until_all_answered().await?;
        t.model.push(Turn::say("Is it alive?"));
        let game = t.slash(t.general, "quiltwick", "stumppedro", &[("thing", "a lighthouse".into())])?;
        let game = t.response(game).await?.id;
        t.until_said(game, "1/20: Is it alive?").await?;
        // Half an answer.
        t.model.push(Turn::Stall(vec![format!("I begin with {WORD} ")]));
        let open = t.ask("quiltwick", &format!("what else of {WORD}?")).await?;
        t.until_said(open.thread, &format!("I begin with {WORD} …")).await?;

        let told = privacy(t, "quiltwick", "forget").await?;
        ensure!(told.starts_with("done"), "{told}");
        t.until_said(open.thread, "this question was taken back.").await?;
        let places = [t.general, asked.thread, open.thread, game];
        t.until("nothing of Pedro's quotes them", async |t| {
            let quoted = |text: &str| [WORD, "quiltwick", "1/20"].iter().any(|word| text.contains(word));
            let threads = t.discord().threads(t.general);
            let says = places.iter().flat_map(|place| t.says(*place));
            let names = threads.into_iter().map(|thread| thread.name);
            Ok((!says.chain(names).any(|text| quoted(&text))).then_some(()))
        })
        .await?;
        for place in places {
            t.read_all(place);
        }
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_question_that_will_not_be_answered_any_more_leaves_no_word_standing(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.model.push(Turn::Hang);
        t.model.push(Turn::Hang);
        let question = t.chat("alice", "pedro, what is a lifetime?");
        t.until_said(t.general, "on it, give me a moment.").await?;
        ensure!(t.discord().delete(question));
        t.until_said(t.general, "this question was taken back.").await?;
        // Somebody who wants no replies, in a direct message: "thinking" must not stand there for ever.
        let direct = t.discord().dm("bob");
        t.slash(direct, "bob", "askpedro", &[("question", "what is a trait?".into())])?;
        t.until_said(direct, "on it, give me a moment.").await?;
        t.slash(direct, "bob", "privacy optout", &[("of", "replies".into())])?;
        t.until_said(direct, "this question was taken back.").await?;
        t.until_all_answered().await?;
        t.read_all(direct);
        assert_eq!(t.says(t.general), ["this question was taken back."]);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_moderator_has_a_line_forgotten_by_a_reply_and_what_pedro_said_of_it_gives_way(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let said = t.chat("quiltwick", &format!("the password of the {WORD} server is written on the fridge"));
        t.until_stored(said).await?;
        t.until_embedded().await?;
        t.model.push(Turn::say(format!("It is on the fridge, {WORD} and all.")));
        t.chat("bob", "pedro, where is the password of that server?");
        let answer = t.next_answer(t.general).await?;
        t.until_all_answered().await?;
        t.discord().reply(t.general, "bob", "!forget", said);
        let told = t.next_answer(t.general).await?;
        ensure!(told.content.starts_with("sorry, only moderators"), "{told:?}");
        ensure!(!rows_with(t.db(), WORD).await?.is_empty());
        t.discord().reply(t.general, "maud", "!forget", said);
        let told = t.next_answer(t.general).await?;
        ensure!(told.content.starts_with("done: I forgot that line"), "{told:?}");
        let rows = rows_with(t.db(), WORD).await?;
        ensure!(rows.is_empty(), "{rows:#?}");
        t.until("the answer gives way", async |t| {
            let shown = t.discord().message(answer.id).context("the message is gone")?;
            Ok((shown.content == "removed: I was asked to forget this.").then_some(()))
        })
        .await
    })
    .await
}
