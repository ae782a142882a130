//! The named queries of plans: what they tell, of whom, and to whom.

use std::sync::Arc;

use chrono::Duration;
use pedro_core::chat::{ChannelId, Chattiness, Platform};
use pedro_core::memory::PersonHasher;
use pedro_core::plan::step::db_query::{DbQuery, Scope};
use pedro_core::plan::{StepError, StepOutput};
use pedro_core::store::channel::{self, Audience, Seen};
use pedro_core::store::link::{self, Link};
use pedro_core::store::opt_out::{self, OptOut};
use pedro_core::store::stream_title::{self, StreamState};
use pedro_core::store::{MIGRATOR, erase};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::world::{World, key};

/// A Sunday at noon in Utah.
fn scope(world: &World) -> Scope {
    Scope {
        community: world.community,
        place: Some(world.channel),
        zone: chrono_tz::America::Denver,
        now: "2026-11-22T19:00:00Z".parse().unwrap(),
    }
}

async fn hasher(world: &World) -> PersonHasher {
    PersonHasher::new(&world.pool, Some("a key of the tests")).await.unwrap()
}

async fn read_in(world: &World, params: Value, scope: &Scope) -> Result<StepOutput, StepError> {
    let query = DbQuery::new(world.pool.clone(), Arc::new(world.retriever().await), hasher(world).await);
    query.run(params.as_object().unwrap(), scope).await
}

async fn read(world: &World, params: Value) -> StepOutput {
    read_in(world, params, &scope(world)).await.unwrap()
}

async fn opt_out(world: &World, who: &str) {
    let hash = hasher(world).await.hash(Platform::Twitch, &format!("id-of-{who}"));
    opt_out::add(&world.pool, &hash, OptOut { storage: true, replies: false }).await.unwrap();
}

