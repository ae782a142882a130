//! Links and stream titles.

use chrono::Duration;
use pedro_core::store::MIGRATOR;
use pedro_core::store::link::{self, Link};
use pedro_core::store::stream_title::{self, StreamState};
use sqlx::PgPool;

use crate::world::World;

#[sqlx::test(migrator = "MIGRATOR")]
async fn links_are_found_by_name_by_word_in_a_question_and_nearly_spelled(pool: PgPool) {
    let world = World::new(pool).await;
    for (name, url, description, words) in [
        ("discord", "https://example.org/d", "our server", "chat community join"),
        ("youtube", "https://example.org/y", "old streams", "videos recordings"),
        ("dotfiles", "https://example.org/f", "", "vim neovim setup"),
    ] {
        let link = Link { name: name.into(), url: url.into(), description: description.into(), words: words.into() };
        assert!(link::put(&world.pool, world.community, &link).await.unwrap());
        assert!(!link::put(&world.pool, world.community, &link).await.unwrap(), "again is no new link");
    }
    for (asked, expected) in [
        ("discord", "discord"),
        ("DISCORD", "discord"),
        ("discrod", "discord"),
        ("where are the videos of old streams?", "youtube"),
        ("neovim", "dotfiles"),
        ("can I join the community somewhere?", "discord"),
    ] {
        let found = link::search(&world.pool, world.community, asked, 3).await.unwrap();
        assert_eq!(found.first().map(|link| link.name.as_str()), Some(expected), "{asked}");
    }
    for nothing in ["the weather", "", "'; drop table pedro.link; --", "!!!"] {
        assert!(link::search(&world.pool, world.community, nothing, 3).await.unwrap().is_empty(), "{nothing}");
    }
    assert!(link::remove(&world.pool, world.community, "YouTube").await.unwrap());
    assert!(!link::remove(&world.pool, world.community, "youtube").await.unwrap());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn titles_are_found_by_their_words_in_title_and_category_those_with_most_first(pool: PgPool) {
    let world = World::new(pool).await;
    let mut connection = world.pool.acquire().await.unwrap();
    for (day, title, category) in [
        (0, "Building a parser", "Software"),
        (1, "The rocket goes up", "Factorio"),
        (2, "C++ and trains", "Factorio"),
        (3, "Building trains", "Factorio"),
    ] {
        let state = StreamState { title: title.into(), category: category.into(), live: true };
        let at = world.now + Duration::days(day);
        stream_title::observe(&mut connection, world.channel, &state, at).await.unwrap();
    }
    for (asked, expected) in [
        ("factorio", &["Building trains", "C++ and trains", "The rocket goes up"][..]),
        ("factorio with rockets", &["The rocket goes up", "Building trains"]),
        ("c++", &["C++ and trains"]),
        ("chess", &[]),
        ("", &[]),
    ] {
        let found = stream_title::matching(&world.pool, world.community, asked, 3).await.unwrap();
        let titles: Vec<&str> = found.iter().map(|title| title.title.as_str()).take(expected.len().max(1)).collect();
        assert_eq!(titles, expected, "{asked}");
    }
    let (elsewhere, _) = crate::world::open(&world.pool, "other", "other").await;
    assert!(stream_title::matching(&world.pool, elsewhere, "factorio", 3).await.unwrap().is_empty());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_history_of_titles_has_a_row_for_each_change_and_no_hole(pool: PgPool) {
    let world = World::new(pool).await;
    let mut connection = world.pool.acquire().await.unwrap();
    let state = |title: &str, live| StreamState { title: title.into(), category: "Go".into(), live };
    for (minute, title, live, changes) in [
        (0, "one", false, true),
        (1, "one", false, false),
        (2, "one", true, true),
        (3, "two", true, true),
        (4, "two", true, false),
    ] {
        let at = world.now + Duration::minutes(minute);
        let changed = stream_title::observe(&mut connection, world.channel, &state(title, live), at).await.unwrap();
        assert_eq!(changed, changes, "minute {minute}");
    }
    let titles = stream_title::latest(&world.pool, world.community, 10).await.unwrap();
    let told: Vec<_> = titles.iter().map(|title| (title.title.as_str(), title.live)).collect();
    assert_eq!(told, [("two", true), ("one", true), ("one", false)]);
    assert_eq!(titles[1].ended_at, Some(titles[0].began_at));
    let current = stream_title::current(&world.pool, world.community, world.channel).await.unwrap().unwrap();
    assert_eq!((current.title.as_str(), current.ended_at), ("two", None));
}
