//! Questions that nobody put to Pedro: lines that were taken for a trained prompt, and questions to the room.

use std::time::Duration;

use sqlx::{PgConnection, PgExecutor};

use super::Reach;
use crate::chat::{ChannelId, Platform, QuestionId, TrainedPromptId};
use crate::store::StoreError;

/// What made a line a question to Pedro. Stored as its lower-case name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Origin {
    /// It was put to Pedro: somebody waits for an answer.
    Addressed,
    /// It was taken for a trained prompt.
    Trained,
    /// It was put to the room, and Pedro knows something of it.
    Overheard,
}

impl Origin {
    /// Whether nobody put it to Pedro. Then nobody is told anything but the answer.
    pub fn is_unasked(self) -> bool {
        self != Self::Addressed
    }
}

/// Says that a question that was just accepted was not put to Pedro. Belongs in the transaction that accepts it.
///
/// # Errors
/// When the statement fails.
pub async fn note_unasked(
    connection: &mut PgConnection,
    id: QuestionId,
    prompt: Option<TrainedPromptId>,
) -> Result<(), StoreError> {
    let origin = if prompt.is_some() { Origin::Trained } else { Origin::Overheard };
    sqlx::query!(
        "update pedro.question set origin = $2, trained_prompt_id = $3 where id = $1",
        id.0,
        origin as Origin,
        prompt.map(|id| id.0)
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether a question to the room may be answered in a channel, to this person: not if one was within the last
/// `of_channel` there, or one of theirs within the last `of_person`. Until the transaction ends nobody else is told so.
///
/// # Errors
/// When a statement fails.
pub async fn may_overhear(
    connection: &mut PgConnection,
    channel: ChannelId,
    asker_hash: &[u8],
    of_channel: Duration,
    of_person: Duration,
) -> Result<bool, StoreError> {
    sqlx::query!("select pg_advisory_xact_lock(hashtext('pedro.question.overheard'))")
        .execute(&mut *connection)
        .await?;
    let may = sqlx::query_scalar!(
        r#"select not exists (
               select from pedro.question where origin = 'overheard'
                   and ((channel_id = $1 and asked_at > now() - make_interval(secs => $3))
                       or (asker_hash = $2 and asked_at > now() - make_interval(secs => $4)))
           ) as "may!""#,
        channel.0,
        asker_hash,
        of_channel.as_secs_f64(),
        of_person.as_secs_f64()
    );
    Ok(may.fetch_one(connection).await?)
}

/// Ends the questions that nobody put to Pedro and nobody began within `limit`: nobody waits for them.
///
/// # Errors
/// When the statement fails.
pub async fn drop_unbegun(db: impl PgExecutor<'_>, reach: &Reach, limit: Duration) -> Result<(), StoreError> {
    sqlx::query!(
        "update pedro.question set status = 'expired', finished_at = now()
         where (platform = $1 or channel_id = any($2)) and origin <> 'addressed' and status = 'queued'
             and answer is null and asked_at < now() - make_interval(secs => $3)",
        reach.everywhere as Option<Platform>,
        &reach.channels,
        limit.as_secs_f64()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether nobody put a question to Pedro. False if it is gone.
///
/// # Errors
/// When the statement fails.
pub async fn is_unasked(db: impl PgExecutor<'_>, id: QuestionId) -> Result<bool, StoreError> {
    let unasked =
        sqlx::query_scalar!(r#"select origin <> 'addressed' as "unasked!" from pedro.question where id = $1"#, id.0);
    Ok(unasked.fetch_optional(db).await?.unwrap_or(false))
}
