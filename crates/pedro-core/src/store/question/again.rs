//! Questions that people come back to: stopped, or put again.

use sqlx::PgExecutor;

use super::Waiting;
use crate::chat::{ChannelId, QuestionId};
use crate::store::StoreError;

/// Who asked a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Keyed hash of the asker's user id.
    pub asker_hash: Vec<u8>,
}

/// Who asked a question that was put in a channel or is answered there; `None` if there is none.
///
/// # Errors
/// When the statement fails.
pub async fn standing(
    db: impl PgExecutor<'_>,
    id: QuestionId,
    channel: ChannelId,
) -> Result<Option<Standing>, StoreError> {
    let standing = sqlx::query_as!(
        Standing,
        "select asker_hash from pedro.question where id = $1 and (channel_id = $2 or asked_in = $2)",
        id.0,
        channel.0
    );
    Ok(standing.fetch_optional(db).await?)
}

/// Whether a question is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planning {
    /// There is a plan for it.
    pub is_planned: bool,
    /// Questions may be planned where it was put and where it is answered.
    pub is_agentic: bool,
}

/// Whether a question is planned, and whether it may be.
///
/// # Errors
/// When the statement fails.
pub async fn planning(db: impl PgExecutor<'_>, id: QuestionId) -> Result<Planning, StoreError> {
    let planning = sqlx::query_as!(
        Planning,
        r#"select exists (select from pedro.plan where question_id = $1) as "is_planned!",
               coalesce(bool_and(agentic), true) as "is_agentic!"
           from pedro.channel where id in (select unnest(array[channel_id, asked_in]) from pedro.question where id = $1)"#,
        id.0
    );
    Ok(planning.fetch_one(db).await?)
}

/// Cancels an open question; what runs notices by its lost lease. `None` if it is not open.
///
/// # Errors
/// When the statement fails.
pub async fn cancel(db: impl PgExecutor<'_>, id: QuestionId) -> Result<Option<Waiting>, StoreError> {
    let waiting = sqlx::query_as!(
        Waiting,
        "update pedro.question set status = 'cancelled', finished_at = now(), lease_owner = null, lease_until = null
         where id = $1 and status in ('queued', 'working', 'sending')
         returning id, channel_id, reply_target, ephemeral, shown_message_id, round",
        id.0
    );
    Ok(waiting.fetch_optional(db).await?)
}

/// The last question in a channel that came to its end: of one person, or of anybody. One that nobody put to Pedro, and
/// that it said nothing to, is none to anybody.
///
/// # Errors
/// When the statement fails.
pub async fn last_ended(
    db: impl PgExecutor<'_>,
    channel: ChannelId,
    asker_hash: &[u8],
    of_anybody: bool,
) -> Result<Option<QuestionId>, StoreError> {
    let id = sqlx::query_scalar!(
        r#"select id as "id: QuestionId" from pedro.question
           where channel_id = $1 and ($3 or asker_hash = $2) and status not in ('queued', 'working', 'sending')
               and (origin = 'addressed' or status = 'answered')
           order by finished_at desc nulls last, id desc limit 1"#,
        channel.0,
        asker_hash,
        of_anybody
    );
    Ok(id.fetch_optional(db).await?)
}

/// Notes that the asker was told that it takes longer.
///
/// # Errors
/// When the statement fails.
pub async fn note_acknowledged(db: impl PgExecutor<'_>, id: QuestionId) -> Result<(), StoreError> {
    sqlx::query!("update pedro.question set acknowledged_at = coalesce(acknowledged_at, now()) where id = $1", id.0)
        .execute(db)
        .await?;
    Ok(())
}
