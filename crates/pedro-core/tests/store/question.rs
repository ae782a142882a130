//! The queue of questions.

use std::time::Duration;

use chrono::Utc;
use pedro_core::chat::{Platform, QuestionId};
use pedro_core::store::question::{self, Accepted, Ending, Limits, NewQuestion, Question, Reach};
use pedro_core::store::{MIGRATOR, StoreError};
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::World;

const LIMITS: Limits = Limits { open_per_person: 2, hourly_per_person: 3, queue: 5 };

async fn ask(world: &World, who: &str, id: &str) -> Accepted {
    let new = NewQuestion {
        wants_plan: false,
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
        hold: Duration::ZERO,
    };
    question::accept(&mut world.pool.acquire().await.unwrap(), &new, &LIMITS).await.unwrap()
}

fn queued(accepted: Accepted) -> (QuestionId, i64) {
    match accepted {
        Accepted::Queued { id, ahead } => (id, ahead),
        other => panic!("not queued: {other:?}"),
    }
}

/// Everything on Twitch.
const REACH: Reach = Reach { everywhere: Some(Platform::Twitch), channels: Vec::new() };
const EXPIRY: Duration = Duration::from_secs(900);

async fn claim(world: &World) -> Option<Question> {
    question::claim(&world.pool, &REACH, &[], EXPIRY).await.unwrap()
}

