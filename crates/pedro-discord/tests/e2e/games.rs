//! Twenty questions: several at once, over restarts, and the thing is shown to nobody before the end.

use anyhow::{Context, Result, ensure};
use pedro_playground::discord::{Message, Snowflake};
use sqlx::PgPool;

use crate::tester::{DiscordTester, run_test};

/// A game as its player sees it: the thread that it is played in.
struct Game {
    player: &'static str,
    thread: Snowflake,
}

/// Somebody begins a game in the general channel.
async fn begin(t: &mut DiscordTester, player: &'static str, thing: &str) -> Result<Game> {
    let interaction = t.slash(t.general, player, "stumppedro", &[("thing", thing.into())])?;
    let shown = t.response(interaction).await?;
    ensure!(shown.content.contains("thinks of something") && !shown.content.contains(thing), "{shown:?}");
    let thread = shown.id;
    t.until("a thread is opened", async |t| {
        Ok(t.discord().threads(t.general).iter().any(|found| found.id == thread).then_some(()))
    })
    .await?;
    let told = t.next_message(thread).await?;
    ensure!(told.content.starts_with("Challenge taken"), "{told:?}");
    Ok(Game { player, thread })
}

/// The question at hand, when it can be answered.
async fn question(t: &mut DiscordTester, game: &Game, number: usize) -> Result<Message> {
    let begins = format!("{number}/20: ");
    let question = t
        .until(&format!("question {number} is asked"), async |t| {
            let messages = t.discord().bot_messages(game.thread);
            let asked = messages
                .into_iter()
                .find(|message| message.content.starts_with(&begins) && message.components.iter().any(has_buttons));
            let Some(asked) = asked else { return Ok(None) };
            // Nobody answers before the bot has noted that it asked.
            let sql = "select count(*) from pedro.game_turn where shown_message_id = $1";
            let noted: i64 = sqlx::query_scalar(sql).bind(asked.id.to_string()).fetch_one(t.db()).await?;
            Ok((noted > 0).then_some(asked))
        })
        .await?;
    t.read_all(game.thread);
    Ok(question)
}

fn has_buttons(row: &serde_json::Value) -> bool {
    row["components"].as_array().is_some_and(|buttons| !buttons.is_empty())
}

/// The id of the button with this label.
fn button(message: &Message, label: &str) -> Result<String> {
    let buttons = message.components.iter().flat_map(|row| row["components"].as_array().into_iter().flatten());
    let found = buttons.into_iter().find(|button| button["label"] == label).context("there is no such button")?;
    Ok(found["custom_id"].as_str().unwrap_or_default().to_owned())
}

/// The player presses a button under the question at hand.
async fn press(t: &mut DiscordTester, game: &Game, question: &Message, label: &str) -> Result<()> {
    let id = button(question, label)?;
    let pressed = t.discord().press(question.id, &id, game.player)?;
    t.acknowledged(pressed).await.map(drop)
}

/// A model that asks a new question each time, and guesses from the given question on.
fn guess_from(t: &DiscordTester, number: usize, guess: &'static str) {
    let questions =
        ["Would a cat carry it?", "Do pirates bury it?", "Can snow melt on it?", "Does it smell of cheese?"];
    t.model.reply_with(move |request| {
        let asked = request["messages"].to_string();
        let next = questions.iter().take(number - 1).find(|question| !asked.contains(*question));
        next.map_or_else(|| format!("Is it {guess}?"), |question| (*question).to_owned())
    });
}

