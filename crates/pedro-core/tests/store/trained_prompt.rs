//! Trained prompts: stored, followed, matched, answered in turns; questions that nobody addressed.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use pedro_core::chat::Platform;
use pedro_core::embedder::{CandleEmbedder, DeterministicEmbedder, Embedder};
use pedro_core::knowledge::{TrainedPrompts, prompt_file};
use pedro_core::service::config::TrainedPromptFile;
use pedro_core::store::embedding::ensure_space;
use pedro_core::store::question::{self, Accepted, Limits, NewQuestion, Origin, Reach};
use pedro_core::store::trained_prompt::{self, NewTrainedPrompt, Source};
use pedro_core::store::{MIGRATOR, channel, plan};
use sqlx::PgPool;

use crate::world::{World, open};

fn prompt(name: &str, examples: &[&str], answer: &str) -> NewTrainedPrompt {
    let examples = examples.iter().map(|&text| text.to_owned()).collect();
    NewTrainedPrompt {
        name: name.to_owned(),
        examples,
        answer: answer.to_owned(),
        words: String::new(),
        cooldown_seconds: 300,
    }
}

async fn put(world: &World, new: &NewTrainedPrompt, source: Source) -> bool {
    let mut connection = world.pool.acquire().await.unwrap();
    trained_prompt::put(&mut connection, world.community, new, source).await.unwrap()
}

