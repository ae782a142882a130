//! Trained prompts at run time: the file is followed, examples get their embeddings, lines are matched.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use pgvector::HalfVector;
use sqlx::PgPool;

use super::prompt_file;
use crate::chat::CommunityId;
use crate::embedder::Embedder;
use crate::memory::EmbedWaitingError;
use crate::service::config::TrainedPromptFile;
use crate::store::StoreError;
use crate::store::embedding::EmbeddingSpace;
use crate::store::trained_prompt::{self, Fit};

/// What a line's meaning counts for, beside the words that it shares.
const MEANING: f64 = 0.8;

/// A line with this score or more is taken for the trained prompt. Measured with all-MiniLM-L6-v2 and the shipped file: see
/// the test below.
pub const THRESHOLD: f64 = 0.66;

/// Trained prompts that are looked at for one line.
const NEAREST: i64 = 5;

/// Examples embedded at once.
const BATCH: i64 = 64;

/// A line beside a trained prompt.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Match {
    /// How well it fits.
    #[serde(flatten)]
    pub fit: Fit,
    /// All together, 0 to 1.
    pub score: f64,
    /// The line is taken for it.
    pub matches: bool,
}

impl Match {
    fn new(fit: Fit) -> Self {
        let score = MEANING * fit.similarity.clamp(0.0, 1.0) + (1.0 - MEANING) * fit.shared;
        Self { matches: fit.has_word && score >= THRESHOLD, score, fit }
    }
}

/// When a file was changed, and how long it is.
type Stamp = Option<(SystemTime, u64)>;

/// The trained prompts of all communities.
pub struct TrainedPrompts {
    pool: PgPool,
    embedder: Arc<dyn Embedder>,
    space: EmbeddingSpace,
    /// The files as they were when they were last looked at. Held for look-ups only.
    followed: Mutex<HashMap<CommunityId, Stamp>>,
}

impl TrainedPrompts {
    /// In one embedding space; the embedder must be of the space's model.
    pub fn new(pool: PgPool, embedder: Arc<dyn Embedder>, space: EmbeddingSpace) -> Self {
        Self { pool, embedder, space, followed: Mutex::default() }
    }

    /// The space that lines are matched in.
    pub fn space(&self) -> EmbeddingSpace {
        self.space
    }

    /// Makes a community's trained prompts what its file says, if that changed. Without a file there are none of a file. A
    /// file that is wrong is told once and changes nothing. How many there are; `None` if nothing was to do.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn follow(
        &self,
        community: CommunityId,
        file: Option<&TrainedPromptFile>,
    ) -> Result<Option<usize>, StoreError> {
        let stamp = match file {
            Some(TrainedPromptFile::File(path)) => stamp(path),
            Some(TrainedPromptFile::SoyPeteTech) | None => None,
        };
        if self.followed.lock().unwrap_or_else(PoisonError::into_inner).get(&community) == Some(&stamp) {
            return Ok(None);
        }
        let read = match file.map(prompt_file::read) {
            None => Some(Vec::new()),
            Some(Ok(prompts)) => Some(prompts),
            Some(Err(error)) => {
                tracing::warn!(%error, "the file of trained prompts is wrong, and those that are known stay");
                None
            }
        };
        if let Some(prompts) = &read {
            let mut transaction = self.pool.begin().await?;
            trained_prompt::follow_file(&mut transaction, community, prompts).await?;
            transaction.commit().await?;
        }
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).insert(community, stamp);
        Ok(read.map(|prompts| prompts.len()))
    }

    /// Embeds all examples that have no embedding in this space: new ones, and after a change of model all. How many.
    ///
    /// # Errors
    /// When the database or the embedder fails.
    pub async fn embed_new(&self) -> Result<usize, EmbedWaitingError> {
        let mut done = 0;
        loop {
            let waiting = trained_prompt::unembedded(&self.pool, self.space, BATCH).await?;
            if waiting.is_empty() {
                return Ok(done);
            }
            let (ids, texts): (Vec<i64>, Vec<String>) = waiting.into_iter().unzip();
            let vectors = self.embedder.embed(&texts).await?;
            let vectors: Vec<HalfVector> = vectors.iter().map(|vector| HalfVector::from_f32_slice(vector)).collect();
            trained_prompt::put_embeddings(&self.pool, self.space, &ids, &vectors).await?;
            done += ids.len();
        }
    }

    /// The trained prompts that are nearest to a line, with its vector, best first.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn near(
        &self,
        community: CommunityId,
        line: &str,
        vector: &HalfVector,
    ) -> Result<Vec<Match>, StoreError> {
        let fits = trained_prompt::fits(&self.pool, community, self.space, line, vector, NEAREST).await?;
        let mut matches: Vec<Match> = fits.into_iter().map(Match::new).collect();
        matches.sort_by(|a, b| b.score.total_cmp(&a.score));
        Ok(matches)
    }

    /// As [`Self::near`], for a text that has no vector yet. Without its embedder none.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn near_text(&self, community: CommunityId, text: &str) -> Result<Vec<Match>, StoreError> {
        if !trained_prompt::are_there(&self.pool, community).await? {
            return Ok(Vec::new());
        }
        match self.embedder.embed_query(text).await {
            Ok(vector) => self.near(community, text, &HalfVector::from_f32_slice(&vector)).await,
            Err(error) => {
                tracing::warn!(%error, "the embedder failed: trained prompts are not looked at");
                Ok(Vec::new())
            }
        }
    }
}

/// A file that cannot be looked at is like one that was never changed: it is told when it is read.
fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

#[cfg(test)]
mod tests;
