//! A question that is planned: the plan is shown, carried out and answered from, and people can change what came of it.

use anyhow::{Context, Result, ensure};
use pedro_core::testing::Turn;
use pedro_playground::discord::{Message, Snowflake};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::tester::{DiscordTester, run_test};

/// A model that makes this plan, and answers everything else with a text of its own for each request.
fn plan_by(t: &DiscordTester, plan: Value) {
    let count = std::sync::atomic::AtomicUsize::new(0);
    t.model.reply_with(move |request| {
        if request["response_format"]["json_schema"]["name"] == "plan" {
            return plan.to_string();
        }
        let names = ["apple", "birch", "cedar", "date", "elm", "fig", "gum", "hazel"];
        let n = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        format!("The answer of the {}.", names[n % names.len()])
    });
}

/// Memory twice, side by side, and the answer.
fn two_look_ups() -> Value {
    json!({"steps": [
        {"id": "s1", "action": "reference_check", "params": {"query": "Dana's keyboard"}, "depends_on": []},
        {"id": "s2", "action": "reference_check", "params": {"query": "Erik's mouse"}, "depends_on": []},
        {"id": "s3", "action": "return_response", "params": {}, "depends_on": ["s1", "s2"]},
    ]})
}

/// Somebody asks for a plan: the thread, and the message that shows the plan.
async fn ask_for_plan(t: &mut DiscordTester, person: &str, question: &str) -> Result<(Snowflake, Message)> {
    let options = [("question", question.into()), ("plan", true.into())];
    let interaction = t.slash(t.general, person, "askpedro", &options)?;
    let thread = t.response(interaction).await?.id;
    let shown = t.next_message(thread).await?;
    Ok((thread, shown))
}

/// Waits until a plan's message says something.
async fn until_shown(t: &mut DiscordTester, message: Snowflake, words: &str) -> Result<Message> {
    let what = format!("the plan shows {words:?}");
    t.until(&what, async |t| Ok(t.discord().message(message).filter(|message| message.content.contains(words)))).await
}

/// The id of the button or list whose id begins so.
fn control(message: &Message, begins: &str) -> Result<String> {
    let controls = message.components.iter().flat_map(|row| row["components"].as_array().into_iter().flatten());
    let ids = controls.filter_map(|control| control["custom_id"].as_str());
    let found = ids.into_iter().find(|id| id.starts_with(begins));
    found.map(str::to_owned).with_context(|| format!("no {begins} under {message:?}"))
}

/// Waits until a plan's message offers the button or list whose id begins so; its id.
async fn until_offered(t: &mut DiscordTester, message: Snowflake, begins: &str) -> Result<String> {
    let what = format!("the plan offers {begins}");
    t.until(&what, async |t| Ok(t.discord().message(message).and_then(|message| control(&message, begins).ok()))).await
}

/// What somebody is whispered after they pressed something.
async fn whispered(t: &mut DiscordTester, press: Snowflake) -> Result<String> {
    let id = t
        .until("they are told", async |t| {
            Ok(t.discord().interaction(press).and_then(|press| press.followups.first().copied()))
        })
        .await?;
    t.has_read(id);
    Ok(t.discord().message(id).context("there is no such message")?.content)
}