#[sqlx::test(migrations = false)]
async fn two_people_play_at_once_and_a_kill_in_between_ends_neither_game(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        guess_from(t, 3, "an umbrella");
        let alices = begin(t, "alice", "an umbrella").await?;
        let bobs = begin(t, "bob", "a xylquartz").await?;
        let (first, other) = (question(t, &alices, 1).await?, question(t, &bobs, 1).await?);
        // Nobody else can answer.
        let stranger = t.discord().press(first.id, &button(&first, "No")?, "bob")?;
        let told = t
            .until("the other one is told", async |t| {
                let whispered = t.discord().interaction(stranger).and_then(|press| press.followups.first().copied());
                Ok(whispered.and_then(|id| t.discord().message(id)))
            })
            .await?;
        ensure!(
            told.ephemeral_for.as_deref() == Some("bob") && told.content.contains("somebody else's game"),
            "{told:?}"
        );
        press(t, &alices, &first, "No").await?;
        question(t, &alices, 2).await?;
        t.kill().await?;
        t.start().await?;
        press(t, &bobs, &other, "Sometimes").await?;
        let second = question(t, &bobs, 2).await?;
        press(t, &bobs, &second, "Don't know").await?;
        let guess = question(t, &bobs, 3).await?;
        press(t, &bobs, &guess, "No").await?;
        let second = question(t, &alices, 2).await?;
        press(t, &alices, &second, "No").await?;
        // The next question guesses it, which needs no answer.
        t.until("the game is won", async |t| {
            Ok(t.says(alices.thread).iter().any(|text| text.contains("Got it")).then_some(()))
        })
        .await?;
        t.read_all(alices.thread);
        t.read_all(bobs.thread);
        // The thing was in no prompt, and nowhere to be seen while the game went on.
        let prompts: String = t.model.requests().iter().map(ToString::to_string).collect();
        ensure!(!prompts.contains("xylquartz"), "the thing is in a prompt");
        for channel in [t.general, bobs.thread] {
            ensure!(t.says(channel).iter().all(|text| !text.contains("xylquartz")), "the thing is shown");
        }
        // A second game in the same channel has to wait for the first.
        let told = t.told("bob", "stumppedro", &[("thing", "a bridge".into())]).await?;
        ensure!(told.contains("in the middle of a game"), "{told}");
        let told = t.told("maud", "pedro-stop", &[]).await?;
        ensure!(told.starts_with("stopped"), "{told}");
        t.read_all(bobs.thread);
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn a_game_whose_thread_is_gone_does_not_stand_in_the_way_of_the_next(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        guess_from(t, 3, "an umbrella");
        let first = begin(t, "alice", "an umbrella").await?;
        question(t, &first, 1).await?;
        t.kill().await?;
        ensure!(t.discord().delete_channel(first.thread));
        t.start().await?;
        let second = begin(t, "alice", "a harp").await?;
        question(t, &second, 1).await?;
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn words_answer_too_and_after_twenty_questions_the_player_has_won(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let game = begin(t, "alice", "a xylquartz").await?;
        for number in 1..=20 {
            question(t, &game, number).await?;
            // What others say is no answer.
            t.chat_in(game.thread, "alice", if number % 2 == 0 { "no" } else { "nope" });
        }
        t.until("the game is lost", async |t| {
            Ok(t.says(game.thread).iter().any(|text| text.contains("you have stumped me")).then_some(()))
        })
        .await?;
        t.read_all(game.thread);
        ensure!(
            t.says(game.thread).iter().any(|text| text.contains("It was: a xylquartz")),
            "{:?}",
            t.says(game.thread)
        );
        let prompts: String = t.model.requests().iter().map(ToString::to_string).collect();
        ensure!(!prompts.contains("xylquartz"), "the thing is in a prompt");
        Ok(())
    })
    .await
}

#[sqlx::test(migrations = false)]
async fn what_is_no_thing_is_refused_kindly_and_not_shown(pool: PgPool) -> Result<()> {
    run_test(pool, async |t| {
        let told = t.told("alice", "stumppedro", &[("thing", "https://example.com/xylquartz".into())]).await?;
        ensure!(told.contains("I need one thing to guess") && !told.contains("xylquartz"), "{told}");
        ensure!(t.discord().threads(t.general).is_empty());
        Ok(())
    })
    .await
}
