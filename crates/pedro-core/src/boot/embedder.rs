//! The embedder, in this process or behind a server, and the space of its vectors.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;

use super::{BootError, patiently};
use crate::embedder::{CandleEmbedder, EmbedError, Embedder, OpenAiEmbedder};
use crate::service::config::EmbeddingSettings;
use crate::store::embedding::{self, EmbeddingSpace};

/// How long an embedding server may take for one request.
const EMBEDDING_TIMEOUT: Duration = Duration::from_secs(30);

/// Opens the embedder and its space.
///
/// # Errors
/// [`BootError::Embedder`] says what is missing.
pub async fn open_embedder(
    pool: &PgPool,
    settings: EmbeddingSettings,
) -> Result<(Arc<dyn Embedder>, EmbeddingSpace), BootError> {
    let embedder: Arc<dyn Embedder> = match settings {
        EmbeddingSettings::Server { url, model, api_key } => {
            Arc::new(OpenAiEmbedder::connect(&url, &model, api_key.map(Into::into), EMBEDDING_TIMEOUT).await?)
        }
        EmbeddingSettings::InProcess { model_dir } => Arc::new(load_model(model_dir).await?),
        EmbeddingSettings::Unset => Arc::new(load_model(default_model_dir()).await?),
    };
    let model = embedder.model();
    let space = patiently(async || embedding::ensure_space(pool, &model.name, model.dimension).await).await?;
    Ok((embedder, space))
}

async fn load_model(dir: PathBuf) -> Result<CandleEmbedder, EmbedError> {
    tokio::task::spawn_blocking(move || CandleEmbedder::load(&dir))
        .await
        .unwrap_or_else(|_| Err(EmbedError::Invalid("loading it was interrupted".to_owned())))
}

/// Where `pedro model fetch` puts the embedding model, and where it is looked for without `EMBEDDINGS_MODEL_DIR`:
/// the data directory of the XDG base directory specification.
pub fn default_model_dir() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share")));
    data.unwrap_or_else(|| PathBuf::from("/var/lib")).join("pedro/all-minilm-l6-v2")
}
