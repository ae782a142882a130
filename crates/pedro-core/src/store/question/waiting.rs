//! Questions whose askers are to be told something: that it takes longer, that nobody began it, that it was cancelled.

use std::time::Duration;

use sqlx::PgExecutor;

use super::Reach;
use crate::chat::{ChannelId, Platform, QuestionId};
use crate::store::StoreError;

/// A question whose asker is to be told something.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Row id.
    pub id: QuestionId,
    /// Where it was asked.
    pub channel_id: ChannelId,
    /// What the adapter needs to answer.
    pub reply_target: serde_json::Value,
    /// Nothing of it may be stored.
    pub ephemeral: bool,
    /// How often it was put again.
    pub round: i32,
    /// The platform's id of the message that shows how it fares.
    pub shown_message_id: Option<String>,
}

/// The questions that were asked more than `patience` ago and whose askers have not been told that it takes longer.
/// They are marked as told: each comes once, over all restarts.
///
/// # Errors
/// When the statement fails.
pub async fn take_unacknowledged(
    db: impl PgExecutor<'_>,
    reach: &Reach,
    patience: Duration,
) -> Result<Vec<Waiting>, StoreError> {
    let rows = sqlx::query_as!(
        Waiting,
        "update pedro.question set acknowledged_at = now()
         where (platform = $1 or channel_id = any($2)) and status in ('queued', 'working') and origin = 'addressed'
             and (not_before is null or not_before < now())
             and acknowledged_at is null and trouble_told_at is null and asked_at < now() - make_interval(secs => $3)
         returning id, channel_id, reply_target, ephemeral, shown_message_id, round",
        reach.everywhere as Option<Platform>,
        &reach.channels,
        patience.as_secs_f64()
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}

/// Those of some questions that nobody has begun.
///
/// # Errors
/// When the statement fails.
pub async fn queued_of(db: impl PgExecutor<'_>, ids: &[QuestionId]) -> Result<Vec<Waiting>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        Waiting,
        "select id, channel_id, reply_target, ephemeral, shown_message_id, round from pedro.question
         where id = any($1) and status = 'queued'",
        &ids
    );
    Ok(rows.fetch_all(db).await?)
}

/// Ends the questions that nobody began within `limit`. They are returned so that their askers are told.
///
/// # Errors
/// When the statement fails.
pub async fn take_expired(db: impl PgExecutor<'_>, reach: &Reach, limit: Duration) -> Result<Vec<Waiting>, StoreError> {
    let rows = sqlx::query_as!(
        Waiting,
        "update pedro.question set status = 'expired', finished_at = now(), lease_owner = null, lease_until = null
         where (platform = $1 or channel_id = any($2)) and answer is null and origin = 'addressed'
             and (status = 'queued' or status in ('working', 'sending') and lease_until < now())
             and asked_at < now() - make_interval(secs => $3)
         returning id, channel_id, reply_target, ephemeral, shown_message_id, round",
        reach.everywhere as Option<Platform>,
        &reach.channels,
        limit.as_secs_f64()
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}

/// Cancels a person's open questions; what runs notices by its lost lease. They are returned so that nothing is left
/// standing of them.
///
/// # Errors
/// When the statement fails.
pub async fn cancel_person(db: impl PgExecutor<'_>, asker_hash: &[u8]) -> Result<Vec<Waiting>, StoreError> {
    let rows = sqlx::query_as!(
        Waiting,
        "update pedro.question set status = 'cancelled', finished_at = now(), lease_owner = null, lease_until = null
         where asker_hash = $1 and status in ('queued', 'working', 'sending')
         returning id, channel_id, reply_target, ephemeral, shown_message_id, round",
        asker_hash
    );
    Ok(rows.fetch_all(db).await?)
}

/// Cancels everything open that is answered in a channel, or was asked there; what runs notices by its lost lease. They are
/// returned so that their askers are told.
///
/// # Errors
/// When the statement fails.
pub async fn cancel_channel(db: impl PgExecutor<'_>, channel: ChannelId) -> Result<Vec<Waiting>, StoreError> {
    let rows = sqlx::query_as!(
        Waiting,
        "update pedro.question set status = 'cancelled', finished_at = now(), lease_owner = null, lease_until = null
         where (channel_id = $1 or asked_in = $1) and status in ('queued', 'working', 'sending')
         returning id, channel_id, reply_target, ephemeral, shown_message_id, round",
        channel.0
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}
