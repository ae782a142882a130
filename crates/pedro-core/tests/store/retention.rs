//! What is older than its channel keeps it goes, with everything that was made from it.

use chrono::{DateTime, Duration, Utc};
use pedro_core::chat::{ChannelId, Platform};
use pedro_core::memory::Retention;
use pedro_core::store::erase::Expired;
use pedro_core::store::game::{self, NewGame};
use pedro_core::store::{MIGRATOR, channel};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::erase::{answered_from, dump};
use crate::world::{World, line, open};

/// Deletes what is older than `days` in the world's community.
async fn sweep(world: &World, days: Option<u32>) -> Expired {
    let kept = days.map(|days| ("home".to_owned(), days));
    Retention::new(world.pool.clone(), kept).sweep(world.now, &CancellationToken::new()).await.unwrap()
}

async fn say(world: &World, channel: ChannelId, name: &str, who: &str, days_ago: i64) {
    world.say_in(channel, name, who, "hello", world.now - Duration::days(days_ago)).await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_old_line_takes_along_a_new_answer_that_was_made_from_it(pool: PgPool) {
    let world = World::new(pool).await;
    let fact = line("room", "Ann", "the word is xyzzy", world.now - Duration::days(400));
    answered_from(&world, &fact).await;
    assert_eq!(sweep(&world, None).await, Expired::default(), "nothing goes where nothing is configured");
    assert_eq!(sweep(&world, Some(401)).await, Expired::default());
    assert!(dump(&world.pool).await.contains("xyzzy"));
    let gone = sweep(&world, Some(365)).await;
    assert_eq!(gone, Expired { lines: 2, questions: 0, games: 0 }, "Ann's line and Pedro's answer");
    let left = dump(&world.pool).await;
    for trace in ["xyzzy", "Ann", "id-of-Ann"] {
        assert!(!left.contains(trace), "{trace} is left in\n{left}");
    }
    assert!(left.contains("what is the word?"), "Bob's own line is new");
    assert_eq!(world.count("message_embedding").await, world.count("message").await);
    assert_eq!(sweep(&world, Some(365)).await, Expired::default());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_channel_keeps_what_it_has_for_its_own_time_in_many_batches(pool: PgPool) {
    let world = World::new(pool).await;
    let (_, archive) = open(&world.pool, "home", "archive").await;
    let (_, elsewhere) = open(&world.pool, "elsewhere", "elsewhere").await;
    for n in 0..250 {
        let at = world.now - Duration::days(20) + Duration::minutes(n);
        world.say_in(world.channel, "room", "Ann", &format!("line {n}"), at).await;
    }
    for (channel, name) in [(world.channel, "room"), (archive, "archive"), (elsewhere, "elsewhere")] {
        for days_ago in [40, 20, 1] {
            say(&world, channel, name, "Bob", days_ago).await;
        }
    }
    channel::set_retention(&world.pool, archive, Some(30)).await.unwrap();
    assert_eq!(sweep(&world, Some(10)).await.lines, 253, "of the room two of Bob's, of the archive one");
    let left = async |channel: ChannelId| -> i64 {
        sqlx::query_scalar("select count(*) from pedro.message where channel_id = $1")
            .bind(channel.0)
            .fetch_one(&world.pool)
            .await
            .unwrap()
    };
    assert_eq!((left(world.channel).await, left(archive).await, left(elsewhere).await), (1, 2, 3));
    channel::set_retention(&world.pool, elsewhere, Some(5)).await.unwrap();
    assert_eq!(sweep(&world, None).await.lines, 2, "a channel's own number needs no file");
    channel::set_retention(&world.pool, archive, None).await.unwrap();
    assert_eq!(sweep(&world, Some(10)).await.lines, 1);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn questions_without_a_line_and_finished_games_go_by_age_too(pool: PgPool) {
    let world = World::new(pool).await;
    for (id, status, days_ago) in [("a", "answered", 20), ("b", "queued", 20), ("c", "answered", 2)] {
        question(&world, id, status, world.now - Duration::days(days_ago)).await;
    }
    for (player, finished) in [(b"one", Some(20)), (b"two", Some(2)), (b"six", None)] {
        let new = NewGame {
            community: world.community,
            channel: world.channel,
            begun_in: world.channel,
            platform: Platform::Twitch,
            player_hash: player,
            thing: "a carpet",
            reply_target: None,
        };
        let id = game::insert(&world.pool, &new).await.unwrap().unwrap();
        if let Some(days) = finished {
            sqlx::query("update pedro.game set status = 'lost', outcome = 'lost', finished_at = $2 where id = $1")
                .bind(id.0)
                .bind(world.now - Duration::days(days))
                .execute(&world.pool)
                .await
                .unwrap();
        }
    }
    assert_eq!(sweep(&world, Some(10)).await, Expired { lines: 0, questions: 1, games: 1 });
    assert_eq!((world.count("question").await, world.count("game").await), (2, 2));
}

async fn question(world: &World, id: &str, status: &str, at: DateTime<Utc>) {
    sqlx::query(
        "insert into pedro.question (community_id, channel_id, platform, platform_message_id, asker_hash, asker_name,
                                     text, reply_target, status, asked_at)
         values ($1, $2, 'twitch', $3, '\\x00', 'Ann', 'why?', '{}', $4, $5)",
    )
    .bind(world.community.0)
    .bind(world.channel.0)
    .bind(id)
    .bind(status)
    .bind(at)
    .execute(&world.pool)
    .await
    .unwrap();
}
