//! `pedro.web_search` and its sources: what was found on the web, for a while, and the messages that were behind it.

use std::time::Duration;

use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};

use super::StoreError;
use crate::chat::{MessageId, QuestionId};

/// A page that was found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FoundPage {
    /// Its title.
    pub title: String,
    /// Where it is: http or https.
    pub url: String,
    /// What it says about it; may be empty.
    pub snippet: String,
}

/// What a query was made from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Provenance<'a> {
    /// The question that it was made for.
    pub question: Option<QuestionId>,
    /// The messages that went into it.
    pub messages: &'a [MessageId],
}

/// What one of the providers found for a query that is not older than `age`: the first that has something.
///
/// # Errors
/// When the statement fails.
pub async fn find(
    db: impl PgExecutor<'_>,
    providers: &[String],
    query_hash: &[u8],
    age: Duration,
) -> Result<Option<Vec<FoundPage>>, StoreError> {
    let results = sqlx::query_scalar!(
        r#"select results as "results: Json<Vec<FoundPage>>" from pedro.web_search
           where query_hash = $1 and provider = any($2) and fetched_at > now() - make_interval(secs => $3)
           order by array_position($2, provider) limit 1"#,
        query_hash,
        providers,
        age.as_secs_f64()
    )
    .fetch_optional(db)
    .await?;
    Ok(results.map(|Json(pages)| pages))
}

/// Keeps what a provider found, in place of what it found before. Belongs in a transaction.
///
/// # Errors
/// [`StoreError::SourceForgotten`] if something that the query was made from is gone: then nothing may be kept.
pub async fn keep(
    connection: &mut PgConnection,
    provider: &str,
    query_hash: &[u8],
    pages: &[FoundPage],
    from: Provenance<'_>,
) -> Result<(), StoreError> {
    let messages = hold(connection, from).await?;
    let id = sqlx::query_scalar!(
        r#"insert into pedro.web_search (provider, query_hash, results, question_id) values ($1, $2, $3, $4)
           on conflict (provider, query_hash) do update
               set results = excluded.results, question_id = excluded.question_id, fetched_at = now()
           returning id"#,
        provider,
        query_hash,
        Json(pages) as _,
        from.question.map(|id| id.0)
    )
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query!(
        "with before as (
             delete from pedro.web_search_source where web_search_id = $1 and message_id <> all($2)
         )
         insert into pedro.web_search_source (web_search_id, message_id) select $1, unnest($2::bigint[])
         on conflict do nothing",
        id,
        &messages
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Holds what a query was made from until the transaction ends, and answers with the rows of its messages. First the
/// messages, then the question, then the search: whoever forgets takes them in the same order.
async fn hold(connection: &mut PgConnection, from: Provenance<'_>) -> Result<Vec<i64>, StoreError> {
    let messages: Vec<i64> = from.messages.iter().map(|id| id.0).collect();
    let there =
        sqlx::query_scalar!("select id from pedro.message where id = any($1) order by id for key share", &messages)
            .fetch_all(&mut *connection)
            .await?;
    if messages.iter().any(|message| !there.contains(message)) {
        return Err(StoreError::SourceForgotten);
    }
    if let Some(question) = from.question {
        let question = sqlx::query_scalar!("select id from pedro.question where id = $1 for key share", question.0);
        question.fetch_optional(connection).await?.ok_or(StoreError::SourceForgotten)?;
    }
    Ok(there)
}

/// Removes what is older than `age`. Returns how many searches went.
///
/// # Errors
/// When the statement fails.
pub async fn sweep(db: impl PgExecutor<'_>, age: Duration) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "delete from pedro.web_search where fetched_at <= now() - make_interval(secs => $1)",
        age.as_secs_f64()
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
