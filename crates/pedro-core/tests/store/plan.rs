//! Plans in the database: written under the question's lease, changed by people only when they are over.

use std::time::Duration;

use pedro_core::chat::{PlanId, Platform, QuestionId};
use pedro_core::plan::{Origin, Plan, PlanStatus, StepEvent, StepOutput, StepStatus, default_plan};
use pedro_core::store::plan::{self, Changed, Ended};
use pedro_core::store::question::{self, Accepted, Ending, Limits, NewQuestion, Question, Reach};
use pedro_core::store::{MIGRATOR, StoreError};
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{World, line};

/// The world of these tests lies in the past.
const AGES: Duration = Duration::from_secs(3_000_000_000);

fn the_plan() -> Plan {
    default_plan("what is the word?", serde_json::Map::new())
}

/// Bob asks, and somebody holds the question.
async fn held(world: &World) -> Question {
    let asked = line("room", "Bob", "what is the word?", world.now);
    world.write(world.channel, &asked, None).await;
    let new = NewQuestion {
        wants_plan: true,
        community: world.community,
        channel: world.channel,
        platform: Platform::Twitch,
        platform_message_id: &asked.platform_message_id,
        ephemeral: false,
        asker_hash: b"bob",
        asker_name: "Bob",
        text: &asked.text,
        reply_target: serde_json::json!({}),
        asked_at: world.now,
        hold: Duration::ZERO,
    };
    let limits = Limits { open_per_person: 1, hourly_per_person: 9, queue: 9 };
    let accepted = question::accept(&mut world.pool.acquire().await.unwrap(), &new, &limits).await.unwrap();
    assert!(matches!(accepted, Accepted::Queued { .. }), "{accepted:?}");
    claim(world).await
}

async fn claim(world: &World) -> Question {
    let reach = Reach { everywhere: Some(Platform::Twitch), channels: Vec::new() };
    question::claim(&world.pool, &reach, &[], AGES).await.unwrap().unwrap()
}

async fn insert(world: &World, question: &Question, origin: Origin) -> Result<PlanId, StoreError> {
    let mut connection = world.pool.acquire().await.unwrap();
    plan::insert(&mut connection, question.id, question.lease_owner, origin, None, &the_plan()).await
}

async fn end(world: &World, id: PlanId, name: &str, owner: Uuid, ended: Ended) -> Result<(), StoreError> {
    plan::end_step(&mut world.pool.acquire().await.unwrap(), id, name, owner, &ended).await
}

fn brought(text: &str) -> Ended {
    Ended::Succeeded(StepOutput { text: text.to_owned(), ..StepOutput::default() })
}

async fn statuses(world: &World, question: QuestionId) -> Vec<(PlanStatus, Vec<StepStatus>)> {
    let plans = plan::of_question(&mut world.pool.acquire().await.unwrap(), question).await.unwrap();
    plans.iter().map(|plan| (plan.status, plan.statuses())).collect()
}

/// The first step succeeded, the second failed, the answer is out.
async fn answered(world: &World) -> (Question, PlanId) {
    let question = held(world).await;
    let (owner, id) = (question.lease_owner, insert(world, &question, Origin::Model).await.unwrap());
    for name in ["s1", "s2", "s3"] {
        plan::start_step(&world.pool, id, name, owner).await.unwrap();
    }
    end(world, id, "s1", owner, brought("found")).await.unwrap();
    end(world, id, "s2", owner, Ended::Failed("it did not work".into())).await.unwrap();
    let mut connection = world.pool.acquire().await.unwrap();
    plan::close(&mut connection, id, PlanStatus::Succeeded).await.unwrap();
    question::keep_answer(&mut connection, question.id, owner, "the word").await.unwrap();
    question::finish(&mut connection, question.id, owner, Ending::Answered).await.unwrap();
    (question, id)
}