async fn follow(world: &World, file: &[NewTrainedPrompt]) {
    let mut transaction = world.pool.begin().await.unwrap();
    trained_prompt::follow_file(&mut transaction, world.community, file).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn names(world: &World) -> Vec<(String, Source)> {
    let all = trained_prompt::list(&world.pool, world.community).await.unwrap();
    all.into_iter().map(|prompt| (prompt.name, prompt.source)).collect()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn rows_of_the_file_follow_it_and_what_people_taught_stays(pool: PgPool) {
    let world = World::new(pool).await;
    let (desk, chair) =
        (prompt("desk", &["what desk?", "which desk is it?"], "oak"), prompt("chair", &["what chair?"], "red"));
    follow(&world, &[desk.clone(), chair.clone()]).await;
    follow(&world, &[desk.clone(), chair.clone()]).await;
    assert!(put(&world, &prompt("lamp", &["what lamp?"], "small"), Source::Taught).await);
    assert!(!put(&world, &prompt("desk", &["what desk?"], "birch"), Source::Taught).await, "it is no new one");
    follow(&world, &[desk]).await;
    assert_eq!(names(&world).await, [("desk".to_owned(), Source::Taught), ("lamp".to_owned(), Source::Taught)]);
    let all = trained_prompt::list(&world.pool, world.community).await.unwrap();
    assert_eq!((all[0].answer.as_str(), all[0].examples.as_slice()), ("birch", ["what desk?".to_owned()].as_slice()));
    assert_eq!(trained_prompt::remove(&world.pool, world.community, "DESK").await.unwrap(), Some(Source::Taught));
    assert_eq!(trained_prompt::remove(&world.pool, world.community, "desk").await.unwrap(), None);
    assert_eq!(world.count("trained_prompt_example").await, 1);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_changed_file_is_read_again_and_a_wrong_one_changes_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let embedder: Arc<dyn Embedder> = Arc::new(DeterministicEmbedder::new(64));
    let space = ensure_space(&world.pool, &embedder.model().name, 64).await.unwrap();
    let prompts = TrainedPrompts::new(world.pool.clone(), embedder, space);
    let path = std::env::temp_dir().join(format!("pedro-prompts-{}.yaml", uuid::Uuid::new_v4()));
    let file = TrainedPromptFile::File(path.clone());
    let write = |yaml: &str| std::fs::write(&path, yaml).unwrap();
    let follow = async || prompts.follow(world.community, Some(&file)).await.unwrap();
    write("trained_prompts: [{name: desk, examples: [what desk?], answer: oak}]");
    assert_eq!((follow().await, follow().await), (Some(1), None));
    write("trained_prompts: [{name: desk, examples: [what desk?], answer: }]");
    assert_eq!((follow().await, follow().await), (None, None));
    assert_eq!(names(&world).await, [("desk".to_owned(), Source::File)]);
    write("trained_prompts: [{name: chair, examples: [what chair?, which chair?], answer: red}]");
    assert_eq!(follow().await, Some(1));
    assert_eq!(names(&world).await, [("chair".to_owned(), Source::File)]);
    assert_eq!(prompts.embed_new().await.unwrap(), 2);
    assert_eq!(prompts.embed_new().await.unwrap(), 0);
    // Another model: everything is embedded again, and nothing is compared across.
    let other: Arc<dyn Embedder> = Arc::new(DeterministicEmbedder::new(32));
    let other_space = ensure_space(&world.pool, "another model", 32).await.unwrap();
    let after = TrainedPrompts::new(world.pool.clone(), other, other_space);
    assert!(after.near_text(world.community, "what chair?").await.unwrap().is_empty());
    assert_eq!(after.embed_new().await.unwrap(), 2);
    assert!(after.near_text(world.community, "what chair?").await.unwrap()[0].matches);
    // Without its file the community has none of a file.
    assert_eq!(prompts.follow(world.community, None).await.unwrap(), Some(0));
    assert!(names(&world).await.is_empty());
    std::fs::remove_file(&path).unwrap();
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn of_all_who_ask_at_once_one_has_the_turn_in_each_channel(pool: PgPool) {
    let world = World::new(pool).await;
    put(&world, &prompt("desk", &["what desk?"], "oak"), Source::Added).await;
    let id = trained_prompt::list(&world.pool, world.community).await.unwrap()[0].id;
    let take = async |place| {
        let mut transaction = world.pool.begin().await.unwrap();
        let taken = trained_prompt::take_turn(&mut transaction, id, place).await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        transaction.commit().await.unwrap();
        taken
    };
    let all = futures_util::future::join_all((0..20).map(|_| take(world.channel))).await;
    assert_eq!(all.into_iter().filter(|taken| *taken).count(), 1);
    let (_, other) = open(&world.pool, "home", "other").await;
    assert!(take(other).await, "each channel has its own");
    let age = "update pedro.trained_prompt_turn set last_answered_at = now() - interval '301 seconds'";
    sqlx::query(age).execute(&world.pool).await.unwrap();
    assert!(take(world.channel).await && !take(world.channel).await, "after its cool-down, once again");
    let mut transaction = world.pool.begin().await.unwrap();
    sqlx::query("update pedro.trained_prompt set cooldown_seconds = 0").execute(&mut *transaction).await.unwrap();
    transaction.rollback().await.unwrap();
    assert!(trained_prompt::last_answered(&world.pool, world.community).await.unwrap().contains_key(&id));
}

/// What people ask, and the trained prompt of the shipped file that it is; empty: none.
const ASKED: [(&str, &str); 66] = [
    ("where could I learn golang?", "learn-go"),
    ("what's the best resource to learn go as a beginner?", "learn-go"),
    ("any tips on how to get started with Go?", "learn-go"),
    ("how do I learn go?", "learn-go"),
    ("is there a youtube channel?", "youtube"),
    ("do you upload to youtube?", "youtube"),
    ("whats your yt called", "youtube"),
    ("where can I see the previous streams?", "videos"),
    ("are there recordings of the streams?", "videos"),
    ("is there a vod for this?", "videos"),
    ("what social media are you on?", "social-media"),
    ("do you have a twitter?", "social-media"),
    ("where can I follow soypetetech?", "social-media"),
    ("is the source code somewhere on github?", "github"),
    ("where can I find the code for this?", "github"),
    ("is this project open source?", "github"),
    ("does she have a website?", "website"),
    ("when is the next stream?", "schedule"),
    ("what's the streaming schedule?", "schedule"),
    ("which days do you go live?", "schedule"),
    ("what time do you usually stream?", "schedule"),
    ("what is this channel about?", "about"),
    ("what do you usually stream?", "about"),
    ("who is the streamer?", "streamer"),
    ("who is soypete?", "streamer"),
    ("do you offer any courses?", "courses"),
    ("where are your classes?", "courses"),
    ("how can I become a speaker at conferences?", "conferences"),
    ("do you speak at any conferences this year?", "conferences"),
    ("are there any Go meetups around?", "meetups"),
    ("how do I join the meetup?", "meetups"),
    ("what's your setup?", "setup"),
    ("what are the specs of your computer?", "setup"),
    ("what editor are you using?", "editor"),
    ("which IDE do you use?", "editor"),
    ("is that vim or vscode?", "editor"),
    ("who is pedro?", "pedro"),
    ("is pedro an AI bot?", "pedro"),
    ("how can we support the channel?", "support"),
    ("can I donate somewhere?", "support"),
    ("where can I learn rust?", ""),
    ("where can I learn to cook?", ""),
    ("what is the best way to learn piano?", ""),
    ("how do I start the server?", ""),
    ("when is the next train?", ""),
    ("what time is it in Utah?", ""),
    ("when is lunch?", ""),
    ("what is a goroutine?", ""),
    ("why does this test fail?", ""),
    ("does anyone have a cat?", ""),
    ("who won the game yesterday?", ""),
    ("what is the name of that song?", ""),
    ("is there a difference between a slice and an array?", ""),
    ("can I use generics for that?", ""),
    ("how do I exit vim?", ""),
    ("what keyboard is that?", ""),
    ("is anybody going to the conference dinner?", ""),
    ("where do you buy your coffee?", ""),
    ("how do I join two tables in sql?", ""),
    ("what is the difference between video codecs?", ""),
    ("are you hungry?", ""),
    ("how often do you water your plants?", ""),
    ("who broke the build?", ""),
    ("did the stream freeze for anyone else?", ""),
    ("is the sound too loud on stream?", ""),
    ("what is this error about?", ""),
];

#[sqlx::test(migrator = "MIGRATOR")]
async fn lines_are_matched_by_what_they_mean(pool: PgPool) {
    let world = World::new(pool).await;
    let dir = std::env::var_os("EMBEDDINGS_MODEL_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.local/models/all-minilm-l6-v2")),
        PathBuf::from,
    );
    let embedder: Arc<dyn Embedder> = Arc::new(CandleEmbedder::load(&dir).unwrap());
    let space = ensure_space(&world.pool, &embedder.model().name, embedder.model().dimension).await.unwrap();
    let prompts = TrainedPrompts::new(world.pool.clone(), embedder, space);
    let count = prompts.follow(world.community, Some(&TrainedPromptFile::SoyPeteTech)).await.unwrap();
    assert_eq!(count, Some(prompt_file::read(&TrainedPromptFile::SoyPeteTech).unwrap().len()));
    prompts.embed_new().await.unwrap();
    let (mut right, mut wrong, mut missed) = (0, 0, 0);
    for (line, name) in ASKED {
        let near = prompts.near_text(world.community, line).await.unwrap();
        let best = &near[0];
        let found = if best.matches { best.fit.name.as_str() } else { "" };
        match (found == name, found.is_empty()) {
            (true, false) => right += 1,
            (true, true) => {}
            (false, true) => missed += 1,
            (false, false) => wrong += 1,
        }
        let sign = if found == name { " " } else { "!" };
        println!(
            "{sign} {line:50} {name:14} {:14} {:.2} = {:.2}, {:.2} {} ({})",
            best.fit.name, best.score, best.fit.similarity, best.fit.shared, best.fit.has_word, best.fit.example
        );
    }
    println!("{right} right, {wrong} wrong, {missed} missed");
    assert!(wrong <= 1, "{wrong} lines are taken for what they are not");
    assert!(right >= 34, "only {right} lines are found");
}

const LIMITS: Limits = Limits { open_per_person: 1, hourly_per_person: 30, queue: 50 };
const REACH: Reach = Reach { everywhere: Some(Platform::Twitch), channels: Vec::new() };

async fn ask_nobody(world: &World, who: &str, id: &str, may: bool) -> bool {
    let mut transaction = world.pool.begin().await.unwrap();
    let (channel, person) = (Duration::from_secs(60), Duration::from_secs(180));
    let free = question::may_overhear(&mut transaction, world.channel, who.as_bytes(), channel, person).await.unwrap();
    assert_eq!(free, may, "{who}");
    if !free {
        return false;
    }
    let new = NewQuestion {
        wants_plan: false,
        community: world.community,
        channel: world.channel,
        platform: Platform::Twitch,
        platform_message_id: id,
        ephemeral: false,
        asker_hash: who.as_bytes(),
        asker_name: who,
        text: "why?",
        reply_target: serde_json::json!({}),
        asked_at: Utc::now(),
        hold: Duration::ZERO,
    };
    let Accepted::Queued { id, .. } = question::accept(&mut transaction, &new, &LIMITS).await.unwrap() else {
        return false;
    };
    question::note_unasked(&mut transaction, id, None).await.unwrap();
    transaction.commit().await.unwrap();
    true
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_question_to_the_room_is_taken_up_once_a_minute_and_less_often_for_one_person(pool: PgPool) {
    let world = World::new(pool).await;
    let age = async |seconds: i64| {
        let older = "update pedro.question set status = 'answered', asked_at = asked_at - make_interval(secs => $1)";
        sqlx::query(older).bind(seconds as f64).execute(&world.pool).await.unwrap();
    };
    assert!(ask_nobody(&world, "ann", "1", true).await);
    ask_nobody(&world, "ben", "2", false).await;
    age(61).await;
    ask_nobody(&world, "ann", "3", false).await;
    assert!(ask_nobody(&world, "ben", "4", true).await);
    age(61).await;
    ask_nobody(&world, "ann", "5", false).await;
    age(61).await;
    assert!(ask_nobody(&world, "ann", "6", true).await);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn who_did_not_ask_pedro_is_told_nothing_and_is_let_go_early(pool: PgPool) {
    let world = World::new(pool).await;
    assert!(ask_nobody(&world, "ann", "1", true).await);
    let told = question::take_unacknowledged(&world.pool, &REACH, Duration::ZERO).await.unwrap();
    assert!(told.is_empty() && question::take_expired(&world.pool, &REACH, Duration::ZERO).await.unwrap().is_empty());
    question::drop_unbegun(&world.pool, &REACH, Duration::from_secs(20)).await.unwrap();
    let held = question::claim(&world.pool, &REACH, &[], Duration::from_secs(900)).await.unwrap().unwrap();
    assert_eq!((held.origin, held.trained_prompt), (Origin::Overheard, None));
    assert!(question::is_unasked(&world.pool, held.id).await.unwrap());
    let again = "update pedro.question set status = 'queued', asked_at = now() - interval '21 seconds'";
    sqlx::query(again).execute(&world.pool).await.unwrap();
    question::drop_unbegun(&world.pool, &REACH, Duration::from_secs(20)).await.unwrap();
    let claim = async || question::claim(&world.pool, &REACH, &[], Duration::from_secs(900)).await.unwrap();
    assert!(claim().await.is_none());
    // There is nothing to try again, unless somebody points at it: then they wait for it.
    assert_eq!(question::last_ended(&world.pool, world.channel, b"ann", true).await.unwrap(), None);
    let mut connection = world.pool.acquire().await.unwrap();
    assert_eq!(plan::retry_whole(&mut connection, held.id).await.unwrap(), plan::Changed::Queued);
    assert_eq!(claim().await.unwrap().origin, Origin::Addressed);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn chattiness_that_was_set_is_kept_when_the_channel_is_opened_again(pool: PgPool) {
    use pedro_core::chat::Chattiness;
    let world = World::new(pool).await;
    channel::set_chattiness(&world.pool, world.channel, Chattiness::Quiet).await.unwrap();
    open(&world.pool, "home", "room").await;
    let kept = channel::find(&world.pool, world.channel).await.unwrap().unwrap().chattiness;
    assert_eq!(kept, Chattiness::Quiet);
    let all: HashSet<&str> = Chattiness::ALL.iter().map(|chattiness| chattiness.as_str()).collect();
    assert_eq!(all.len(), 3);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_answer_that_is_taught_again_gets_one_more_question(pool: PgPool) {
    use pedro_core::store::trained_prompt::Lesson;
    let world = World::new(pool).await;
    let lesson = async |question: &str, answer: &str| {
        let new = prompt(&prompt_file::name_of(question), &[question], answer);
        let mut transaction = world.pool.begin().await.unwrap();
        let learned = trained_prompt::teach(&mut transaction, world.community, &new, 3).await.unwrap();
        transaction.commit().await.unwrap();
        learned
    };
    let stored = async || {
        let all = trained_prompt::list(&world.pool, world.community).await.unwrap();
        all.into_iter().map(|prompt| (prompt.name, prompt.answer, prompt.examples.join("|"))).collect::<Vec<_>>()
    };
    let row = |name: &str, answer: &str, examples: &str| (name.to_owned(), answer.to_owned(), examples.to_owned());
    let example = |examples| Lesson::Example { name: "what-desk".to_owned(), examples };
    assert_eq!(lesson("what desk?", "oak").await, Lesson::New);
    assert_eq!(lesson("which desk is it?", "Oak").await, example(2));
    assert_eq!(lesson("Which desk IS it?", "oak").await, Lesson::Known("what-desk".to_owned()));
    assert_eq!(stored().await, [row("what-desk", "oak", "what desk?|which desk is it?")]);
    // Its question is known: it has another answer, and so have those that were taught with it.
    assert_eq!(lesson("which desk is it?", "birch").await, Lesson::Replaced("what-desk".to_owned()));
    assert_eq!(stored().await, [row("what-desk", "birch", "what desk?|which desk is it?")]);
    // A question has one answer, and what nobody can ask any more is gone.
    assert_eq!(lesson("what lamp?", "small").await, Lesson::New);
    assert_eq!(lesson("what lamp?", "birch").await, example(3));
    assert_eq!(stored().await, [row("what-desk", "birch", "what desk?|which desk is it?|what lamp?")]);
    assert_eq!(lesson("what chair?", "birch").await, Lesson::Full("what-desk".to_owned()));
    // The file's are let be.
    follow(&world, &[prompt("sofa", &["what sofa?"], "red")]).await;
    assert_eq!(lesson("which sofa?", "red").await, Lesson::New);
    assert_eq!(names(&world).await.len(), 3);
}
