//! Embeddings belong to what a line says.

use pedro_core::chat::Platform;
use pedro_core::store::{MIGRATOR, embedding, message};
use sqlx::PgPool;

use crate::world::World;

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_line_that_is_edited_while_it_is_embedded_does_not_keep_the_vector_of_what_it_said(pool: PgPool) {
    let world = World::new(pool).await;
    let space = embedding::ensure_space(&world.pool, "a model", 2).await.unwrap();
    world.say("Ann", "it rains").await;
    world.say("Bob", "the sun shines").await;
    let mut lines = embedding::take_unembedded(&world.pool, 10).await.unwrap();
    lines.sort_by_key(|line| line.id);
    let id: String = sqlx::query_scalar("select platform_message_id from pedro.message where text = 'it rains'")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert!(message::edit(&world.pool, Platform::Twitch, &id, "it snows").await.unwrap());
    embedding::put(&world.pool, space, &lines, &[vec![1.0, 0.0], vec![0.0, 1.0]]).await.unwrap();
    assert_eq!(world.count("message_embedding").await, 1);

    // It waits for its own, and need not wait for long.
    let waiting = embedding::take_unembedded(&world.pool, 10).await.unwrap();
    assert_eq!(waiting.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["it snows"]);
    embedding::put(&world.pool, space, &waiting, &[vec![1.0, 0.0]]).await.unwrap();
    assert_eq!((world.count("message_embedding").await, world.count("message_unembedded").await), (2, 0));
}
