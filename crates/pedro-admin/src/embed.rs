//! Embedding what waits, with progress: `pedro import --embed` and `pedro eval`.

use pedro_core::embedder::Embedder;
use pedro_core::memory::embed_waiting;
use pedro_core::store::embedding::{self, EmbeddingSpace};
use sqlx::PgPool;

use crate::progress::Progress;

/// Lines taken at once.
const BATCH: i64 = 256;

/// Embeds every line that waits; how many there were. What another process embeds meanwhile is left to it.
pub(crate) async fn all(pool: &PgPool, embedder: &dyn Embedder, space: EmbeddingSpace) -> anyhow::Result<u64> {
    let waiting = u64::try_from(embedding::lag(pool).await?).unwrap_or(0);
    let progress = Progress::new("lines embedded", waiting);
    let mut done = 0;
    loop {
        let embedded = embed_waiting(pool, embedder, space, BATCH).await? as u64;
        if embedded == 0 {
            break;
        }
        done += embedded;
        progress.set(done, done);
    }
    progress.finish();
    Ok(done)
}
