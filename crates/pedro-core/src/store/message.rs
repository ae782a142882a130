//! `pedro.message` and `pedro.author`: every line that was said, once.

mod insert;

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

pub use insert::{NewLine, insert_lines};

use super::StoreError;
use crate::chat::{AuthorId, AuthorKind, ChannelId, CommunityId, MessageId, Platform};

/// A line as it is read back.
#[derive(Debug, Clone)]
pub struct MessageRow {
    /// Row id.
    pub id: MessageId,
    /// Where it was written.
    pub channel_id: ChannelId,
    /// Who wrote it.
    pub author_id: AuthorId,
    /// The author's name as people see it.
    pub author: String,
    /// What kind of account wrote it.
    pub author_kind: AuthorKind,
    /// When it was written.
    pub sent_at: DateTime<Utc>,
    /// What it says.
    pub text: String,
}

/// Changes what a stored line says; its embedding is made anew. False if it is not stored, or says that already.
///
/// # Errors
/// When the statement fails.
pub async fn edit(
    db: impl PgExecutor<'_>,
    platform: Platform,
    platform_message_id: &str,
    text: &str,
) -> Result<bool, StoreError> {
    let changed = sqlx::query!(
        "with changed as (
             update pedro.message set text = $3
             where platform = $1 and platform_message_id = $2 and text <> $3 returning id
         ), stale as (
             delete from pedro.message_embedding where message_id in (select id from changed)
         ), emptied as (
             -- what it said before is gone from what the model read and wrote, too
             update pedro.generation set prompt = null, output = null
             where id in (select generation_id from pedro.generation_source join changed on changed.id = message_id)
         ), searched as (
             delete from pedro.web_search
             where id in (select web_search_id from pedro.web_search_source join changed on changed.id = message_id)
         ), retold as (
             delete from pedro.recap
             where id in (select recap_id from pedro.recap_source join changed on changed.id = message_id)
         )
         insert into pedro.message_unembedded (message_id) select id from changed
         on conflict (message_id) do update set taken_until = null",
        platform as Platform,
        platform_message_id,
        storable(text)
    )
    .execute(db)
    .await?;
    Ok(changed.rows_affected() > 0)
}

/// One line of a person, as they are given it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct OwnLine {
    /// Where it was written.
    pub channel: String,
    /// When.
    pub sent_at: DateTime<Utc>,
    /// What it says.
    pub text: String,
}

/// Everything that a person wrote and that is stored, oldest first.
///
/// # Errors
/// When the statement fails.
pub async fn of_person(
    db: impl PgExecutor<'_>,
    platform: Platform,
    platform_user_id: &str,
) -> Result<Vec<OwnLine>, StoreError> {
    let lines = sqlx::query_as!(
        OwnLine,
        "select channel.name as channel, sent_at, text
         from pedro.message join pedro.author on author.id = author_id join pedro.channel on channel.id = channel_id
         where author.platform = $1 and author.platform_user_id = $2 order by sent_at, message.id",
        platform as Platform,
        platform_user_id
    )
    .fetch_all(db)
    .await?;
    Ok(lines)
}

/// PostgreSQL's text holds no NUL.
fn storable(text: &str) -> String {
    text.replace('\0', "")
}

/// The row of a line, if it is stored.
///
/// # Errors
/// When the statement fails.
pub async fn find(
    db: impl PgExecutor<'_>,
    platform: Platform,
    platform_message_id: &str,
) -> Result<Option<MessageId>, StoreError> {
    let id = sqlx::query_scalar!(
        "select id from pedro.message where platform = $1 and platform_message_id = $2",
        platform as Platform,
        platform_message_id
    )
    .fetch_optional(db)
    .await?;
    Ok(id.map(MessageId))
}

