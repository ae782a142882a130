//! `pedro.model_server`, `model_slot`, `model_wait`: who may generate where, over all processes.

use std::time::Duration;

use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

use super::StoreError;

/// How long a slot is held without a sign of life.
pub const LEASE: Duration = Duration::from_secs(15);

/// Notes how many generations a server runs at once; `None`: as many as before, 1 if it is new.
///
/// # Errors
/// When a statement fails.
pub async fn register(pool: &PgPool, url: &str, slots: Option<i32>) -> Result<(), StoreError> {
    let mut transaction = pool.begin().await?;
    let slots = sqlx::query_scalar!(
        "insert into pedro.model_server (url, slots) values ($1, coalesce($2, 1))
         on conflict (url) do update set slots = coalesce($2, model_server.slots), checked_at = now() returning slots",
        url,
        slots
    )
    .fetch_one(&mut *transaction)
    .await?;
    sqlx::query!(
        "insert into pedro.model_slot (url, number) select $1, generate_series(1, $2) on conflict do nothing",
        url,
        slots
    )
    .execute(&mut *transaction)
    .await?;
    // A server that was started again with fewer slots: those that are held are let go when their lease ends.
    sqlx::query!("delete from pedro.model_slot where url = $1 and number > $2 and holder is null", url, slots)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// Tries to take a slot of one of the servers, none of those that are `held` by this process. `None`: all are taken, or somebody who asked earlier is first; the
/// holder is then on the list of those who wait, for as long as it asks again within [`LEASE`].
///
/// # Errors
/// When a statement fails.
pub async fn try_take(
    pool: &PgPool,
    urls: &[String],
    holder: Uuid,
    priority: i16,
    held: &[Uuid],
) -> Result<Option<(String, i32)>, StoreError> {
    let mut transaction = pool.begin().await?;
    // Whoever asks is served in order: one at a time looks at the list.
    sqlx::query!("select pg_advisory_xact_lock(hashtext('pedro.model_wait'))").execute(&mut *transaction).await?;
    sqlx::query!(
        "insert into pedro.model_wait (holder, priority, since, seen_at) values ($1, $2, clock_timestamp(), now())
         on conflict (holder) do update set seen_at = now()",
        holder,
        priority
    )
    .execute(&mut *transaction)
    .await?;
    let taken = sqlx::query!(
        r#"with free as (
               select url, number from pedro.model_slot
               where url = any($1) and (holder is null or lease_until < now() and holder <> all($4))
               -- the server with the most free slots first, so that several share the work
               order by (
                   select count(*) from pedro.model_slot as peer
                   where peer.url = model_slot.url and (peer.holder is null or peer.lease_until < now())
               ) desc, url, number for update skip locked
           ), place as (
               select count(*) as ahead from pedro.model_wait as other, pedro.model_wait as mine
               where mine.holder = $2 and other.holder <> $2
                   and other.seen_at > now() - make_interval(secs => $3)
                   and (other.priority, other.since) < (mine.priority, mine.since)
           )
           update pedro.model_slot set holder = $2, lease_until = now() + make_interval(secs => $3)
           from (select free.* from free, place offset (select ahead from place) limit 1) as chosen
           where model_slot.url = chosen.url and model_slot.number = chosen.number
           returning model_slot.url, model_slot.number"#,
        urls,
        holder,
        LEASE.as_secs_f64(),
        held
    )
    .fetch_optional(&mut *transaction)
    .await?;
    if taken.is_some() {
        sqlx::query!(
            "delete from pedro.model_wait where holder = $1 or seen_at < now() - interval '10 minutes'",
            holder
        )
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    Ok(taken.map(|row| (row.url, row.number)))
}

/// Says that a generation still runs. False if the slot was given to somebody else meanwhile.
///
/// # Errors
/// When the statement fails.
pub async fn renew(db: impl PgExecutor<'_>, holder: Uuid) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update pedro.model_slot set lease_until = now() + make_interval(secs => $2) where holder = $1",
        holder,
        LEASE.as_secs_f64()
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Gives a slot back, or leaves the list of those who wait.
///
/// # Errors
/// When the statement fails.
pub async fn release(db: impl PgExecutor<'_>, holder: Uuid) -> Result<(), StoreError> {
    sqlx::query!(
        "with gone as (delete from pedro.model_wait where holder = $1)
         update pedro.model_slot set holder = null, lease_until = null where holder = $1",
        holder
    )
    .execute(db)
    .await?;
    Ok(())
}
