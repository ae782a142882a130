//! The lines around a hit, so that it reads as a conversation.

use sqlx::PgExecutor;

use crate::chat::{AuthorId, AuthorKind, ChannelId, MessageId};
use crate::store::StoreError;
use crate::store::message::MessageRow;

/// The lines around each of some lines, with the line that they are around; itself included, oldest first: so many
/// before and after, within the hour. Lines of bots are in it: they are the thread of the talk.
///
/// # Errors
/// When the statement fails.
pub async fn windows(
    db: impl PgExecutor<'_>,
    hits: &[i64],
    around: i64,
) -> Result<Vec<(MessageId, MessageRow)>, StoreError> {
    let rows = sqlx::query!(
        r#"with hit as (select id, channel_id, sent_at from pedro.message where id = any($1)),
           shown as (
               select id as hit, id from hit
               union all
               select hit.id, line.id from hit, lateral (
                   (select id from pedro.message as m
                    where m.channel_id = hit.channel_id and (m.sent_at, m.id) < (hit.sent_at, hit.id)
                        and m.sent_at > hit.sent_at - interval '1 hour'
                    order by m.sent_at desc, m.id desc limit $2)
                   union all
                   (select id from pedro.message as m
                    where m.channel_id = hit.channel_id and (m.sent_at, m.id) > (hit.sent_at, hit.id)
                        and m.sent_at < hit.sent_at + interval '1 hour'
                    order by m.sent_at, m.id limit $2)) as line
           )
           select hit as "hit!", message.id, channel_id, author_id, display_name as author,
               author_kind as "author_kind: AuthorKind", sent_at, text
           from shown join pedro.message using (id) join pedro.author on author.id = author_id
           order by sent_at, message.id"#,
        hits,
        around
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let line = MessageRow {
                id: MessageId(row.id),
                channel_id: ChannelId(row.channel_id),
                author_id: AuthorId(row.author_id),
                author: row.author,
                author_kind: row.author_kind,
                sent_at: row.sent_at,
                text: row.text,
            };
            (MessageId(row.hit), line)
        })
        .collect())
}
