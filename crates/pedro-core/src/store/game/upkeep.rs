//! Games whose player is silent, or gone, or wants to be forgotten.

use std::time::Duration;

use sqlx::{PgConnection, PgExecutor};

use crate::chat::{ChannelId, GameId, Platform};
use crate::store::StoreError;
use crate::store::question::Reach;

/// A game in which something is to be said that is no question.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Row id.
    pub id: GameId,
    /// Where it is played.
    pub channel_id: ChannelId,
    /// What the questions reply to.
    pub reply_target: Option<serde_json::Value>,
    /// The number of the question that waits.
    pub asked: i32,
}

/// Pauses the games whose player has not answered for so long. Each comes once for each of its questions, over all
/// restarts, so that its player is told.
///
/// # Errors
/// When the statement fails.
pub async fn take_silent(db: impl PgExecutor<'_>, reach: &Reach, silence: Duration) -> Result<Vec<Notice>, StoreError> {
    let rows = sqlx::query_as!(
        Notice,
        "update pedro.game set paused_at = now()
         where (platform = $1 or channel_id = any($2)) and status = 'asking'
             and paused_at is null and waiting_since < now() - make_interval(secs => $3)
         returning id, channel_id, reply_target, asked",
        reach.everywhere as Option<Platform>,
        &reach.channels,
        silence.as_secs_f64()
    );
    Ok(rows.fetch_all(db).await?)
}

/// Ends the games that have been paused for so long: their last word is to be said. The clock starts with the pause, of
/// which the player was told, and not with the question: while no process ran nobody could answer. How many there were.
///
/// # Errors
/// When the statement fails.
pub async fn abandon_paused(db: impl PgExecutor<'_>, reach: &Reach, pause: Duration) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "update pedro.game set status = 'telling', outcome = 'abandoned'
         where (platform = $1 or channel_id = any($2)) and status = 'asking'
             and paused_at < now() - make_interval(secs => $3)",
        reach.everywhere as Option<Platform>,
        &reach.channels,
        pause.as_secs_f64()
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Ends the open games of a channel without a word; what runs notices by its lost lease.
///
/// # Errors
/// When the statement fails.
pub async fn stop_channel(db: impl PgExecutor<'_>, channel: ChannelId) -> Result<Vec<GameId>, StoreError> {
    let ids = sqlx::query_scalar!(
        "update pedro.game set status = 'abandoned', outcome = 'abandoned', finished_at = now(),
             lease_owner = null, lease_until = null
         where (channel_id = $1 or begun_in = $1) and status in ('thinking', 'asking')
         returning id",
        channel.0
    );
    Ok(ids.fetch_all(db).await?.into_iter().map(GameId).collect())
}

/// Clears away what nobody else does: ended games of people who opted out of storage, and games of channels that no
/// process has been in for a day.
///
/// # Errors
/// When a statement fails.
pub async fn sweep(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!(
        "update pedro.game set status = 'abandoned', outcome = 'abandoned', finished_at = now()
         where status = 'thinking' and begun_at < now() - interval '1 day'
             and (lease_until is null or lease_until < now() - interval '1 day')"
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "delete from pedro.game using pedro.opt_out
         where person_hash = player_hash and opt_out.storage and finished_at > changed_at"
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes a player's games with all that was said in them.
///
/// # Errors
/// When the statement fails.
pub async fn forget(db: impl PgExecutor<'_>, player_hash: &[u8]) -> Result<(), StoreError> {
    sqlx::query!("delete from pedro.game where player_hash = $1", player_hash).execute(db).await?;
    Ok(())
}
