//! Counting what was said. Only people's lines count, and only those of the channels that are asked for.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgExecutor;

use super::StoreError;
use crate::chat::{ChannelId, MessageId, Platform};

/// Which lines are counted.
#[derive(Debug, Clone)]
pub struct Extent {
    channels: Vec<i64>,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

impl Extent {
    /// All lines of these channels.
    pub fn of(channels: &[ChannelId]) -> Self {
        Self { channels: channels.iter().map(|id| id.0).collect(), from: None, until: None }
    }

    /// Only those from a moment on and before another.
    pub fn within(self, from: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        Self { from: Some(from), until: Some(until), ..self }
    }
}

/// How much was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Lines.
    pub lines: i64,
    /// People who wrote them.
    pub people: i64,
    /// When the first was written.
    pub first: Option<DateTime<Utc>>,
    /// When the last was written.
    pub last: Option<DateTime<Utc>>,
}

/// Counts lines and people.
///
/// # Errors
/// When the statement fails.
pub async fn totals(db: impl PgExecutor<'_>, extent: &Extent) -> Result<Totals, StoreError> {
    let totals = sqlx::query_as!(
        Totals,
        r#"select count(*) as "lines!", count(distinct author_id) as "people!", min(sent_at) as first, max(sent_at) as last
           from pedro.message where channel_id = any($1) and author_kind = 'person'
               and ($2::timestamptz is null or sent_at >= $2) and ($3::timestamptz is null or sent_at < $3)"#,
        &extent.channels,
        extent.from,
        extent.until
    )
    .fetch_one(db)
    .await?;
    Ok(totals)
}

/// Somebody who wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writer {
    /// Where they are known.
    pub platform: Platform,
    /// The platform's id of them.
    pub platform_user_id: String,
    /// The name as people see it.
    pub name: String,
    /// How many lines.
    pub lines: i64,
    /// One of these lines, the last: what names the person goes with it.
    pub latest: MessageId,
}

/// Who wrote most, most first.
///
/// # Errors
/// When the statement fails.
pub async fn writers(db: impl PgExecutor<'_>, extent: &Extent, count: i64) -> Result<Vec<Writer>, StoreError> {
    let writers = sqlx::query_as!(
        Writer,
        r#"select platform as "platform: Platform", platform_user_id, display_name as name, lines as "lines!",
               latest as "latest!"
           from (
               select author_id, count(*) as lines, max(id) as latest
               from pedro.message where channel_id = any($1) and author_kind = 'person'
                   and ($2::timestamptz is null or sent_at >= $2) and ($3::timestamptz is null or sent_at < $3)
               group by author_id order by lines desc, author_id limit $4
           ) as most join pedro.author on author.id = author_id order by lines desc, author_id"#,
        &extent.channels,
        extent.from,
        extent.until,
        count
    )
    .fetch_all(db)
    .await?;
    Ok(writers)
}

/// A day, and what was said on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// The day, in the time zone that was asked for.
    pub day: NaiveDate,
    /// Lines.
    pub lines: i64,
}

/// The day with the most lines, by the clocks of a time zone (IANA name).
///
/// # Errors
/// When the statement fails.
pub async fn busiest_day(db: impl PgExecutor<'_>, extent: &Extent, zone: &str) -> Result<Option<Day>, StoreError> {
    let day = sqlx::query_as!(
        Day,
        r#"select (sent_at at time zone $4)::date as "day!", count(*) as "lines!"
           from pedro.message where channel_id = any($1) and author_kind = 'person'
               and ($2::timestamptz is null or sent_at >= $2) and ($3::timestamptz is null or sent_at < $3)
           group by 1 order by 2 desc, 1 desc limit 1"#,
        &extent.channels,
        extent.from,
        extent.until,
        zone
    )
    .fetch_optional(db)
    .await?;
    Ok(day)
}

/// A line, and who wrote it where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstLine {
    /// Row id.
    pub id: MessageId,
    /// Where its author is known.
    pub platform: Platform,
    /// The platform's id of its author.
    pub platform_user_id: String,
    /// The author's name as people see it.
    pub name: String,
    /// The channel's name.
    pub channel: String,
    /// When it was written.
    pub sent_at: DateTime<Utc>,
    /// What it says.
    pub text: String,
}

/// The first line of each person whose login or display name this is, in lower case; the earliest first.
///
/// # Errors
/// When the statement fails.
pub async fn first_lines(db: impl PgExecutor<'_>, extent: &Extent, name: &str) -> Result<Vec<FirstLine>, StoreError> {
    let lines = sqlx::query_as!(
        FirstLine,
        r#"select message.id as "id!", author.platform as "platform!: Platform", platform_user_id as "platform_user_id!",
               display_name as "name!", channel.name as "channel!", sent_at as "sent_at!", text as "text!"
           from pedro.author
           cross join lateral (
               select * from pedro.message
               where author_id = author.id and channel_id = any($1) and author_kind = 'person'
               order by sent_at, id limit 1
           ) as message
           join pedro.channel on channel.id = channel_id
           where author.kind = 'person' and (lower(login) = $2 or lower(display_name) = $2)
           order by sent_at, message.id limit 10"#,
        &extent.channels,
        name
    )
    .fetch_all(db)
    .await?;
    Ok(lines)
}
