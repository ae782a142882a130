//! What somebody points at by a reply: a line, or one of the lines that an answer was said in.

use sqlx::PgConnection;

use super::{Erased, Seen, messages, questions};
use crate::chat::{ChannelId, MessageId, Platform};
use crate::store::StoreError;

/// Removes a line of a channel with everything that was made from it. If it says an answer of Pedro's, all lines go that
/// say it, what the model read and wrote for it, and the answer at the question, which itself stays: somebody else wrote
/// it. Nothing is erased if the line is not of this channel. Belongs in a transaction.
///
/// # Errors
/// When a statement fails.
pub async fn pointed_at(
    connection: &mut PgConnection,
    channel: ChannelId,
    platform: Platform,
    platform_message_id: &str,
) -> Result<Erased, StoreError> {
    let line = sqlx::query!(
        "select id, generation_id from pedro.message
         where channel_id = $1 and platform = $2 and platform_message_id = $3",
        channel.0,
        platform as Platform,
        platform_message_id
    )
    .fetch_optional(&mut *connection)
    .await?;
    match line {
        Some(line) => match line.generation_id {
            Some(generation) => answer(connection, generation).await,
            None => messages(connection, &[MessageId(line.id)]).await,
        },
        None => unstored(connection, channel, platform, platform_message_id).await,
    }
}

async fn answer(connection: &mut PgConnection, generation: i64) -> Result<Erased, StoreError> {
    // The row's answer is that of the last round. One that is being said is not said to its end, and gets no more lines.
    sqlx::query!(
        "with emptied as (
             update pedro.generation set prompt = null, output = null where id = $1 returning id, question_id
         )
         update pedro.question set answer = null,
             finished_at = case when status = 'sending' then now() else finished_at end,
             lease_owner = case when status = 'sending' then null else lease_owner end,
             lease_until = case when status = 'sending' then null else lease_until end,
             status = case when status = 'sending' then 'cancelled' else status end
         from emptied
         where question.id = emptied.question_id and emptied.id = (
             select max(id) from pedro.generation
             where question_id = question.id and purpose = 'answer' and failure is null
         )",
        generation
    )
    .execute(&mut *connection)
    .await?;
    let lines = sqlx::query_scalar!("select id from pedro.message where generation_id = $1", generation)
        .fetch_all(&mut *connection)
        .await?;
    messages(connection, &lines.into_iter().map(MessageId).collect::<Vec<_>>()).await
}

/// The line of somebody who opted out of storage is not there, but while it is being answered its question is.
async fn unstored(
    connection: &mut PgConnection,
    channel: ChannelId,
    platform: Platform,
    platform_message_id: &str,
) -> Result<Erased, StoreError> {
    let asked = sqlx::query_scalar!(
        "select id from pedro.question
         where platform = $2 and platform_message_id = $3 and (channel_id = $1 or asked_in = $1)",
        channel.0,
        platform as Platform,
        platform_message_id
    )
    .fetch_all(&mut *connection)
    .await?;
    let open = questions(connection, &asked).await?;
    Ok(Erased { lines: asked.len() as u64, seen: Seen { open, ..Seen::default() } })
}
