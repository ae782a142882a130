//! Embeddings, made in the background: the newest line first, so that today's chat does not wait for an old import;
//! then links.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::chat::MessageId;
use crate::embedder::{EmbedError, Embedder};
use crate::memory::embed_links;
use crate::service::metrics::catalog::EmbeddingOutcome;
use crate::service::metrics::record;
use crate::store::StoreError;
use crate::store::embedding::{self, EmbeddingSpace, Unembedded};

/// Lines taken at once.
const BATCH: i64 = 64;

/// How long fresh lines wait before they are embedded: more come and share the pass, and a question among them, which
/// somebody waits for, gets its own embedding first.
const GATHER_FOR: Duration = Duration::from_millis(250);

/// How long the worker sleeps when nothing waits and nobody wakes it: lines that another process left are found then.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// How long it waits after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(3);

/// How long a line waits that the embedder cannot do: a better one may come.
const AFTER_REFUSAL: Duration = Duration::from_secs(3_600);

/// A text that every embedder can do.
const HARMLESS: &str = "hello";

/// How often the lines that wait are counted while there is work.
const COUNT_EVERY: Duration = Duration::from_secs(5);

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
        let mut counted = None;
        while !stop.is_cancelled() {
            let pause = match self.embed().await {
                Ok(0) => LOOK_AGAIN,
                Ok(_) => Duration::ZERO,
                Err(error) => {
                    tracing::warn!(%error, "lines or links wait for their embeddings");
                    record::embedded(EmbeddingOutcome::Failed, 1);
                    AFTER_FAILURE
                }
            };
            if pause > Duration::ZERO || counted.is_none_or(|at: Instant| at.elapsed() > COUNT_EVERY) {
                counted = Some(Instant::now());
                self.count().await;
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.fresh_lines(), if pause == LOOK_AGAIN => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Embeds what waits: lines, and links when no line does; how many there were.
    async fn embed(&self) -> Result<usize, EmbedWaitingError> {
        match embed_waiting(&self.pool, self.embedder.as_ref(), self.space, BATCH).await? {
            0 => embed_links(&self.pool, self.embedder.as_ref(), self.space).await,
            lines => Ok(lines),
        }
    }

    async fn fresh_lines(&self) {
        self.wake.notified().await;
        tokio::time::sleep(GATHER_FOR).await;
    }

    async fn count(&self) {
        if let Ok(lag) = embedding::lag(&self.pool).await {
            record::embedding_lag(u64::try_from(lag).unwrap_or(0));
        }
    }
}

/// Embeds up to `count` lines that wait; how many there were. Nothing is locked meanwhile.
///
/// # Errors
/// When the database or the embedder fails: the lines go on waiting.
pub async fn embed_waiting(
    pool: &PgPool,
    embedder: &dyn Embedder,
    space: EmbeddingSpace,
    count: i64,
) -> Result<usize, EmbedWaitingError> {
    let lines = embedding::take_unembedded(pool, count).await?;
    if !lines.is_empty() {
        embed(pool, embedder, space, &lines).await?;
    }
    Ok(lines.len())
}

/// Embeds lines that were taken. If the embedder refuses them, one of them is to blame: the others are done without it.
async fn embed(
    pool: &PgPool,
    embedder: &dyn Embedder,
    space: EmbeddingSpace,
    lines: &[Unembedded],
) -> Result<(), EmbedWaitingError> {
    let texts: Vec<String> = lines.iter().map(|line| line.text.clone()).collect();
    let ids: Vec<MessageId> = lines.iter().map(|line| line.id).collect();
    match embedder.embed(&texts).await {
        Ok(vectors) => {
            embedding::put(pool, space, lines, &vectors).await?;
            record::embedded(EmbeddingOutcome::Stored, lines.len() as u64);
        }
        Err(error) if error.is_transient() => {
            embedding::give_back(pool, &ids, Duration::ZERO).await?;
            return Err(error.into());
        }
        Err(error) if lines.len() == 1 => {
            // Does it refuse this line, or everything?
            embedder.embed_query(HARMLESS).await?;
            tracing::error!(%error, message.id = %ids[0], "a line cannot be embedded and is found by its words only");
            record::embedded(EmbeddingOutcome::Failed, 1);
            embedding::give_back(pool, &ids, AFTER_REFUSAL).await?;
        }
        Err(_) => {
            let (first, second) = lines.split_at(lines.len() / 2);
            Box::pin(embed(pool, embedder, space, first)).await?;
            Box::pin(embed(pool, embedder, space, second)).await?;
        }
    }
    Ok(())
}