#[sqlx::test(migrations = false)]
async fn a_plan_is_shown_step_by_step_and_answered_from_with_what_it_found(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.chat("dana", "my keyboard is a quixotron with blue switches");
        t.small_talk();
        t.until_embedded().await?;
        plan_by(t, two_look_ups());
        let (thread, shown) = ask_for_plan(t, "alice", "which keyboard does dana have?").await?;
        let answer = t.next_answer(thread).await?;
        ensure!(answer.content.starts_with("The answer of the apple."), "{answer:?}");
        ensure!(answer.content.contains("Sources: dana, "), "{answer:?}");
        ensure!(answer.id != shown.id, "the answer stands below the plan");
        let ended = until_shown(t, shown.id, "✅ `s3` Answer").await?;
        ensure!(ended.content.starts_with("**My plan**\n✅ `s1` Memory: Dana's keyboard"), "{ended:?}");
        // Without a public address the workflow page hangs on the message.
        let ended = t
            .until("the page hangs on it", async |t| {
                Ok(t.discord().message(shown.id).filter(|message| !message.attachments.is_empty()))
            })
            .await?;
        control(&ended, "plan:retry:")?;
        let last = t.prompts().pop().unwrap_or_default();
        ensure!(last.contains("What was found for the question") && last.contains("quixotron"), "{last}");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_step_that_is_not_needed_is_marked_and_the_answer_is_made_again_without_it(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.chat("dana", "my keyboard is a quixotron with blue switches");
        t.small_talk();
        t.until_embedded().await?;
        plan_by(t, two_look_ups());
        let (thread, shown) = ask_for_plan(t, "alice", "which keyboard does dana have?").await?;
        t.next_answer(thread).await?;
        t.until_all_answered().await?;
        let mark = until_offered(t, shown.id, "plan:mark:").await?;
        let stranger = t.discord().select(shown.id, &mark, "bob", &["redundant:s1"])?;
        ensure!(whispered(t, stranger).await?.contains("only whoever asked"));
        let choice = t.discord().select(shown.id, &mark, "alice", &["redundant:s1"])?;
        ensure!(whispered(t, choice).await?.contains("without s1"));
        let second = t.next_answer(thread).await?;
        ensure!(second.content.starts_with("The answer of the birch."), "{second:?}");
        until_shown(t, shown.id, "➖ `s1`").await?;
        t.until_all_answered().await?;
        // The other step found the line as well, so that it may be there: what s1 brought is not.
        let results: Vec<(String, String)> =
            sqlx::query_as("select name, status from pedro.plan_step order by position").fetch_all(t.db()).await?;
        ensure!(results[0] == ("s1".to_owned(), "redundant".to_owned()), "{results:?}");
        ensure!(results[2] == ("s3".to_owned(), "succeeded".to_owned()), "{results:?}");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_plan_is_stopped_and_tried_again(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.model.push(Turn::Hang);
        let (thread, shown) = ask_for_plan(t, "alice", "which keyboard does dana have?").await?;
        t.until_generating(1).await?;
        let shown = until_shown(t, shown.id, "making a plan").await?;
        let stop = t.discord().press(shown.id, &control(&shown, "plan:stop:")?, "alice")?;
        ensure!(whispered(t, stop).await?.contains("stopped"));
        t.until_said(thread, "stopped: this question was cancelled.").await?;
        t.until_all_answered().await?;
        plan_by(t, two_look_ups());
        // It was stopped before there was a plan: the question is put again as a new one.
        let (thread, shown) = ask_for_plan(t, "alice", "and which mouse does erik have?").await?;
        t.next_answer(thread).await?;
        t.until_all_answered().await?;
        let control = until_offered(t, shown.id, "plan:retry:").await?;
        let again = t.discord().press(shown.id, &control, "alice")?;
        ensure!(whispered(t, again).await?.contains("once more"));
        let second = t.next_answer(thread).await?;
        ensure!(second.content.starts_with("The answer of the birch."), "{second:?}");
        until_shown(t, shown.id, "My plan, number 2").await?;
        t.until_all_answered().await
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_kill_between_steps_repeats_none_that_was_finished(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        t.chat("dana", "my keyboard is a quixotron with blue switches");
        t.until_embedded().await?;
        plan_by(t, two_look_ups());
        // The plan is made; then the answer hangs.
        t.model.push(Turn::say(two_look_ups().to_string()));
        t.model.push(Turn::Hang);
        let (thread, shown) = ask_for_plan(t, "alice", "which keyboard does dana have?").await?;
        until_shown(t, shown.id, "✍️ `s3`").await?;
        t.until_generating(1).await?;
        let steps = "select string_agg(name || ' ' || began_at, ', ' order by position) from pedro.plan_step
                     where action = 'reference_check'";
        let before: String = sqlx::query_scalar(steps).fetch_one(t.db()).await?;
        t.kill().await?;
        t.start().await?;
        let answer = t.next_answer(thread).await?;
        ensure!(answer.content.starts_with("The answer of the apple."), "{answer:?}");
        t.until_all_answered().await?;
        let after: String = sqlx::query_scalar(steps).fetch_one(t.db()).await?;
        assert_eq!(before, after);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn without_agentic_mode_nothing_is_planned(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        plan_by(t, two_look_ups());
        let options = [("mode", Value::from("off"))];
        ensure!(t.told("maud", "pedro-agentic-mode", &options).await?.contains("planning is off"));
        let asked = t.ask("alice", "what is a trait? #plan").await?;
        let answer = t.next_answer(asked.thread).await?;
        ensure!(answer.content.contains("The answer of the apple."), "{answer:?}");
        ensure!(answer.content.contains("Planning is switched off here"), "{answer:?}");
        t.until_all_answered().await
    })
    .await
}
