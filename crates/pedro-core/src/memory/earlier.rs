//! Earlier questions like one at hand, with their answers and plans.

use pgvector::HalfVector;

use super::Retriever;
use crate::places::Place;
use crate::store::plan::{self, Example};
use crate::store::question::Question;
use crate::store::{StoreError, channel};

/// What is less like it than this is no example: between two questions on one topic all-MiniLM-L6-v2 gives 0.5 and more,
/// between strangers less than 0.3.
const LIKE: f64 = 0.45;

impl Retriever {
    /// The answered questions most like `question` that everybody who can read `place` could read; with `planned` only
    /// those that had a plan. Without its embedder none.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn earlier(
        &self,
        question: &Question,
        place: &Place,
        planned: bool,
        count: i64,
    ) -> Result<Vec<Example>, StoreError> {
        let Ok(vector) = self.embedder.embed_query(&question.text).await else { return Ok(Vec::new()) };
        let vector = HalfVector::from_f32_slice(&vector);
        let channels = channel::readable_from(&self.pool, place.home.id, Some(place.id)).await?;
        let mut found = plan::similar(&self.pool, &channels, self.space, &vector, question.id, planned, count).await?;
        found.retain(|example| example.similarity >= LIKE);
        Ok(found)
    }
}
