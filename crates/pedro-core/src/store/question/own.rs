//! A person's questions as they are given them.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use crate::store::StoreError;

/// One question of a person.
#[derive(Debug, Clone, serde::Serialize)]
pub struct OwnQuestion {
    /// Where it was answered.
    pub channel: String,
    /// When it was asked.
    pub asked_at: DateTime<Utc>,
    /// What was asked.
    pub question: String,
    /// What Pedro made of it.
    pub answer: Option<String>,
}

/// Everything that a person asked and that is stored, oldest first.
///
/// # Errors
/// When the statement fails.
pub async fn of_person(db: impl PgExecutor<'_>, asker_hash: &[u8]) -> Result<Vec<OwnQuestion>, StoreError> {
    let questions = sqlx::query_as!(
        OwnQuestion,
        "select channel.name as channel, asked_at, text as question, answer
         from pedro.question join pedro.channel on channel.id = channel_id where asker_hash = $1 order by question.id",
        asker_hash
    );
    Ok(questions.fetch_all(db).await?)
}
