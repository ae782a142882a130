//! `pedro.generation` and its sources: every call of the model, and the messages that it was made from.

use sqlx::{PgConnection, PgExecutor};

use super::{StoreError, erase};
use crate::chat::{CommunityId, GenerationId, MessageId, Platform, QuestionId};

/// A call of the model, before it has a row.
#[derive(Debug, Clone)]
pub struct NewGeneration<'a> {
    /// Whose memory it was made from.
    pub community: CommunityId,
    /// What it answers.
    pub question: Option<QuestionId>,
    /// What for: `answer`.
    pub purpose: &'a str,
    /// Name of the model.
    pub model: &'a str,
    /// The messages put to the model; `None` where nothing may be kept.
    pub prompt: Option<serde_json::Value>,
    /// What the model wrote, as it came; `None` if nothing did, or where nothing may be kept.
    pub output: Option<&'a str>,
    /// Tokens of the prompt, by the server's count.
    pub prompt_tokens: Option<i32>,
    /// Tokens written, by the server's count.
    pub completion_tokens: Option<i32>,
    /// Milliseconds to the first token.
    pub first_token_ms: Option<i32>,
    /// Milliseconds in all.
    pub took_ms: i32,
    /// Why it failed, as the metrics name it.
    pub failure: Option<&'a str>,
    /// The messages that the prompt quotes.
    pub sources: &'a [MessageId],
}

/// Writes a generation with its provenance. Belongs in the transaction that keeps what was made from it.
///
/// # Errors
/// [`StoreError::SourceForgotten`] if one of the sources is gone: then what was made from it must go too.
pub async fn insert(connection: &mut PgConnection, new: &NewGeneration<'_>) -> Result<GenerationId, StoreError> {
    let id = sqlx::query_scalar!(
        "insert into pedro.generation (community_id, question_id, purpose, model, prompt, output, prompt_tokens,
                                       completion_tokens, first_token_ms, took_ms, failure)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id",
        new.community.0,
        new.question.map(|id| id.0),
        new.purpose,
        new.model,
        new.prompt,
        new.output.map(|text| text.replace('\0', "")),
        new.prompt_tokens,
        new.completion_tokens,
        new.first_token_ms,
        new.took_ms,
        new.failure
    )
    .fetch_one(&mut *connection)
    .await?;
    let sources: Vec<i64> = new.sources.iter().map(|id| id.0).collect();
    let written = sqlx::query!(
        "insert into pedro.generation_source (generation_id, message_id)
         select $1, id from pedro.message where id = any($2) for key share",
        id,
        &sources
    )
    .execute(connection)
    .await?;
    if written.rows_affected() < sources.len() as u64 {
        return Err(StoreError::SourceForgotten);
    }
    Ok(GenerationId(id))
}

/// What was written for a question from this very prompt, if it is there still: a process that takes over does not make it
/// again.
///
/// # Errors
/// When the statement fails.
pub async fn output_of(
    db: impl PgExecutor<'_>,
    question: QuestionId,
    purpose: &str,
    prompt: &serde_json::Value,
) -> Result<Option<String>, StoreError> {
    let output = sqlx::query_scalar!(
        "select output from pedro.generation
         where question_id = $1 and purpose = $2 and prompt = $3 and failure is null order by id desc limit 1",
        question.0,
        purpose,
        prompt
    )
    .fetch_optional(db)
    .await?;
    Ok(output.flatten())
}

/// The last answer that was made for a question: the recap that it was given, or its own.
///
/// # Errors
/// When the statement fails.
pub async fn of_question(db: impl PgExecutor<'_>, question: QuestionId) -> Result<Option<GenerationId>, StoreError> {
    let id = sqlx::query_scalar!(
        r#"select coalesce(
               (select recap.generation_id from pedro.recap join pedro.question on recap_id = recap.id
                where question.id = $1),
               (select max(id) from pedro.generation
                where question_id = $1 and purpose in ('answer', 'recap') and failure is null)) as "id: i64""#,
        question.0
    )
    .fetch_optional(db)
    .await?;
    Ok(id.flatten().map(GenerationId))
}

/// Whether what a generation wrote is still there: not emptied because something it was made from was forgotten.
/// Locks the row against that until the transaction ends.
///
/// # Errors
/// When the statement fails.
pub async fn is_whole(connection: &mut PgConnection, id: GenerationId) -> Result<bool, StoreError> {
    let output = sqlx::query_scalar!("select output from pedro.generation where id = $1 for share", id.0)
        .fetch_optional(connection)
        .await?;
    Ok(output.flatten().is_some())
}

/// An answer that was said, and who asked for it.
#[derive(Debug, Clone)]
pub struct Said {
    /// The generation that it says.
    pub generation: GenerationId,
    /// Keyed hash of who asked.
    pub asker_hash: Vec<u8>,
}

/// What one of Pedro's lines says an answer of; `None` if it is none.
///
/// # Errors
/// When the statement fails.
pub async fn said_by(
    db: impl PgExecutor<'_>,
    platform: Platform,
    platform_message_id: &str,
) -> Result<Option<Said>, StoreError> {
    let said = sqlx::query_as!(
        Said,
        r#"select generation.id as generation, asker_hash
           from pedro.message join pedro.generation on generation.id = generation_id
           join pedro.question on question.id = question_id
           where message.platform = $1 and message.platform_message_id = $2 and author_kind = 'pedro'"#,
        platform as Platform,
        platform_message_id
    );
    Ok(said.fetch_optional(db).await?)
}

/// Takes an answer back: its lines leave memory, the lines that it was made from count less. Returns the platform's ids
/// of its lines, in order; empty if it was taken back already.
///
/// # Errors
/// When a statement fails.
pub async fn withdraw(connection: &mut PgConnection, id: GenerationId) -> Result<Vec<String>, StoreError> {
    let done =
        sqlx::query!("update pedro.generation set withdrawn_at = now() where id = $1 and withdrawn_at is null", id.0)
            .execute(&mut *connection)
            .await?;
    if done.rows_affected() == 0 {
        return Ok(Vec::new());
    }
    sqlx::query!(
        "update pedro.message set doubt = doubt + 1
         where id in (select message_id from pedro.generation_source where generation_id = $1)
             -- a recap is made from hundreds of lines: none of them is to blame
             and exists (select from pedro.generation where id = $1 and purpose = 'answer')",
        id.0
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("delete from pedro.recap where generation_id = $1", id.0).execute(&mut *connection).await?;
    let lines =
        sqlx::query!("select id, platform_message_id from pedro.message where generation_id = $1 order by id", id.0)
            .fetch_all(&mut *connection)
            .await?;
    let rows: Vec<MessageId> = lines.iter().map(|line| MessageId(line.id)).collect();
    erase::messages(connection, &rows).await?;
    Ok(lines.into_iter().map(|line| line.platform_message_id).collect())
}
