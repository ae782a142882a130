//! `pedro.stream_title`: what the stream is called, and was.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::StoreError;
use crate::chat::{ChannelId, CommunityId};

/// What is known of a stream at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamState {
    /// The title.
    pub title: String,
    /// The category; empty if there is none.
    pub category: String,
    /// Whether it is on.
    pub live: bool,
}

/// A title with the time during which it held.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StreamTitle {
    /// The channel's name.
    pub channel: String,
    /// The title.
    pub title: String,
    /// The category; empty if there is none.
    pub category: String,
    /// Whether the stream was on.
    pub live: bool,
    /// Since when.
    pub began_at: DateTime<Utc>,
    /// Until when; `None`: it still holds.
    pub ended_at: Option<DateTime<Utc>>,
}

/// Notes what a stream is now. Writes nothing if that is what is known already; otherwise the old row ends where the
/// new one begins. True if something changed. Belongs in a transaction.
///
/// # Errors
/// When a statement fails.
pub async fn observe(
    connection: &mut PgConnection,
    channel: ChannelId,
    state: &StreamState,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let ended = sqlx::query!(
        "update pedro.stream_title set ended_at = greatest($5, began_at)
         where channel_id = $1 and ended_at is null and (title, category, live) is distinct from ($2, $3, $4)",
        channel.0,
        state.title,
        state.category,
        state.live,
        at
    )
    .execute(&mut *connection)
    .await?;
    let written = sqlx::query!(
        "insert into pedro.stream_title (channel_id, title, category, live, began_at) values ($1, $2, $3, $4, $5)
         on conflict (channel_id) where ended_at is null do nothing",
        channel.0,
        state.title,
        state.category,
        state.live,
        at
    )
    .execute(connection)
    .await?;
    Ok(ended.rows_affected() + written.rows_affected() > 0)
}

/// What a channel's stream is now, as far as is known.
///
/// # Errors
/// When the statement fails.
pub async fn state(db: impl PgExecutor<'_>, channel: ChannelId) -> Result<Option<StreamState>, StoreError> {
    let state = sqlx::query_as!(
        StreamState,
        "select title, category, live from pedro.stream_title where channel_id = $1 and ended_at is null",
        channel.0
    )
    .fetch_optional(db)
    .await?;
    Ok(state)
}

/// The latest titles of a community, newest first, the current ones included.
///
/// # Errors
/// When the statement fails.
pub async fn latest(
    db: impl PgExecutor<'_>,
    community: CommunityId,
    count: i64,
) -> Result<Vec<StreamTitle>, StoreError> {
    let titles = sqlx::query_as!(
        StreamTitle,
        "select channel.name as channel, title, category, live, began_at, ended_at
         from pedro.stream_title join pedro.channel on channel.id = channel_id
         where community_id = $1 order by began_at desc, stream_title.id desc limit $2",
        community.0,
        count
    )
    .fetch_all(db)
    .await?;
    Ok(titles)
}

/// The titles that a community had between two moments, oldest first.
///
/// # Errors
/// When the statement fails.
pub async fn during(
    db: impl PgExecutor<'_>,
    community: CommunityId,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    count: i64,
) -> Result<Vec<StreamTitle>, StoreError> {
    let titles = sqlx::query_as!(
        StreamTitle,
        "select channel.name as channel, title, category, live, began_at, ended_at
         from pedro.stream_title join pedro.channel on channel.id = channel_id
         where community_id = $1 and began_at < $3 and (ended_at is null or ended_at > $2)
         order by began_at, stream_title.id limit $4",
        community.0,
        from,
        until,
        count
    )
    .fetch_all(db)
    .await?;
    Ok(titles)
}

/// The titles of a community whose title or category has words of a text: those with most of them first, of these the
/// newest.
///
/// # Errors
/// When the statement fails.
pub async fn matching(
    db: impl PgExecutor<'_>,
    community: CommunityId,
    text: &str,
    count: i64,
) -> Result<Vec<StreamTitle>, StoreError> {
    // A stream changes its title a few times at most: there are some hundred rows a year.
    let titles = sqlx::query_as!(
        StreamTitle,
        r#"with asked as (
               select tsvector_to_array(pedro.chat_words($2)) as words
           ), scored as (
               select stream_title.*, channel.name as channel, (
                   select count(*) from unnest(tsvector_to_array(pedro.chat_words(title || ' ' || category))) as word
                   where word = any(asked.words)
               ) as score
               from pedro.stream_title join pedro.channel on channel.id = channel_id, asked where community_id = $1
           )
           select channel as "channel!", title as "title!", category as "category!", live as "live!",
               began_at as "began_at!", ended_at
           from scored where score > 0 order by score desc, began_at desc, id desc limit $3"#,
        community.0,
        text,
        count
    )
    .fetch_all(db)
    .await?;
    Ok(titles)
}

/// The current title that matters in a place: that channel's own, else that of a stream of the community, live first.
///
/// # Errors
/// When the statement fails.
pub async fn current(
    db: impl PgExecutor<'_>,
    community: CommunityId,
    place: ChannelId,
) -> Result<Option<StreamTitle>, StoreError> {
    let title = sqlx::query_as!(
        StreamTitle,
        "select channel.name as channel, title, category, live, began_at, ended_at
         from pedro.stream_title join pedro.channel on channel.id = channel_id
         where community_id = $1 and ended_at is null
         order by (channel_id = $2) desc, live desc, began_at desc limit 1",
        community.0,
        place.0
    )
    .fetch_optional(db)
    .await?;
    Ok(title)
}
