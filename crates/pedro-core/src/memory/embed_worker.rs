//! Embeddings, made in the background: the newest line first, so that today's chat does not wait for an old import.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::embedder::{EmbedError, Embedder};
use crate::service::metrics::catalog::EmbeddingOutcome;
use crate::service::metrics::record;
use crate::store::StoreError;
use crate::store::embedding::{self, EmbeddingSpace};

/// Lines taken at once. While they are embedded their rows are locked, so that another process takes others.
const BATCH: i64 = 64;

/// How long the worker sleeps when nothing waits and nobody wakes it: lines that another process left are found then.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// How long it waits after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(3);

/// Why lines got no embedding.
#[derive(Debug, thiserror::Error)]
pub enum EmbedWaitingError {
    /// The database did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The embedder did not do its part.
    #[error(transparent)]
    Embed(#[from] EmbedError),
}

/// Embeds what waits.
pub struct EmbedWorker {
    pool: PgPool,
    embedder: Arc<dyn Embedder>,
    space: EmbeddingSpace,
    wake: Arc<Notify>,
}

impl EmbedWorker {
    /// A worker for one embedding space.
    pub fn new(pool: PgPool, embedder: Arc<dyn Embedder>, space: EmbeddingSpace) -> Self {
        Self { pool, embedder, space, wake: Arc::new(Notify::new()) }
    }

    /// Told when lines were written.
    pub fn waker(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// Works until told to stop. Failures are logged, counted and tried again.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match embed_waiting(&self.pool, self.embedder.as_ref(), self.space, BATCH).await {
                Ok(0) => LOOK_AGAIN,
                Ok(_) => continue,
                Err(error) => {
                    tracing::warn!(%error, "lines wait for their embeddings");
                    record::embedded(EmbeddingOutcome::Failed, 1);
                    AFTER_FAILURE
                }
            };
            if let Ok(lag) = embedding::lag(&self.pool).await {
                record::embedding_lag(u64::try_from(lag).unwrap_or(0));
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.wake.notified(), if pause == LOOK_AGAIN => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

/// Embeds up to `count` lines that wait, in one transaction; how many there were.
///
/// # Errors
/// When the database or the embedder fails: the lines go on waiting.
pub async fn embed_waiting(
    pool: &PgPool,
    embedder: &dyn Embedder,
    space: EmbeddingSpace,
    count: i64,
) -> Result<usize, EmbedWaitingError> {
    let mut transaction = pool.begin().await.map_err(StoreError::from)?;
    let lines = embedding::take_unembedded(&mut transaction, count).await?;
    if lines.is_empty() {
        return Ok(0);
    }
    let texts: Vec<String> = lines.iter().map(|line| line.text.clone()).collect();
    let ids: Vec<_> = lines.iter().map(|line| line.id).collect();
    let vectors = embedder.embed(&texts).await?;
    embedding::put(&mut transaction, space, &ids, &vectors).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    record::embedded(EmbeddingOutcome::Stored, lines.len() as u64);
    Ok(lines.len())
}