async fn finish(world: &World, id: QuestionId) {
    let owner = Uuid::new_v4();
    let held = sqlx::query("update pedro.question set lease_owner = $2 where id = $1").bind(id).bind(owner);
    held.execute(&world.pool).await.unwrap();
    question::finish(&mut world.pool.acquire().await.unwrap(), id, owner, Ending::Answered).await.unwrap();
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
    while let Some(taken) = claim(&world).await {
        order.push(taken.id);
    }
    assert_eq!(order, [ann_first, bob, ann_second]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_a_dead_worker_held_is_taken_again_and_its_late_word_does_not_count(pool: PgPool) {
    let world = World::new(pool).await;
    let (id, _) = queued(ask(&world, "ann", "1").await);
    let dead = claim(&world).await.unwrap();
    assert!(claim(&world).await.is_none(), "it is held");
    sqlx::query("update pedro.question set lease_until = now() - interval '1 second'")
        .execute(&world.pool)
        .await
        .unwrap();
    let alive = claim(&world).await.unwrap();
    assert_eq!((alive.id, alive.attempts), (id, 2));
    let mut connection = world.pool.acquire().await.unwrap();
    let late = question::keep_answer(&mut connection, id, dead.lease_owner, "late").await;
    assert!(matches!(late, Err(StoreError::LeaseLost)));
    question::keep_answer(&mut connection, id, alive.lease_owner, "in time").await.unwrap();
    question::release(&world.pool, id, alive.lease_owner, Duration::ZERO, false).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let again = claim(&world).await.unwrap();
    assert_eq!(again.answer.as_deref(), Some("in time"), "what is made is not made again");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn cancelling_takes_the_lease_away_and_ends_the_queue(pool: PgPool) {
    let world = World::new(pool).await;
    queued(ask(&world, "ann", "1").await);
    queued(ask(&world, "bob", "2").await);
    let held = claim(&world).await.unwrap();
    assert_eq!(question::cancel_channel(&world.pool, world.channel).await.unwrap().len(), 2);
    assert!(matches!(question::renew(&world.pool, held.id, held.lease_owner).await, Err(StoreError::LeaseLost)));
    assert_eq!(question::open(&world.pool, &REACH).await.unwrap().count, 0);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn askers_are_told_once_that_it_takes_longer_and_once_that_it_took_too_long(pool: PgPool) {
    let world = World::new(pool).await;
    queued(ask(&world, "ann", "1").await);
    let told = |pool: PgPool, patience| async move {
        question::take_unacknowledged(&pool, &REACH, Duration::from_secs(patience)).await.unwrap().len()
    };
    assert_eq!(told(world.pool.clone(), 60).await, 0);
    assert_eq!(told(world.pool.clone(), 0).await, 1);
    assert_eq!(told(world.pool.clone(), 0).await, 0);
    let expired =
        |pool: PgPool| async move { question::take_expired(&pool, &REACH, Duration::ZERO).await.unwrap().len() };
    assert_eq!(expired(world.pool.clone()).await, 1);
    assert_eq!(expired(world.pool.clone()).await, 0);
    assert!(claim(&world).await.is_none());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_end_of_a_question_that_a_killed_process_held_is_told_once(pool: PgPool) {
    let world = World::new(pool).await;
    queued(ask(&world, "ann", "1").await);
    claim(&world).await.unwrap();
    let killed = sqlx::query("update pedro.question set lease_until = now() - interval '1 minute'");
    killed.execute(&world.pool).await.unwrap();
    for expected in [1, 0] {
        let expired = question::take_expired(&world.pool, &REACH, Duration::ZERO).await.unwrap();
        assert_eq!(expired.len(), expected);
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_question_of_somebody_who_opted_out_leaves_no_row(pool: PgPool) {
    let world = World::new(pool).await;
    let (id, _) = queued(ask(&world, "ghost", "1").await);
    finish(&world, id).await;
    assert_eq!(world.count("question").await, 0);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_process_takes_only_what_it_can_answer(pool: PgPool) {
    let world = World::new(pool).await;
    queued(ask(&world, "ann", "1").await);
    let elsewhere = Reach { everywhere: None, channels: vec![world.channel.0 + 1] };
    assert!(question::claim(&world.pool, &elsewhere, &[], EXPIRY).await.unwrap().is_none());
    assert_eq!(question::open(&world.pool, &elsewhere).await.unwrap().count, 0);
    assert!(question::take_unacknowledged(&world.pool, &elsewhere, Duration::ZERO).await.unwrap().is_empty());
    assert!(question::take_expired(&world.pool, &elsewhere, Duration::ZERO).await.unwrap().is_empty());
    let here = Reach { everywhere: Some(Platform::Discord), channels: vec![world.channel.0] };
    assert!(question::claim(&world.pool, &here, &[], EXPIRY).await.unwrap().is_some());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_is_too_old_is_not_begun_but_an_answer_that_is_made_goes_out(pool: PgPool) {
    let world = World::new(pool).await;
    let (id, _) = queued(ask(&world, "ann", "1").await);
    let age = sqlx::query("update pedro.question set asked_at = now() - interval '1 hour'");
    age.execute(&world.pool).await.unwrap();
    assert!(claim(&world).await.is_none());
    sqlx::query("update pedro.question set answer = 'because'").execute(&world.pool).await.unwrap();
    assert_eq!(claim(&world).await.unwrap().id, id);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn whoever_lost_the_lease_writes_nothing_more(pool: PgPool) {
    let world = World::new(pool).await;
    queued(ask(&world, "ann", "1").await);
    let held = claim(&world).await.unwrap();
    question::cancel_channel(&world.pool, world.channel).await.unwrap();
    let mut connection = world.pool.acquire().await.unwrap();
    let noted = question::note_pieces(&mut *connection, held.id, held.lease_owner, 1).await;
    assert!(matches!(noted, Err(StoreError::LeaseLost)));
    let finished = question::finish(&mut connection, held.id, held.lease_owner, Ending::Answered).await;
    assert!(matches!(finished, Err(StoreError::LeaseLost)));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn after_a_crash_questions_are_taken_in_the_order_in_which_they_were_asked(pool: PgPool) {
    let world = World::new(pool).await;
    let (first, _) = queued(ask(&world, "ann", "1").await);
    let (second, _) = queued(ask(&world, "bob", "2").await);
    assert_eq!((claim(&world).await.unwrap().id, claim(&world).await.unwrap().id), (first, second));
    let (third, _) = queued(ask(&world, "cem", "3").await);
    // Both were held by a process that is gone: the second one's lease ran out, the first one's will.
    let lapse =
        "update pedro.question set lease_until = now() + case id when $1 then 1.5 else -1 end * interval '1 second'
                 where status = 'working'";
    sqlx::query(lapse).bind(first.0).execute(&world.pool).await.unwrap();
    assert!(claim(&world).await.is_none(), "the first one comes soon");
    assert_eq!(question::claim(&world.pool, &REACH, &[first.0], EXPIRY).await.unwrap().unwrap().id, second);
    sqlx::query("update pedro.question set lease_until = now() where id = $1")
        .bind(first.0)
        .execute(&world.pool)
        .await
        .unwrap();
    assert_eq!((claim(&world).await.unwrap().id, claim(&world).await.unwrap().id), (first, third));
}
