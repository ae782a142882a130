//! The queue of questions.

use std::time::Duration;

use chrono::Utc;
use pedro_core::chat::{Platform, QuestionId};
use pedro_core::store::question::{self, Accepted, Ending, Limits, NewQuestion};
use pedro_core::store::{MIGRATOR, StoreError};
use sqlx::PgPool;

use crate::world::World;

const LIMITS: Limits = Limits { open_per_person: 2, hourly_per_person: 3, queue: 5 };

async fn ask(world: &World, who: &str, id: &str) -> Accepted {
    let new = NewQuestion {
        community: world.community,
        channel: world.channel,
        platform: Platform::Twitch,
        platform_message_id: id,
        ephemeral: who == "ghost",
        asker_hash: who.as_bytes(),
        asker_name: who,
        text: "why?",
        reply_target: serde_json::json!({}),
        asked_at: Utc::now(),
    };
    question::accept(&mut world.pool.acquire().await.unwrap(), &new, &LIMITS).await.unwrap()
}

fn queued(accepted: Accepted) -> (QuestionId, i64) {
    match accepted {
        Accepted::Queued { id, ahead } => (id, ahead),
        other => panic!("not queued: {other:?}"),
    }
}

async fn finish(world: &World, id: QuestionId) {
    question::finish(&mut world.pool.acquire().await.unwrap(), id, Ending::Answered).await.unwrap();
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn limits_hold_and_a_line_is_one_question_however_often_it_comes(pool: PgPool) {
    let world = World::new(pool).await;
    let (first, _) = queued(ask(&world, "ann", "1").await);
    assert_eq!(ask(&world, "ann", "1").await, Accepted::Known);
    queued(ask(&world, "ann", "2").await);
    assert_eq!(ask(&world, "ann", "3").await, Accepted::StillOpen);
    finish(&world, first).await;
    queued(ask(&world, "ann", "4").await);
    finish(&world, QuestionId(2)).await;
    assert_eq!(ask(&world, "ann", "5").await, Accepted::HourlyLimit);
    for (who, id) in [("bob", "6"), ("bea", "7"), ("cem", "8"), ("dan", "9")] {
        queued(ask(&world, who, id).await);
    }
    assert_eq!(ask(&world, "eve", "10").await, Accepted::QueueFull);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn turns_are_fair_and_the_place_that_is_told_is_the_order_that_comes(pool: PgPool) {
    let world = World::new(pool).await;
    let (ann_first, ahead) = queued(ask(&world, "ann", "1").await);
    assert_eq!(ahead, 0);
    let (ann_second, ahead) = queued(ask(&world, "ann", "2").await);
    assert_eq!(ahead, 1);
    let (bob, ahead) = queued(ask(&world, "bob", "3").await);
    assert_eq!(ahead, 1, "bob's first goes before ann's second");
    assert_eq!(question::ahead(&world.pool, ann_second).await.unwrap(), 2);
    let mut order = Vec::new();
    while let Some(taken) = question::claim(&world.pool, Platform::Twitch, &[]).await.unwrap() {
        order.push(taken.id);
    }
    assert_eq!(order, [ann_first, bob, ann_second]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_a_dead_worker_held_is_taken_again_and_its_late_word_does_not_count(pool: PgPool) {
    let world = World::new(pool).await;
    let (id, _) = queued(ask(&world, "ann", "1").await);
    let dead = question::claim(&world.pool, Platform::Twitch, &[]).await.unwrap().unwrap();
    assert!(question::claim(&world.pool, Platform::Twitch, &[]).await.unwrap().is_none(), "it is held");
    sqlx::query("update pedro.question set lease_until = now() - interval '1 second'")
        .execute(&world.pool)
        .await
        .unwrap();
    let alive = question::claim(&world.pool, Platform::Twitch, &[]).await.unwrap().unwrap();
    assert_eq!((alive.id, alive.attempts), (id, 2));
    let mut connection = world.pool.acquire().await.unwrap();
    let late = question::keep_answer(&mut connection, id, dead.lease_owner, "late").await;
    assert!(matches!(late, Err(StoreError::LeaseLost)));
    question::keep_answer(&mut connection, id, alive.lease_owner, "in time").await.unwrap();
    question::release(&world.pool, id, alive.lease_owner, Duration::ZERO, false).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let again = question::claim(&world.pool, Platform::Twitch, &[]).await.unwrap().unwrap();
    assert_eq!(again.answer.as_deref(), Some("in time"), "what is made is not made again");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn cancelling_takes_the_lease_away_and_ends_the_queue(pool: PgPool) {
    let world = World::new(pool).await;
    queued(ask(&world, "ann", "1").await);
    queued(ask(&world, "bob", "2").await);
    let held = question::claim(&world.pool, Platform::Twitch, &[]).await.unwrap().unwrap();
    assert_eq!(question::cancel_channel(&world.pool, world.channel).await.unwrap(), 2);
    assert!(matches!(question::renew(&world.pool, held.id, held.lease_owner).await, Err(StoreError::LeaseLost)));
    assert_eq!(question::depth(&world.pool, Platform::Twitch).await.unwrap(), 0);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn askers_are_told_once_that_it_takes_longer_and_once_that_it_took_too_long(pool: PgPool) {
    let world = World::new(pool).await;
    queued(ask(&world, "ann", "1").await);
    let told = |pool: PgPool, patience| async move {
        question::take_unacknowledged(&pool, Platform::Twitch, Duration::from_secs(patience)).await.unwrap().len()
    };
    assert_eq!(told(world.pool.clone(), 60).await, 0);
    assert_eq!(told(world.pool.clone(), 0).await, 1);
    assert_eq!(told(world.pool.clone(), 0).await, 0);
    let expired = |pool: PgPool| async move {
        question::take_expired(&pool, Platform::Twitch, Duration::ZERO).await.unwrap().len()
    };
    assert_eq!(expired(world.pool.clone()).await, 1);
    assert_eq!(expired(world.pool.clone()).await, 0);
    assert!(question::claim(&world.pool, Platform::Twitch, &[]).await.unwrap().is_none());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_question_of_somebody_who_opted_out_leaves_no_row(pool: PgPool) {
    let world = World::new(pool).await;
    let (id, _) = queued(ask(&world, "ghost", "1").await);
    finish(&world, id).await;
    assert_eq!(world.count("question").await, 0);
}