use StepStatus::{Failed, Pending, Redundant, Running, Skipped, Succeeded};

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_plan_is_kept_with_its_steps_and_read_back(pool: PgPool) {
    let world = World::new(pool).await;
    let question = held(&world).await;
    insert(&world, &question, Origin::Repaired).await.unwrap();
    let plans = plan::of_question(&mut world.pool.acquire().await.unwrap(), question.id).await.unwrap();
    assert_eq!((plans.len(), plans[0].number, plans[0].origin), (1, 1, Origin::Repaired));
    assert_eq!(plans[0].plan(), the_plan());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn only_who_holds_the_question_writes_and_only_what_may_follow(pool: PgPool) {
    let world = World::new(pool).await;
    let question = held(&world).await;
    let (owner, stranger) = (question.lease_owner, Uuid::new_v4());
    let foreign = Question { lease_owner: stranger, ..question.clone() };
    assert!(matches!(insert(&world, &foreign, Origin::Model).await, Err(StoreError::LeaseLost)));
    let id = insert(&world, &question, Origin::Model).await.unwrap();
    assert!(matches!(plan::start_step(&world.pool, id, "s1", stranger).await, Err(StoreError::LeaseLost)));
    assert!(matches!(end(&world, id, "s1", owner, brought("too early")).await, Err(StoreError::LeaseLost)));
    plan::start_step(&world.pool, id, "s1", owner).await.unwrap();
    assert!(matches!(plan::start_step(&world.pool, id, "s1", owner).await, Err(StoreError::LeaseLost)));
    assert!(matches!(plan::skip_step(&world.pool, id, "s1", owner).await, Err(StoreError::LeaseLost)));
    end(&world, id, "s1", owner, brought("found")).await.unwrap();
    assert!(matches!(end(&world, id, "s1", owner, brought("twice")).await, Err(StoreError::LeaseLost)));
    plan::skip_step(&world.pool, id, "s2", owner).await.unwrap();
    assert_eq!(statuses(&world, question.id).await, [(PlanStatus::Running, vec![Succeeded, Skipped, Pending])]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn after_a_crash_what_was_under_way_begins_again_and_nothing_else(pool: PgPool) {
    let world = World::new(pool).await;
    let question = held(&world).await;
    let (owner, id) = (question.lease_owner, insert(&world, &question, Origin::Model).await.unwrap());
    plan::start_step(&world.pool, id, "s1", owner).await.unwrap();
    plan::start_step(&world.pool, id, "s2", owner).await.unwrap();
    end(&world, id, "s1", owner, brought("found")).await.unwrap();
    assert_eq!(plan::reset_running(&world.pool, id).await.unwrap(), 1);
    assert_eq!(statuses(&world, question.id).await, [(PlanStatus::Running, vec![Succeeded, Pending, Pending])]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_mark_has_the_answer_made_again_in_another_round(pool: PgPool) {
    let world = World::new(pool).await;
    let (question, _) = answered(&world).await;
    let mut connection = world.pool.acquire().await.unwrap();
    let mark = async |connection: &mut _, name, event| plan::mark(connection, question.id, name, event).await.unwrap();
    assert_eq!(mark(&mut *connection, "s2", StepEvent::MarkRedundant).await, Changed::Nothing, "it failed anyway");
    assert_eq!(mark(&mut *connection, "s3", StepEvent::MarkFailed).await, Changed::Nothing, "it is the answer");
    assert_eq!(mark(&mut *connection, "s1", StepEvent::MarkRedundant).await, Changed::Queued);
    assert_eq!(statuses(&world, question.id).await, [(PlanStatus::Running, vec![Redundant, Failed, Pending])]);
    assert_eq!(mark(&mut *connection, "s1", StepEvent::MarkFailed).await, Changed::StillOpen);
    let again = claim(&world).await;
    assert_eq!((again.id, again.round, again.answer), (question.id, 1, None));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_failed_is_tried_again_beside_what_was_found(pool: PgPool) {
    let world = World::new(pool).await;
    let (question, _) = answered(&world).await;
    let mut connection = world.pool.acquire().await.unwrap();
    assert_eq!(plan::retry_failed(&mut connection, question.id).await.unwrap(), Changed::Queued);
    let plans = statuses(&world, question.id).await;
    assert_eq!(plans[1], (PlanStatus::Running, vec![Succeeded, Pending, Pending]));
    assert_eq!(plan::retry_whole(&mut connection, question.id).await.unwrap(), Changed::StillOpen);
    let unknown = QuestionId(question.id.0 + 1_000);
    assert_eq!(plan::retry_whole(&mut connection, unknown).await.unwrap(), Changed::Nothing);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_plan_of_a_cancelled_question_is_stopped(pool: PgPool) {
    let world = World::new(pool).await;
    let question = held(&world).await;
    let id = insert(&world, &question, Origin::Model).await.unwrap();
    plan::start_step(&world.pool, id, "s1", question.lease_owner).await.unwrap();
    assert_eq!(statuses(&world, question.id).await, [(PlanStatus::Running, vec![Running, Pending, Pending])]);
    assert!(question::cancel(&world.pool, question.id).await.unwrap().is_some());
    assert!(question::cancel(&world.pool, question.id).await.unwrap().is_none());
    let swept = plan::sweep(&mut world.pool.acquire().await.unwrap()).await.unwrap();
    assert_eq!((swept.stopped, swept.failed), (1, 0));
    let again = plan::sweep(&mut world.pool.acquire().await.unwrap()).await.unwrap();
    assert_eq!((again.stopped, again.failed), (0, 0), "each is counted once");
    assert_eq!(statuses(&world, question.id).await, [(PlanStatus::Stopped, vec![Skipped, Skipped, Skipped])]);
}
