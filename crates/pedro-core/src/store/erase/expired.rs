//! What is older than a channel keeps it, a batch at a time.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{messages, questions};
use crate::chat::{ChannelId, MessageId};
use crate::store::StoreError;

/// What one batch erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expired {
    /// Lines, with the answers that were made from them.
    pub lines: u64,
    /// Questions whose lines were gone or never were: a slash command has none.
    pub questions: u64,
    /// Games of twenty questions.
    pub games: u64,
}

impl Expired {
    /// Whether there was nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            lines: self.lines + other.lines,
            questions: self.questions + other.questions,
            games: self.games + other.games,
        }
    }
}

/// Erases up to `count` of the oldest lines of a channel that are older than `before`, as if each had been forgotten; when
/// there is none, questions and games that are over. Empty when nothing is left. Belongs in a transaction.
///
/// # Errors
/// When a statement fails.
pub async fn expired(
    connection: &mut PgConnection,
    channel: ChannelId,
    before: DateTime<Utc>,
    count: i64,
) -> Result<Expired, StoreError> {
    let old = sqlx::query_scalar!(
        "select id from pedro.message where channel_id = $1 and sent_at < $2 order by sent_at, id limit $3",
        channel.0,
        before,
        count
    )
    .fetch_all(&mut *connection)
    .await?;
    if !old.is_empty() {
        let old: Vec<MessageId> = old.into_iter().map(MessageId).collect();
        return Ok(Expired { lines: messages(connection, &old).await?.lines, ..Expired::default() });
    }
    let asked = over(connection, channel, before, count).await?;
    if !asked.is_empty() {
        // What was answered just before the border was said after it.
        let said = sqlx::query_scalar!(
            "select message.id from pedro.message join pedro.generation on generation.id = generation_id
             where question_id = any($1)",
            &asked
        )
        .fetch_all(&mut *connection)
        .await?;
        let said: Vec<MessageId> = said.into_iter().map(MessageId).collect();
        let lines = messages(connection, &said).await?.lines;
        questions(connection, &asked).await?;
        return Ok(Expired { lines, questions: asked.len() as u64, games: 0 });
    }
    let played = sqlx::query!(
        "delete from pedro.game where id in (
             select id from pedro.game
             where channel_id = $1 and finished_at < $2 and status in ('won', 'lost', 'abandoned') limit $3
         )",
        channel.0,
        before,
        count
    )
    .execute(connection)
    .await?;
    Ok(Expired { games: played.rows_affected(), ..Expired::default() })
}

async fn over(
    connection: &mut PgConnection,
    channel: ChannelId,
    before: DateTime<Utc>,
    count: i64,
) -> Result<Vec<i64>, StoreError> {
    let asked = sqlx::query_scalar!(
        "select id from pedro.question
         where channel_id = $1 and asked_at < $2 and status not in ('queued', 'working', 'sending')
         order by id limit $3",
        channel.0,
        before,
        count
    );
    Ok(asked.fetch_all(connection).await?)
}