/// The last lines of a channel since a moment, oldest first; of those before a line, if one is given.
///
/// # Errors
/// When the statement fails.
pub async fn latest(
    db: impl PgExecutor<'_>,
    channel: ChannelId,
    since: DateTime<Utc>,
    before: Option<MessageId>,
    count: i64,
) -> Result<Vec<MessageRow>, StoreError> {
    let mut rows = sqlx::query_as!(
        MessageRow,
        r#"select message.id, channel_id, author_id, author.display_name as author,
               author_kind as "author_kind: AuthorKind", sent_at, text
           from pedro.message join pedro.author on author.id = author_id
           where channel_id = $1 and sent_at >= $2 and ($3::bigint is null or message.id < $3)
           order by sent_at desc, message.id desc limit $4"#,
        channel.0,
        since,
        before.map(|id| id.0),
        count
    )
    .fetch_all(db)
    .await?;
    rows.reverse();
    Ok(rows)
}

/// A line as the platform can still show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The platform's id of it.
    pub platform_message_id: String,
    /// The platform's id of who wrote it.
    pub platform_user_id: String,
    /// What it says.
    pub text: String,
}

/// The latest lines of others than Pedro in a channel from one moment to another, the newest first. What was put by a
/// command is no line on the platform and left out.
///
/// # Errors
/// When the statement fails.
pub async fn recorded(
    db: impl PgExecutor<'_>,
    channel: ChannelId,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    count: i64,
) -> Result<Vec<Recorded>, StoreError> {
    let lines = sqlx::query_as!(
        Recorded,
        "select platform_message_id, platform_user_id, text
         from pedro.message join pedro.author on author.id = author_id
         where channel_id = $1 and author_kind <> 'pedro' and sent_at between $2 and $3 and not exists (
             select from pedro.question
             where question.platform = message.platform
                 and question.platform_message_id = message.platform_message_id
                 and reply_target ->> 'is_line' = 'false'
         )
         order by sent_at desc, message.id desc limit $4",
        channel.0,
        from,
        until,
        count
    );
    Ok(lines.fetch_all(db).await?)
}

/// What a community remembers, in numbers.
#[derive(Debug, Clone, serde::Serialize)]
pub struct MemoryStats {
    /// Lines stored.
    pub messages: i64,
    /// People, and bots, who wrote them.
    pub authors: i64,
    /// Lines that wait for an embedding.
    pub unembedded: i64,
    /// When the first line was written.
    pub first: Option<DateTime<Utc>>,
    /// When the last line was written.
    pub last: Option<DateTime<Utc>>,
}

/// Counts what a community remembers.
///
/// # Errors
/// When the statement fails.
pub async fn stats(db: impl PgExecutor<'_>, community: CommunityId) -> Result<MemoryStats, StoreError> {
    let stats = sqlx::query_as!(
        MemoryStats,
        r#"select count(*) as "messages!", count(distinct author_id) as "authors!",
               count(message_unembedded.message_id) as "unembedded!", min(sent_at) as first, max(sent_at) as last
           from pedro.message join pedro.channel on channel.id = channel_id
           left join pedro.message_unembedded on message_unembedded.message_id = message.id
           where community_id = $1"#,
        community.0
    )
    .fetch_one(db)
    .await?;
    Ok(stats)
}

/// How many of these platform ids are stored already.
///
/// # Errors
/// When the statement fails.
pub async fn count_known(db: impl PgExecutor<'_>, platform: Platform, ids: &[String]) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from pedro.message where platform = $1 and platform_message_id = any($2)"#,
        platform as Platform,
        ids
    )
    .fetch_one(db)
    .await?;
    Ok(count)
}

/// Brings the statistics of the lines up to date: how rare words are is read from them. PostgreSQL does so by itself,
/// but not at once after an import.
///
/// # Errors
/// When the statement fails.
pub async fn analyze(db: impl PgExecutor<'_>) -> Result<(), StoreError> {
    sqlx::query("analyze pedro.message").execute(db).await?;
    Ok(())
}
