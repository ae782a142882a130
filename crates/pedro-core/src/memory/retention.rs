//! Lines are deleted once they are older than their channel keeps them, with everything that was made from them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::service::metrics::record;
use crate::store::erase::{self, Expired};
use crate::store::{StoreError, author, channel};

/// How often, besides at the start.
const EVERY: Duration = Duration::from_secs(24 * 3600);

/// How soon it is tried again when the database was away.
const AFTER_FAILURE: Duration = Duration::from_secs(600);

/// Lines, or questions, that are deleted in one transaction, which holds their rows.
const BATCH: i64 = 100;

/// The wait after each batch: chat goes on.
const BREATHE: Duration = Duration::from_millis(50);

/// Deletes what is too old. Every bot of a database may do it: what one deleted the others do not find.
pub struct Retention {
    pool: PgPool,
    /// Names of communities, and after how many days their lines go unless a channel has its own number.
    communities: Vec<(String, i32)>,
}

impl Retention {
    /// Deletes after so many days in the communities with these names, and as their channels are set.
    pub fn new(pool: PgPool, communities: impl IntoIterator<Item = (String, u32)>) -> Self {
        let days = |days: u32| i32::try_from(days).unwrap_or(i32::MAX);
        Self { pool, communities: communities.into_iter().map(|(name, kept)| (name, days(kept))).collect() }
    }

    /// Works at once and then daily, until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.sweep(Utc::now(), &stop).await {
                Ok(gone) => {
                    if !gone.is_empty() {
                        let Expired { lines, questions, games } = gone;
                        tracing::info!(lines, questions, games, "what was older than it is kept was deleted");
                    }
                    EVERY
                }
                Err(error) => {
                    tracing::warn!(%error, "what is older than it is kept could not be deleted and is tried again");
                    AFTER_FAILURE
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Deletes everything that is too old at a moment, in small batches; what it was.
    ///
    /// # Errors
    /// When a statement fails; what was deleted before that is gone.
    pub async fn sweep(&self, now: DateTime<Utc>, stop: &CancellationToken) -> Result<Expired, StoreError> {
        let mut all = Expired::default();
        for (channel, days) in channel::retention(&self.pool, &self.communities).await? {
            let before = now - chrono::Duration::days(days.into());
            while !stop.is_cancelled() {
                let mut transaction = self.pool.begin().await?;
                let gone = erase::expired(&mut transaction, channel, before, BATCH).await?;
                transaction.commit().await?;
                if gone.is_empty() {
                    break;
                }
                record::expired(gone.lines);
                all = all.and(gone);
                tokio::time::sleep(BREATHE).await;
            }
        }
        if !all.is_empty() {
            author::remove_silent(&self.pool).await?;
        }
        Ok(all)
    }
}
