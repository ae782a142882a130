//! The embedder: does it work, how fast, and are the stored vectors its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pedro_core::boot;
use pedro_core::embedder::{CandleEmbedder, EmbedError, Embedder, OpenAiEmbedder};
use pedro_core::service::config::EmbeddingSettings;
use pedro_core::store::{embedding, inspect};
use sqlx::PgConnection;

use super::report::Report;
use crate::output;

/// How long an embedding server may take.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn check(
    settings: EmbeddingSettings,
    connection: Option<PgConnection>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let from = match &settings {
        EmbeddingSettings::Server { .. } => "EMBEDDINGS_URL",
        EmbeddingSettings::InProcess { .. } => "EMBEDDINGS_MODEL_DIR",
        EmbeddingSettings::Unset => "the default directory",
    };
    let mend = format!("it comes from {from}; `pedro model fetch` gets the model that runs inside Pedro");
    let embedder = match open(settings).await {
        Ok(embedder) => embedder,
        Err(error) => return report.fail("embedder", error.to_string(), mend),
    };
    let began = Instant::now();
    let vector = match embedder.embed_query("what did we say about Pedro last week?").await {
        Ok(vector) => vector,
        Err(error) => return report.fail("embedder", error.to_string(), mend),
    };
    let (took, model) = (began.elapsed(), embedder.model());
    report.ok(
        "embedder",
        format!("{}, {} numbers a vector, {} ms for a query", model.name, vector.len(), took.as_millis()),
    )?;
    let Some(mut connection) = connection else { return Ok(()) };
    // Before the first migration there are no vectors, which was said already.
    let Ok(stored) = inspect::embedding_models(&mut connection).await else { return Ok(()) };
    let waiting = embedding::lag(&mut connection).await.unwrap_or(0);
    let waiting = output::count(waiting.unsigned_abs());
    match stored.iter().find(|(name, ..)| *name == model.name) {
        Some((name, dimension, _)) if usize::try_from(*dimension) != Ok(model.dimension) => {
            let told =
                format!("the stored vectors of {name} have {dimension} numbers, this embedder's {}", model.dimension);
            report.fail("embeddings", told, "two models have one name: give EMBEDDINGS_MODEL another one")
        }
        Some((_, _, lines)) => {
            let lines = output::count(lines.unsigned_abs());
            report.ok("embeddings", format!("{lines} lines have one of this model, {waiting} wait"))
        }
        None if stored.is_empty() => report.ok("embeddings", format!("none yet, {waiting} lines wait")),
        None => {
            let names: Vec<&str> = stored.iter().map(|(name, ..)| name.as_str()).collect();
            let told = format!("the stored vectors are of {}, not of {}", names.join(", "), model.name);
            report.warn(
                "embeddings",
                told,
                "the bots embed every line again in the background; if that is not meant, name the former model",
            )
        }
    }
}

async fn open(settings: EmbeddingSettings) -> Result<Arc<dyn Embedder>, EmbedError> {
    let dir = match settings {
        EmbeddingSettings::Server { url, model, api_key } => {
            return Ok(Arc::new(OpenAiEmbedder::connect(&url, &model, api_key.map(Into::into), PATIENCE).await?));
        }
        EmbeddingSettings::InProcess { model_dir } => model_dir,
        EmbeddingSettings::Unset => boot::default_model_dir(),
    };
    let loaded = tokio::task::spawn_blocking(move || CandleEmbedder::load(&dir)).await;
    Ok(Arc::new(loaded.unwrap_or_else(|_| Err(EmbedError::Invalid("loading it was interrupted".to_owned())))?))
}
