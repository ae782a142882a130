//! The message on which people see how a question fares.

use sqlx::PgExecutor;

use crate::chat::QuestionId;
use crate::store::StoreError;

/// What is shown of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The platform's id of the message that shows it.
    pub platform_message_id: Option<String>,
    /// The digest of what it says.
    pub digest: Option<Vec<u8>>,
    /// Whether it still waits for its answer.
    pub is_open: bool,
}

/// What is shown of a question; `None` if it is gone.
///
/// # Errors
/// When the statement fails.
pub async fn shown(db: impl PgExecutor<'_>, id: QuestionId) -> Result<Option<Shown>, StoreError> {
    let shown = sqlx::query_as!(
        Shown,
        r#"select shown_message_id as platform_message_id, shown_digest as digest, status in ('queued', 'working', 'sending') as "is_open!"
           from pedro.question where id = $1"#,
        id.0
    );
    Ok(shown.fetch_optional(db).await?)
}

/// Notes the message that shows a question, and what it says.
///
/// # Errors
/// When the statement fails.
pub async fn note_shown(
    db: impl PgExecutor<'_>,
    id: QuestionId,
    platform_message_id: &str,
    digest: &[u8],
) -> Result<(), StoreError> {
    sqlx::query!(
        "update pedro.question set shown_message_id = $2, shown_digest = $3 where id = $1",
        id.0,
        platform_message_id,
        digest
    )
    .execute(db)
    .await?;
    Ok(())
}
