//! Recaps in the database: from whose lines, for whose eyes, and gone with each line.

use pedro_core::chat::{ChannelId, Chattiness, MessageId, Platform};
use pedro_core::store::channel::{self, Audience, Seen};
use pedro_core::store::generation::{self, NewGeneration};
use pedro_core::store::recap::{self, NewRecap, RecapKey};
use pedro_core::store::stream_title::{self, StreamState};
use pedro_core::store::{MIGRATOR, erase, message};
use sqlx::PgPool;

use crate::world::{World, key, line};

fn hours(count: i64) -> chrono::Duration {
    chrono::Duration::hours(count)
}

fn of<'a>(world: &World, audience: &'a str) -> RecapKey<'a> {
    RecapKey {
        community: world.community,
        platform: Some(Platform::Twitch),
        audience,
        began_at: world.now - hours(3),
        ended_at: world.now,
    }
}

async fn keep(world: &World, key: RecapKey<'_>, sources: &[MessageId]) -> i64 {
    let mut transaction = world.pool.begin().await.unwrap();
    let new = NewGeneration {
        community: world.community,
        question: None,
        purpose: "recap",
        model: "m",
        prompt: None,
        output: Some("Ann sang."),
        prompt_tokens: None,
        completion_tokens: None,
        first_token_ms: None,
        took_ms: 1,
        failure: None,
        sources,
    };
    let generation = generation::insert(&mut transaction, &new).await.unwrap();
    let notes = ["Ann: la la".to_owned()];
    let platform = Platform::Twitch;
    let new = NewRecap { key, platform, text: "Ann sang.", notes: &notes, sources, lines: 9, generation };
    let id = recap::insert(&mut transaction, &new).await.unwrap();
    transaction.commit().await.unwrap();
    id
}

