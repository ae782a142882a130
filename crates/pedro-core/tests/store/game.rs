//! Twenty questions, from the wish to play to the last word.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pedro_core::chat::Platform;
use pedro_core::game::{Pressed, Started};
use pedro_core::llm::{LangchainModel, ModelLimits};
use pedro_core::store::question::Reach;
use pedro_core::store::{MIGRATOR, erase, game, opt_out};
use pedro_core::testing::{ScriptedModel, ScriptedModelServer, Turn};
use sqlx::PgPool;

use crate::game_table::{Table, open, player};

const REACH: Reach = Reach { everywhere: Some(Platform::Discord), channels: Vec::new() };

fn script(questions: &[&str]) -> ScriptedModel {
    ScriptedModel::new(questions.iter().map(|question| Turn::say(*question)))
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_game_is_won_with_buttons_and_words_and_the_thing_is_a_secret_until_then(pool: PgPool) {
    let mut table =
        Table::new(&pool, script(&["1. Is it alive?", "Hmm, does it have wheels? I think so.", "Is it a Bike?"])).await;
    let begun = table.begin("ann", "my Bicycle").await;
    assert!(begun.contains("first game here") && !begun.to_lowercase().contains("bicycle"), "{begun}");

    let first = table.next().await;
    assert_eq!(first.text, "1/20: Is it alive?");
    let labels: Vec<&str> = first.buttons.iter().map(|button| button.label.as_str()).collect();
    assert_eq!(labels, ["Yes", "No", "Sometimes", "Don't know"]);
    assert_eq!(table.press("ann", &first, "No").await, Pressed::Taken);

    let closed = table.next().await;
    assert_eq!((closed.text.as_str(), closed.buttons.len()), ("1/20: Is it alive? No.", 0));
    let second = table.next().await;
    assert_eq!(second.text, "2/20: Does it have wheels?");
    assert!(table.answer("ann", "yep, I counted them").await);
    let closed = table.next().await;
    assert_eq!((closed.edits.as_deref(), closed.buttons.len()), (Some(second.id.as_str()), 0));
    assert_eq!(closed.text, "2/20: Does it have wheels? Yes.");

    let won = table.next().await;
    assert!(won.text.contains("Is it a Bike? Got it, with 3 questions! You thought of: my Bicycle."), "{}", won.text);
    assert!(won.buttons.is_empty());
    table.until("select status = 'won' and finished_at is not null from pedro.game").await;
    let prompts = table.prompts();
    assert!(prompts.contains("Is it alive?\nno\nDoes it have wheels?\nyes"), "{prompts}");
    assert!(!prompts.contains("my Bicycle") && !prompts.contains("counted"), "{prompts}");
    let again = table.begin("ann", "cake").await;
    assert!(again.contains("Score: Pedro 1, this community 0. You and me: Pedro 1, you 0."), "{again}");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn only_the_player_answers_and_each_question_once(pool: PgPool) {
    let mut table = Table::new(&pool, script(&["Is it alive?", "Is it big?"])).await;
    table.begin("ann", "car").await;
    let first = table.next().await;
    assert!(matches!(table.press("bob", &first, "Yes").await, Pressed::NotYours(_)));
    assert!(!table.answer("bob", "yes").await);
    assert!(!table.hear("ann", "what a nice day it is today").await, "talk");
    let to_bob = table.line("ann", "yes", Some("bob"));
    assert!(!table.games.hear(&to_bob).await.unwrap(), "said to somebody else");
    let to_pedro = table.line("ann", "idk", Some("pedro"));
    assert!(table.games.hear(&to_pedro).await.unwrap());
    assert!(matches!(table.press("ann", &first, "Yes").await, Pressed::Stale(_)));
    let second = table.next_new().await;
    assert_eq!(second.text, "2/20: Is it big?");
    assert!(matches!(table.press("ann", &first, "Yes").await, Pressed::Stale(_)), "not the first one any more");
    let answers: Vec<Option<String>> =
        sqlx::query_scalar("select answer from pedro.game_turn order by number").fetch_all(&pool).await.unwrap();
    assert_eq!(answers, [Some("unknown".to_owned()), None]);
    assert!(table.games.press("plan:1:2:yes", "ann", None).await.unwrap().is_none());
    let gone = table.games.press("game:999:1:yes", "ann", None).await.unwrap();
    assert!(matches!(gone, Some(Pressed::Stale(_))));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn after_twenty_questions_pedro_has_lost_and_has_asked_nothing_twice(pool: PgPool) {
    // Whatever this model writes after its first question is a repetition, no question, or must not be said.
    let mut table = Table::new(&pool, ScriptedModel::default()).await;
    for turn in ["Is it alive?", "Is it a living thing?", "is it ALIVE", "Is it a spoon?", "What is it?"] {
        table.model.push(Turn::say(turn));
    }
    table.begin("ann", "a very strange thing").await;
    let mut asked = Vec::new();
    for number in 1..=20 {
        let question = table.next_new().await;
        assert!(question.text.starts_with(&format!("{number}/20: ")), "{}", question.text);
        asked.push(question.text.split_once(": ").unwrap().1.to_owned());
        assert_eq!(table.press("ann", &question, "Sometimes").await, Pressed::Taken);
    }
    let lost = table.next_new().await;
    assert!(lost.text.contains("you have stumped me! It was: a very strange thing."), "{}", lost.text);
    assert!(lost.text.contains("Score: Pedro 0, this community 1. You and me: Pedro 0, you 1."), "{}", lost.text);
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), 20);
    assert!(!asked.iter().any(|question| question.contains("spoon")));
    table.until("select status = 'lost' from pedro.game").await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn where_a_guess_is_in_doubt_the_player_decides(pool: PgPool) {
    let mut table = Table::new(&pool, script(&["Is it an instrument?", "Is it a guitar?", "Is it a violin?"])).await;
    table.begin("ann", "fiddle").await;
    let kind = table.next_new().await;
    assert_eq!(kind.text, "1/20: Is it an instrument?");
    table.press("ann", &kind, "Yes").await;
    let wrong = table.next_new().await;
    assert_eq!(wrong.text, "2/20: I have a guess! Is it a guitar?");
    table.press("ann", &wrong, "No").await;
    let right = table.next_new().await;
    table.press("ann", &right, "Yes").await;
    let won = table.next_new().await;
    assert!(won.text.starts_with("Got it, with 3 questions! You thought of: fiddle."), "{}", won.text);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_guess_that_only_begins_alike_does_not_end_the_game(pool: PgPool) {
    let mut table = Table::new(&pool, script(&["Is it a car?"])).await;
    table.begin("ann", "carpet").await;
    assert_eq!(table.next_new().await.text, "1/20: I have a guess! Is it a car?");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn one_game_per_player_and_channel_and_several_side_by_side(pool: PgPool) {
    let mut table = Table::new(&pool, ScriptedModel::replying(|_| "Is it alive?".to_owned())).await;
    table.begin("ann", "car").await;
    assert!(matches!(table.start("ann", "cake").await, Started::AlreadyPlaying { .. }));
    let refused = table.games.refusal(&table.place, player("ann"), "cake").await.unwrap();
    assert!(matches!(refused, Some(Started::AlreadyPlaying { .. })));
    assert!(table.games.refusal(&table.place, player("bob"), "cake").await.unwrap().is_none());
    table.begin("bob", "tree").await;
    let thread = open(&table.places, "thread").await;
    let elsewhere = open(&table.places, "elsewhere").await;
    let begun = table.games.start_in_thread(&thread, &elsewhere, player("ann"), "moon", None).await.unwrap();
    assert!(matches!(begun, Started::Begun { .. }));
    let again = table.games.start_in_thread(&thread, &elsewhere, player("ann"), "sun", None).await.unwrap();
    assert!(matches!(again, Started::AlreadyPlaying { .. }), "it was begun in that channel");
    let mut channels =
        [table.next_new().await, table.next_new().await, table.next_new().await].map(|said| said.channel);
    channels.sort();
    assert_eq!(channels, ["room", "room", "thread"]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_cannot_be_guessed_or_said_is_no_thing(pool: PgPool) {
    let table = Table::new(&pool, ScriptedModel::default()).await;
    let long = "x".repeat(61);
    for thing in ["", "  ", "?!", "the", "a spoon", "fucker", "https://evil.example/x", &long, "<@123>"] {
        let started = table.start("ann", thing).await;
        assert!(matches!(&started, Started::NotAThing { text } if !text.contains("spoon")), "{thing}: {started:?}");
    }
    assert_eq!(sqlx::query_scalar::<_, i64>("select count(*) from pedro.game").fetch_one(&pool).await.unwrap(), 0);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_silent_player_is_asked_once_and_any_answer_goes_on(pool: PgPool) {
    let mut table = Table::new(&pool, script(&["Is it alive?", "Is it big?"])).await;
    table.begin("ann", "car").await;
    let question = table.next_new().await;
    table.until("select status = 'asking' from pedro.game").await;
    table.execute("update pedro.game set waiting_since = now() - interval '6 minutes'").await;
    assert!(table.next_new().await.text.starts_with("Still there?"));
    assert_eq!(table.press("ann", &question, "No").await, Pressed::Taken);
    assert_eq!(table.next_new().await.text, "2/20: Is it big?", "and the pause is told once");
    table.until("select status = 'asking' and paused_at is null from pedro.game").await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_question_whose_message_was_not_noted_is_closed_all_the_same_when_it_is_answered(pool: PgPool) {
    let mut table = Table::new(&pool, script(&["Is it alive?", "Is it big?"])).await;
    table.begin("ann", "car").await;
    let question = table.next_new().await;
    table.until("select status = 'asking' from pedro.game").await;
    // As a crash right after the platform took it leaves it.
    table.execute("update pedro.game_turn set shown_message_id = null").await;
    assert_eq!(table.press("ann", &question, "No").await, Pressed::Taken);
    let closed = table.next().await;
    assert_eq!((closed.edits.as_deref(), closed.text.as_str()), (Some(question.id.as_str()), "1/20: Is it alive? No."));
    assert!(closed.buttons.is_empty());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn after_an_hour_of_silence_the_game_is_over_and_the_secret_is_kept(pool: PgPool) {
    let mut table = Table::new(&pool, script(&["Is it alive?"])).await;
    table.begin("ann", "zeppelin").await;
    let question = table.next_new().await;
    table.until("select status = 'asking' from pedro.game").await;
    table.execute("update pedro.game set waiting_since = now() - interval '1 hour', paused_at = now() - interval '56 minutes'").await;
    let closed = table.next().await;
    assert_eq!((closed.edits, closed.buttons.len()), (Some(question.id.clone()), 0));
    let over = table.next_new().await;
    assert!(over.text.contains("for an hour") && !over.text.contains("zeppelin"), "{}", over.text);
    table.until("select status = 'abandoned' from pedro.game").await;
    assert!(matches!(table.press("ann", &question, "Yes").await, Pressed::Stale(_)));
    let begun = table.begin("ann", "car").await;
    assert!(begun.contains("first game here"), "it counts for nobody: {begun}");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_restart_goes_on_where_the_game_was(pool: PgPool) {
    let mut table = Table::new(&pool, script(&["Is it alive?"])).await;
    table.model.push(Turn::Hang);
    table.begin("ann", "car").await;
    let question = table.next_new().await;
    table.press("ann", &question, "No").await;
    while table.model.requests().len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    table.stop().await;
    table.model.push(Turn::say("Is it big?"));
    table.run();
    assert_eq!(table.next_new().await.text, "2/20: Is it big?");

    // A process that died between making a question and saying it: the same is said, by the same nonce.
    table.until("select status = 'asking' from pedro.game").await;
    table.stop().await;
    table
        .execute(
            "update pedro.game set status = 'thinking', waiting_since = null, lease_owner = gen_random_uuid(),
                 lease_until = now() - interval '1 second'",
        )
        .await;
    table.run();
    let again = table.next_new().await;
    assert_eq!((again.text.as_str(), again.nonce.as_deref()), ("2/20: Is it big?", Some("g1-moor-2")));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn whoever_lost_the_lease_writes_nothing_more(pool: PgPool) {
    let mut table = Table::new(&pool, ScriptedModel::default()).await;
    table.stop().await;
    table.begin("ann", "car").await;
    let dead = game::claim(&pool, &REACH, &[]).await.unwrap().unwrap();
    assert!(game::claim(&pool, &REACH, &[]).await.unwrap().is_none(), "it is held");
    table.execute("update pedro.game set lease_until = now() - interval '1 second'").await;
    assert!(game::claim(&pool, &REACH, &[dead.id.0]).await.unwrap().is_none(), "not twice by one process");
    let elsewhere = Reach { everywhere: None, channels: vec![table.place.id.0 + 1] };
    assert!(game::claim(&pool, &elsewhere, &[]).await.unwrap().is_none());
    let alive = game::claim(&pool, &REACH, &[]).await.unwrap().unwrap();
    assert_eq!(alive.id, dead.id);
    let turn = game::NewTurn { number: 1, question: "Is it alive?", is_guess: false, is_right: false };
    let mut connection = pool.acquire().await.unwrap();
    assert!(game::keep_turn(&mut connection, dead.id, dead.lease_owner, &turn).await.is_err());
    game::keep_turn(&mut connection, alive.id, alive.lease_owner, &turn).await.unwrap();
    assert!(game::note_shown(&mut connection, dead.id, dead.lease_owner, 1, "m1").await.is_err());
    // A button that is pressed before the note of its message answers the question.
    assert!(game::take_answer(&mut connection, alive.id, 1, game::Answer::Yes).await.unwrap());
    game::note_shown(&mut connection, alive.id, alive.lease_owner, 1, "m1").await.unwrap();
    let standing = game::standing(&pool, alive.id).await.unwrap().unwrap();
    assert!(!standing.is_players_turn && standing.is_open);
    assert!(game::claim(&pool, &REACH, &[]).await.unwrap().is_some(), "it is Pedro's turn at once");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn stopping_a_channel_ends_its_games_and_takes_the_buttons_away(pool: PgPool) {
    let mut table = Table::new(&pool, script(&["Is it alive?"])).await;
    table.begin("ann", "car").await;
    let question = table.next_new().await;
    table.until("select status = 'asking' from pedro.game").await;
    assert_eq!(table.games.stop_channel(table.place.id).await.unwrap(), 1);
    let closed = table.next().await;
    assert_eq!((closed.edits, closed.buttons.len()), (Some(question.id.clone()), 0));
    assert!(matches!(table.press("ann", &question, "Yes").await, Pressed::Stale(_)));
    assert_eq!(table.games.stop_channel(table.place.id).await.unwrap(), 0);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_game_in_a_thread_that_is_gone_ends(pool: PgPool) {
    let mut table = Table::new(&pool, script(&["Is it alive?"])).await;
    table.begin("ann", "car").await;
    let question = table.next_new().await;
    table.is_refusing.store(true, Ordering::Relaxed);
    table.press("ann", &question, "Yes").await;
    table.until("select status = 'abandoned' and finished_at is not null from pedro.game").await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_model_that_stays_away_is_replaced_by_questions_in_reserve(pool: PgPool) {
    let mut table = Table::new(&pool, ScriptedModel::default()).await;
    for _ in 0..4 {
        table.model.push(Turn::Status(503));
    }
    table.begin("ann", "car").await;
    // It is waited for three times; the waiting is cut short here.
    for _ in 0..3 {
        table.until("select not_before > now() from pedro.game").await;
        table.execute("update pedro.game set not_before = null").await;
        table.games.wake.notify_one();
    }
    assert_eq!(table.next_new().await.text, "1/20: Is it alive?");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_game_is_played_with_a_model_server(pool: PgPool) {
    let server = ScriptedModelServer::start().unwrap();
    server.push(Turn::say("<think>maybe</think>\n**Is it heavy?**"));
    let patience = Duration::from_secs(60);
    let limits = ModelLimits { deadline: patience, stall: patience, give_up: Duration::from_secs(5) };
    let model = Arc::new(LangchainModel::new("scripted", None, limits).unwrap());
    let mut table = Table::with(&pool, model, Arc::default(), server.url().as_str()).await;
    table.begin("ann", "anvil").await;
    assert_eq!(table.next_new().await.text, "1/20: Is it heavy?");
    let request = &server.requests()[0];
    assert!(!request.to_string().contains("anvil"), "{request}");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_forgotten_player_leaves_nothing_of_a_game(pool: PgPool) {
    let mut table = Table::new(&pool, script(&["Is it alive?"])).await;
    table.begin("ann", "xyzzy").await;
    table.next_new().await;
    table.until("select status = 'asking' from pedro.game").await;
    let hash = table.games.hasher.hash(Platform::Discord, "ann");
    let mut transaction = pool.begin().await.unwrap();
    erase::person(&mut transaction, Platform::Discord, "ann", &hash).await.unwrap();
    transaction.commit().await.unwrap();
    for table in ["game", "game_turn", "message", "generation"] {
        let count = sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(format!("select count(*) from pedro.{table}")));
        assert_eq!(count.fetch_one(&pool).await.unwrap(), 0, "{table}");
    }
    assert!(!table.hear("ann", "yes").await);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn of_somebody_who_opted_out_of_storage_nothing_is_kept_after_the_game(pool: PgPool) {
    let mut table = Table::new(&pool, script(&["Is it a car?"])).await;
    let hash = table.games.hasher.hash(Platform::Discord, "ann");
    opt_out::add(&pool, &hash, opt_out::OptOut { storage: true, replies: false }).await.unwrap();
    table.begin("ann", "car").await;
    assert!(table.next_new().await.text.contains("Got it"));
    table.until("select count(*) = 0 from pedro.game").await;
}
