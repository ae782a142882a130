//! What people still see of what is about to be erased.

use sqlx::PgConnection;

use super::Seen;
use crate::chat::{ChannelId, Platform};
use crate::store::StoreError;

/// Those of some lines that Pedro said.
pub(super) async fn said(connection: &mut PgConnection, ids: &[i64]) -> Result<Vec<(ChannelId, String)>, StoreError> {
    let rows = sqlx::query!(
        "select channel_id, platform_message_id from pedro.message where id = any($1) and author_kind = 'pedro'",
        ids
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (ChannelId(row.channel_id), row.platform_message_id)).collect())
}

/// A person's questions, and what is seen of these and of their games beside answers: on Discord the message above a
/// thread, which has the thread's id, the thread's name, and the question of a game that waits.
pub(super) async fn of_person(
    connection: &mut PgConnection,
    platform: Platform,
    person_hash: &[u8],
) -> Result<(Vec<i64>, Seen), StoreError> {
    let questions = sqlx::query!(
        r#"select question.id, channel_id, coalesce(asked_in, channel_id) as "asked_in!", platform_channel_id
         from pedro.question join pedro.channel on channel.id = channel_id where asker_hash = $1"#,
        person_hash
    )
    .fetch_all(&mut *connection)
    .await?;
    let games = sqlx::query!(
        "select channel_id, begun_in, platform_channel_id,
             (select shown_message_id from pedro.game_turn
              where game_id = game.id and not closed order by number desc limit 1) as waits
         from pedro.game join pedro.channel on channel.id = channel_id where player_hash = $1",
        person_hash
    )
    .fetch_all(connection)
    .await?;
    let mut seen = Seen::default();
    if platform == Platform::Discord {
        let opened = questions.iter().map(|row| (row.channel_id, row.asked_in, &row.platform_channel_id));
        let opened = opened.chain(games.iter().map(|row| (row.channel_id, row.begun_in, &row.platform_channel_id)));
        for (thread, above, id) in opened.filter(|(thread, above, _)| thread != above) {
            seen.threads.push(ChannelId(thread));
            seen.said.push((ChannelId(above), id.clone()));
        }
    }
    let waits = games.iter().filter_map(|row| Some((ChannelId(row.channel_id), row.waits.clone()?)));
    seen.said.extend(waits);
    Ok((questions.iter().map(|row| row.id).collect(), seen))
}

/// Puts what was said last first, and everything in once. The ids of platforms grow.
pub(super) fn latest_first(said: &mut Vec<(ChannelId, String)>) {
    said.sort_by(|one, other| (other.1.len(), &other.1).cmp(&(one.1.len(), &one.1)));
    said.dedup();
}
