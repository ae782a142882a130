//! Slots of model servers, shared by all processes.

use pedro_core::store::{MIGRATOR, model_slot};
use sqlx::PgPool;
use uuid::Uuid;

const SERVER: &str = "http://127.0.0.1:8080/";

async fn take(pool: &PgPool, holder: Uuid, priority: i16) -> bool {
    model_slot::try_take(pool, &[SERVER.to_owned()], holder, priority, &[]).await.unwrap().is_some()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_slot_is_booked_once_and_goes_to_who_waits_first(pool: PgPool) {
    model_slot::register(&pool, SERVER, Some(1)).await.unwrap();
    let [first, background, second, third] = [(); 4].map(|()| Uuid::new_v4());
    assert!(take(&pool, first, 0).await);
    assert!(!take(&pool, background, 1).await);
    assert!(!take(&pool, second, 0).await);
    assert!(!take(&pool, third, 0).await);
    model_slot::release(&pool, first).await.unwrap();
    assert!(!take(&pool, third, 0).await, "second asked earlier");
    assert!(!take(&pool, background, 1).await, "interactive goes first");
    assert!(take(&pool, second, 0).await);
    model_slot::release(&pool, second).await.unwrap();
    model_slot::release(&pool, third).await.unwrap();
    assert!(take(&pool, background, 1).await, "who left the list is waited for no more");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn several_slots_are_given_at_once_and_a_dead_holders_slot_comes_back(pool: PgPool) {
    model_slot::register(&pool, SERVER, Some(2)).await.unwrap();
    let [first, second, third] = [(); 3].map(|()| Uuid::new_v4());
    assert!(take(&pool, first, 0).await && take(&pool, second, 0).await);
    assert!(!take(&pool, third, 0).await);
    sqlx::query("update pedro.model_slot set lease_until = now() - interval '1 second' where holder = $1")
        .bind(first)
        .execute(&pool)
        .await
        .unwrap();
    assert!(take(&pool, third, 0).await);
    assert!(!model_slot::renew(&pool, first).await.unwrap(), "its late word does not count");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_server_that_does_not_answer_keeps_its_slots_and_fewer_slots_are_honoured(pool: PgPool) {
    model_slot::register(&pool, SERVER, None).await.unwrap();
    assert!(take(&pool, Uuid::new_v4(), 0).await, "a new one has one");
    model_slot::register(&pool, SERVER, Some(3)).await.unwrap();
    model_slot::register(&pool, SERVER, None).await.unwrap();
    assert!(take(&pool, Uuid::new_v4(), 0).await && take(&pool, Uuid::new_v4(), 0).await);
    model_slot::register(&pool, SERVER, Some(3)).await.unwrap();
    assert!(!take(&pool, Uuid::new_v4(), 0).await);
}
