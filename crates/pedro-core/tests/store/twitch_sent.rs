//! What was sent to Twitch lately is found by the process that comes next.

use pedro_core::store::{MIGRATOR, twitch_sent};
use sqlx::PgPool;

async fn lately(pool: &PgPool, login: &str) -> Vec<(String, i32, u64)> {
    let sent = twitch_sent::lately(pool, login).await.unwrap();
    sent.into_iter().map(|sent| (sent.channel, sent.text_digest, sent.age.as_secs())).collect()
}

async fn make_older(pool: &PgPool, seconds: f64) {
    let older = "update pedro.twitch_sent set sent_at = sent_at - make_interval(secs => $1)";
    sqlx::query(older).bind(seconds).execute(pool).await.unwrap();
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_an_account_sent_within_a_minute_is_told_with_its_age_and_then_goes(pool: PgPool) {
    twitch_sent::note(&pool, "pedro_bot", "town", 7).await.unwrap();
    make_older(&pool, 40.0).await;
    twitch_sent::note(&pool, "pedro_bot", "village", -7).await.unwrap();
    twitch_sent::note(&pool, "another", "town", 7).await.unwrap();
    assert_eq!(lately(&pool, "pedro_bot").await, [("town".to_owned(), 7, 40), ("village".to_owned(), -7, 0)]);
    make_older(&pool, 21.0).await;
    assert_eq!(lately(&pool, "pedro_bot").await, [("village".to_owned(), -7, 21)]);
    make_older(&pool, 40.0).await;
    twitch_sent::note(&pool, "another", "town", 8).await.unwrap();
    let left: i64 = sqlx::query_scalar("select count(*) from pedro.twitch_sent").fetch_one(&pool).await.unwrap();
    assert_eq!(left, 1, "what no limit counts any more is not kept");
}