/// A channel whose readers are these.
async fn room(world: &World, name: &str, audience: Audience) -> ChannelId {
    let seen = Seen { key: key(name), name, audience, own_thread: false, parent: None };
    channel::ensure(&world.pool, world.community, &seen, Chattiness::Questions).await.unwrap().id
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_is_not_on_the_list_is_refused(pool: PgPool) {
    let world = World::new(pool).await;
    for params in [
        json!({}),
        json!({"query": "select * from pedro.message"}),
        json!({"query": "messages"}),
        json!({"query": ["links"]}),
        json!({"query": "links", "where": "1 = 1"}),
        json!({"query": "links", "word": {"or": 1}}),
        json!({"query": "current_title", "when": "today"}),
        json!({"query": "stream_titles", "when": "when pigs fly"}),
        json!({"query": "stream_titles", "count": "many"}),
        json!({"query": "first_message", "person": " "}),
    ] {
        let refused = read_in(&world, params.clone(), &scope(&world)).await;
        assert!(matches!(refused, Err(StepError::Refused(_))), "{params}: {refused:?}");
    }
    let names: Vec<String> = DbQuery::catalog().into_iter().map(|entry| entry.name).collect();
    assert_eq!(
        names,
        ["links", "stream_titles", "current_title", "chat_statistics", "trained_prompts", "first_message"]
    );
    for name in names.iter().filter(|name| *name != "first_message") {
        assert!(read_in(&world, json!({"query": name}), &scope(&world)).await.is_ok(), "{name}");
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn links_are_told_by_a_word_a_question_or_all(pool: PgPool) {
    let world = World::new(pool).await;
    for (name, words) in [("discord", "chat community"), ("youtube", "videos")] {
        let url = format!("https://example.org/{name}");
        let link = Link { name: name.into(), url, description: String::new(), words: words.into() };
        link::put(&world.pool, world.community, &link).await.unwrap();
    }
    let all = read(&world, json!({"query": "links", "word": ""})).await;
    assert_eq!(all.text, "discord: https://example.org/discord\nyoutube: https://example.org/youtube");
    let found = read(&world, json!({"query": "links", "word": "where are the videos?"})).await;
    assert_eq!((found.text.as_str(), found.citations.len()), ("youtube: https://example.org/youtube", 1));
    let none = read(&world, json!({"query": "links", "word": "'; drop table pedro.link; --"})).await;
    assert_eq!(none.text, "There is no link for that.");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn titles_are_told_by_number_or_by_time_in_the_communitys_time_zone(pool: PgPool) {
    let world = World::new(pool).await;
    let mut connection = world.pool.acquire().await.unwrap();
    // 01:00 UTC on Wednesday is Tuesday evening in Utah.
    for (title, live, at) in [
        ("old", true, "2026-11-02T01:00:00Z"),
        ("old", false, "2026-11-02T03:00:00Z"),
        ("Rust, slowly", true, "2026-11-18T01:00:00Z"),
        ("soon", false, "2026-11-18T03:30:00Z"),
        ("now", true, "2026-11-22T18:00:00Z"),
    ] {
        let state = StreamState { title: title.into(), category: "Software".into(), live };
        stream_title::observe(&mut connection, world.channel, &state, at.parse().unwrap()).await.unwrap();
    }
    let tuesday = read(&world, json!({"query": "stream_titles", "when": "last Tuesday"})).await.text;
    assert_eq!(
        tuesday,
        "Stream titles from Tue 17 Nov 2026 00:00 until Wed 18 Nov 2026 00:00:\n\
         Sun 1 Nov 2026 20:00 to Tue 17 Nov 2026 18:00: old [Software] (offline)\n\
         Tue 17 Nov 2026 18:00 to Tue 17 Nov 2026 20:30: Rust, slowly [Software] (live)\n\
         Tue 17 Nov 2026 20:30 to Sun 22 Nov 2026 11:00: soon [Software] (offline)"
    );
    assert_eq!(read(&world, json!({"query": "stream_titles", "when": "Tuesday"})).await.text, tuesday);
    let last = read(&world, json!({"query": "stream_titles", "count": 1})).await.text;
    assert_eq!(last, "Stream titles:\nSun 22 Nov 2026 11:00 to now: now [Software] (live)");
    let before = read(&world, json!({"query": "stream_titles", "when": "in 2020"})).await.text;
    assert!(before.starts_with("No stream title is known from Wed 1 Jan 2020"), "{before}");
    let current = read(&world, json!({"query": "current_title"})).await.text;
    assert_eq!(current, "now [Software], live, since Sun 22 Nov 2026 11:00 (room)");
    let anywhere = Scope { place: None, ..scope(&world) };
    assert_eq!(read_in(&world, json!({"query": "current_title"}), &anywhere).await.unwrap().text, current);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn statistics_count_people_and_name_none_who_opted_out(pool: PgPool) {
    let world = World::new(pool).await;
    let nothing = read(&world, json!({"query": "chat_statistics"})).await;
    assert_eq!(nothing.text, "Nothing was said so far, as far as is known.");
    let hour = Duration::hours(1);
    for (who, lines, hours_ago) in
        [("Ann", 3, 2), ("Bob", 2, 2), ("Cay", 5, 3), ("nightbot", 9, 2), ("pedro_bot", 9, 2), ("Ann", 2, 24 * 8)]
    {
        for n in 0..lines {
            let at = scope(&world).now - hour * hours_ago;
            world.say_in(world.channel, "room", who, &format!("{n}"), at).await;
        }
    }
    opt_out(&world, "Cay").await;
    let today = read(&world, json!({"query": "chat_statistics", "when": "today"})).await;
    assert_eq!(
        today.text,
        "Chat from Sun 22 Nov 2026 00:00 until Mon 23 Nov 2026 00:00: 10 lines by 3 people. Most lines: Ann 3, Bob 2. \
         Busiest day: Sun 22 Nov 2026, 10 lines."
    );
    let all = read(&world, json!({"query": "chat_statistics", "when": "all"})).await;
    assert!(
        all.text.contains("since Sat 14 Nov 2026") && all.text.contains("Most lines: Ann 5, Bob 2."),
        "{}",
        all.text
    );
    let week = read(&world, json!({"query": "chat_statistics", "when": "2020"})).await;
    assert!(week.text.starts_with("Nothing was said from"), "{}", week.text);

    // Whoever is named is behind it: what was made from it goes with them.
    assert_eq!(today.sources.len(), 2);
    let mut connection = world.pool.acquire().await.unwrap();
    erase::person(&mut connection, Platform::Twitch, "id-of-Ann", b"ann").await.unwrap();
    let left: i64 = sqlx::query_scalar("select count(*) from pedro.message where id = any($1)")
        .bind(today.sources.iter().map(|id| id.0).collect::<Vec<_>>())
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(left, 1);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn only_what_everybody_in_the_place_can_read_is_counted_or_quoted(pool: PgPool) {
    let world = World::new(pool).await;
    let now = scope(&world).now;
    let staff = room(&world, "staff", Audience::Some("staff".into())).await;
    let also_staff = room(&world, "also-staff", Audience::Some("staff".into())).await;
    let direct = room(&world, "direct", Audience::Members).await;
    let strangers = crate::world::open(&world.pool, "elsewhere", "their-room").await.1;
    for (channel, name, text) in [
        (staff, "staff", "the salary is xyzzy"),
        (direct, "direct", "my secret"),
        (strangers, "their-room", "far away"),
        (world.channel, "room", "hello"),
    ] {
        world.say_in(channel, name, "Ann", text, now - Duration::hours(5)).await;
    }
    let first = |scope: Scope| {
        let world = &world;
        async move { read_in(world, json!({"query": "first_message", "person": "@ANN"}), &scope).await.unwrap() }
    };
    let public = first(scope(&world)).await;
    assert_eq!(public.text, "The first known line of Ann, Sun 22 Nov 2026 07:00, in room: \"hello\"");
    assert_eq!((public.sources.len(), public.citations[0].title.as_str()), (1, "Ann, Sun 22 Nov 2026 07:00"));
    let there = Scope { place: Some(also_staff), ..scope(&world) };
    assert!(first(there).await.text.contains("xyzzy"));
    for (place, lines) in [(Some(world.channel), 1), (Some(also_staff), 2), (Some(direct), 2), (None, 1)] {
        let there = Scope { place, ..scope(&world) };
        let told = read_in(&world, json!({"query": "chat_statistics"}), &there).await.unwrap().text;
        assert!(told.contains(&format!(": {lines} line")), "{place:?}: {told}");
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_person_who_opted_out_or_never_wrote_is_not_known(pool: PgPool) {
    let world = World::new(pool).await;
    world.say("Ann", "the first\nthing").await;
    world.say("Ann", "the second thing").await;
    world.say("nightbot", "beep").await;
    let first = read(&world, json!({"query": "first_message", "person": "ann"})).await;
    assert!(first.text.ends_with("in room: \"the first thing\""), "{}", first.text);
    for unknown in ["nobody", "nightbot", "%"] {
        let told = read(&world, json!({"query": "first_message", "person": unknown})).await;
        assert_eq!((told.text, told.sources.len()), (format!("No line of {unknown} is known here."), 0));
    }
    opt_out(&world, "Ann").await;
    let told = read(&world, json!({"query": "first_message", "person": "Ann"})).await;
    assert_eq!(told.text, "No line of ann is known here.");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_database_that_is_away_is_told_in_words(pool: PgPool) {
    let world = World::new(pool).await;
    let query = DbQuery::new(world.pool.clone(), Arc::new(world.retriever().await), hasher(&world).await);
    world.pool.close().await;
    let failed = query.run(json!({"query": "links"}).as_object().unwrap(), &scope(&world)).await;
    assert_eq!(failed.unwrap_err(), StepError::Failed("my memory did not answer".to_owned()));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_was_taught_is_told_with_a_word_only_what_is_about_it(pool: PgPool) {
    use pedro_core::store::trained_prompt::{self, NewTrainedPrompt, Source};
    let world = World::new(pool).await;
    let mut connection = world.pool.acquire().await.unwrap();
    for (name, example, answer) in [("desk", "what desk?", "oak"), ("chair", "what chair?", "red")] {
        let (examples, words) = (vec![example.to_owned()], String::new());
        let new = NewTrainedPrompt {
            name: name.to_owned(),
            examples,
            answer: answer.to_owned(),
            words,
            cooldown_seconds: 300,
        };
        trained_prompt::put(&mut connection, world.community, &new, Source::Taught).await.unwrap();
    }
    assert_eq!(read(&world, json!({"query": "trained_prompts"})).await.text, "what chair?: red\nwhat desk?: oak");
    assert_eq!(read(&world, json!({"query": "trained_prompts", "word": "Desk"})).await.text, "what desk?: oak");
    assert!(read(&world, json!({"query": "trained_prompts", "word": "lamp"})).await.text.contains("nothing"));
}