async fn found(world: &World, key: RecapKey<'_>, readable: &[ChannelId]) -> Option<String> {
    recap::find(&world.pool, &key, readable, 600.0).await.unwrap().map(|recap| recap.text)
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_same_time_for_the_same_readers_is_found_again_and_nothing_else(pool: PgPool) {
    let world = World::new(pool).await;
    let source = world.say("Ann", "la la").await;
    let key = of(&world, "everybody");
    keep(&world, key, &[source]).await;
    let here = [world.channel];
    assert_eq!(found(&world, key, &here).await.as_deref(), Some("Ann sang."));
    let later = chrono::Duration::minutes(9);
    let moved = RecapKey { began_at: key.began_at + later, ended_at: key.ended_at + later, ..key };
    assert!(found(&world, moved, &here).await.is_some());
    assert!(found(&world, RecapKey { platform: None, ..key }, &here).await.is_some());
    for other in [
        RecapKey { ended_at: key.ended_at + hours(1), ..key },
        RecapKey { began_at: key.began_at - hours(1), ..key },
        RecapKey { audience: "some: mods", ..key },
        RecapKey { platform: Some(Platform::Discord), ..key },
        RecapKey { community: 99.into(), ..key },
    ] {
        assert_eq!(found(&world, other, &here).await, None, "{other:?}");
    }
    // The channel is hidden now.
    assert_eq!(found(&world, key, &[]).await, None);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_recap_goes_with_each_line_that_it_was_made_from(pool: PgPool) {
    let world = World::new(pool).await;
    let (ann, bob) = (line("room", "Ann", "la la", world.now), line("room", "Bob", "ooh", world.now));
    for way in ["deleted", "edited", "forgotten"] {
        let sources = [world.write(world.channel, &ann, None).await, world.write(world.channel, &bob, None).await];
        keep(&world, of(&world, "everybody"), &sources).await;
        let mut connection = world.pool.acquire().await.unwrap();
        match way {
            "deleted" => drop(erase::messages(&mut connection, &sources[1..]).await.unwrap()),
            "edited" => {
                assert!(message::edit(&world.pool, Platform::Twitch, &ann.platform_message_id, "other").await.unwrap());
            }
            _ => drop(erase::person(&mut connection, Platform::Twitch, "id-of-Ann", b"ann").await.unwrap()),
        }
        assert_eq!(world.count("recap").await, 0, "{way}");
        assert_eq!(world.count("recap_source").await, 0, "{way}");
        erase::messages(&mut connection, &sources).await.unwrap();
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn lines_come_with_their_place_and_how_often_they_were_replied_to(pool: PgPool) {
    let world = World::new(pool).await;
    let asked = line("room", "Ann", "who has a keyboard?", world.now - hours(1));
    world.write(world.channel, &asked, None).await;
    let mut reply = line("room", "Bob", "me", world.now - hours(1) + chrono::Duration::minutes(1));
    reply.reply_to = crate::world::reply_to(&asked);
    world.write(world.channel, &reply, None).await;
    world.say_in(world.channel, "room", "Ann", "too early", world.now - hours(5)).await;
    let lines = recap::lines(&world.pool, &[world.channel], world.now - hours(2), world.now, 100).await.unwrap();
    let told: Vec<(&str, &str, i64)> =
        lines.iter().map(|line| (line.channel.as_str(), line.author.as_str(), line.replies)).collect();
    assert_eq!(told, [("room", "Ann", 1), ("room", "Bob", 0)]);
    let newest = recap::lines(&world.pool, &[world.channel], world.now - hours(9), world.now, 1).await.unwrap();
    assert_eq!(newest[0].author, "Bob");
    assert!(recap::lines(&world.pool, &[], world.now - hours(9), world.now, 9).await.unwrap().is_empty());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn places_with_the_same_readers_have_the_same_audience(pool: PgPool) {
    let world = World::new(pool).await;
    let mut audiences = Vec::new();
    for (name, audience) in [
        ("room", Audience::Everybody),
        ("other", Audience::Everybody),
        ("mods", Audience::Some("m".into())),
        ("mods2", Audience::Some("m".into())),
        ("dm", Audience::Members),
        ("dm2", Audience::Members),
    ] {
        let seen = Seen { audience, ..Seen::public(key(name), name) };
        let row = channel::ensure(&world.pool, world.community, &seen, Chattiness::Questions).await.unwrap();
        audiences.push(recap::audience(&world.pool, row.id).await.unwrap());
    }
    assert_eq!(audiences[0], audiences[1]);
    assert_eq!(audiences[2], audiences[3]);
    audiences.dedup();
    assert_eq!(audiences.len(), 4, "{audiences:?}");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_stream_is_to_be_told_once_and_only_when_it_is_over(pool: PgPool) {
    let world = World::new(pool).await;
    let now = chrono::Utc::now();
    let observe = async |title: &str, live: bool, minutes: i64| {
        let state = StreamState { title: title.into(), category: String::new(), live };
        let mut transaction = world.pool.begin().await.unwrap();
        let at = now - chrono::Duration::minutes(minutes);
        stream_title::observe(&mut transaction, world.channel, &state, at).await.unwrap();
        transaction.commit().await.unwrap();
    };
    let ended = async || recap::ended_stream(&world.pool, "home", 0.0, 3_600.0).await.unwrap();
    observe("old", true, 900).await;
    observe("old", false, 800).await;
    assert_eq!(ended().await, None, "it is too long ago");
    observe("one", true, 90).await;
    observe("two", true, 60).await;
    assert_eq!(ended().await, None, "it is still on");
    observe("two", false, 30).await;
    let over = ended().await.unwrap();
    assert_eq!((over.ended_at - now).num_minutes(), -30);
    assert_eq!(recap::ended_stream(&world.pool, "elsewhere", 0.0, 3_600.0).await.unwrap(), None);
    let mut connection = world.pool.acquire().await.unwrap();
    assert!(recap::take_stream(&mut connection, over.stream_title_id, None).await.unwrap());
    assert!(!recap::take_stream(&mut connection, over.stream_title_id, None).await.unwrap());
    assert_eq!(ended().await, None);
    observe("three", true, 20).await;
    observe("three", false, 10).await;
    assert_ne!(ended().await.unwrap().stream_title_id, over.stream_title_id);
    // It comes back, and goes again: one stream, and its end is the last one.
    let quiet = async || recap::ended_stream(&world.pool, "home", 240.0, 3_600.0).await.unwrap();
    assert!(quiet().await.is_some(), "for ten minutes by now");
    observe("three", true, 7).await;
    assert_eq!(quiet().await, None, "it is on again");
    observe("three", false, 3).await;
    assert_eq!(quiet().await, None, "it may come back once more");
    observe("four", true, 2).await;
    observe("four", false, 1).await;
    let latest = recap::ended_stream(&world.pool, "home", 30.0, 3_600.0).await.unwrap().unwrap();
    assert_eq!((latest.ended_at - now).num_minutes(), -1);
}
