//! `pedro.recap` with its sources, and the streams whose recaps are posted by themselves.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};

use super::StoreError;
use crate::chat::{AuthorKind, ChannelId, CommunityId, GenerationId, MessageId, Platform, QuestionId};

/// A line of the time that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecapLine {
    /// Row id.
    pub id: MessageId,
    /// Where it was written.
    pub channel_id: ChannelId,
    /// The channel's name.
    pub channel: String,
    /// The author's name as people see it.
    pub author: String,
    /// What kind of account wrote it.
    pub author_kind: AuthorKind,
    /// When it was written.
    pub sent_at: DateTime<Utc>,
    /// What it says.
    pub text: String,
    /// How many lines of the same time reply to it.
    pub replies: i64,
}

/// What was said in some channels between two moments, the newest `count` lines of it. What is typed in a terminal or asked
/// over HTTP is no chat.
///
/// # Errors
/// When the statement fails.
pub async fn lines(
    db: impl PgExecutor<'_>,
    channels: &[ChannelId],
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    count: i64,
) -> Result<Vec<RecapLine>, StoreError> {
    let channels: Vec<i64> = channels.iter().map(|id| id.0).collect();
    let lines = sqlx::query_as!(
        RecapLine,
        r#"with said as (
               select id, channel_id, author_id, author_kind, platform, platform_message_id, reply_to, sent_at, text
               from pedro.message
               where channel_id = any($1) and sent_at >= $2 and sent_at < $3
                   and platform in ('twitch', 'discord', 'import')
               order by sent_at desc, id desc limit $4
           ), replied as (
               select platform, reply_to, count(*) as replies from said where reply_to is not null
               group by platform, reply_to
           )
           select said.id as "id!", channel_id as "channel_id!", channel.name as channel, author.display_name as author,
               author_kind as "author_kind!: AuthorKind", sent_at as "sent_at!", text as "text!",
               coalesce(replies, 0) as "replies!"
           from said join pedro.channel on channel.id = channel_id join pedro.author on author.id = author_id
           left join replied on replied.platform = said.platform and replied.reply_to = platform_message_id
           order by sent_at, said.id"#,
        &channels,
        from,
        until,
        count
    );
    Ok(lines.fetch_all(db).await?)
}

/// When the last line was said in some channels.
///
/// # Errors
/// When the statement fails.
pub async fn last_line(db: impl PgExecutor<'_>, channels: &[ChannelId]) -> Result<Option<DateTime<Utc>>, StoreError> {
    let channels: Vec<i64> = channels.iter().map(|id| id.0).collect();
    let last = sqlx::query_scalar!(
        "select max(sent_at) from pedro.message
         where channel_id = any($1) and author_kind = 'person' and platform in ('twitch', 'discord', 'import')",
        &channels
    );
    Ok(last.fetch_one(db).await?)
}

/// Who can read a place, as recaps are kept for: another place with the same text has the same readers.
///
/// # Errors
/// When the statement fails.
pub async fn audience(db: impl PgExecutor<'_>, place: ChannelId) -> Result<String, StoreError> {
    let audience = sqlx::query_scalar!(
        r#"select case when public then 'everybody' else coalesce('some: ' || audience, 'channel: ' || id) end as "audience!"
           from pedro.channel where id = $1"#,
        place.0
    );
    Ok(audience.fetch_one(db).await?)
}

/// For whom a recap is, and of which time.
#[derive(Debug, Clone, Copy)]
pub struct RecapKey<'a> {
    /// Whose memory it is made from.
    pub community: CommunityId,
    /// Where it is told; `None`: anywhere, if only its notes matter.
    pub platform: Option<Platform>,
    /// See [`audience`].
    pub audience: &'a str,
    /// The first moment.
    pub began_at: DateTime<Utc>,
    /// The last.
    pub ended_at: DateTime<Utc>,
}

/// A recap that was made.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Recap {
    /// Row id.
    #[serde(skip)]
    pub id: i64,
    /// The text.
    pub text: String,
    /// What it was made from.
    pub notes: Vec<String>,
    /// The first moment that it tells of.
    pub began_at: DateTime<Utc>,
    /// The last.
    pub ended_at: DateTime<Utc>,
    /// Lines that the model read.
    pub covered: i32,
    /// Lines that there were.
    pub lines: i32,
}

/// A recap as the database gives it.
struct RecapRow {
    id: i64,
    text: String,
    notes: Json<Vec<String>>,
    began_at: DateTime<Utc>,
    ended_at: DateTime<Utc>,
    covered: i32,
    lines: i32,
}

impl From<RecapRow> for Recap {
    fn from(row: RecapRow) -> Self {
        let RecapRow { id, text, notes, began_at, ended_at, covered, lines } = row;
        Self { id, text, notes: notes.0, began_at, ended_at, covered, lines }
    }
}

/// The newest recap for the same readers whose beginning and end are no more than `slack` seconds off. None that was made
/// from a line that is not among the `readable` channels any more.
///
/// # Errors
/// When the statement fails.
pub async fn find(
    db: impl PgExecutor<'_>,
    key: &RecapKey<'_>,
    readable: &[ChannelId],
    slack: f64,
) -> Result<Option<Recap>, StoreError> {
    let readable: Vec<i64> = readable.iter().map(|id| id.0).collect();
    let row = sqlx::query_as!(
        RecapRow,
        r#"select id, text, notes as "notes: Json<Vec<String>>", began_at, ended_at, covered, lines from pedro.recap
           where community_id = $1 and ($2::text is null or platform = $2) and audience = $3
               and began_at between $4::timestamptz - make_interval(secs => $7) and $4::timestamptz + make_interval(secs => $7)
               and ended_at between $5::timestamptz - make_interval(secs => $7) and $5::timestamptz + make_interval(secs => $7)
               and not exists (
                   select from pedro.recap_source join pedro.message on message.id = message_id
                   where recap_id = recap.id and channel_id <> all($6)
               )
           order by id desc limit 1"#,
        key.community.0,
        key.platform as Option<Platform>,
        key.audience,
        key.began_at,
        key.ended_at,
        &readable,
        slack
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(Recap::from))
}

/// The recap that the question of a line was answered by.
///
/// # Errors
/// When the statement fails.
pub async fn of_line(
    db: impl PgExecutor<'_>,
    platform: Platform,
    platform_message_id: &str,
) -> Result<Option<Recap>, StoreError> {
    let row = sqlx::query_as!(
        RecapRow,
        r#"select recap.id, recap.text, notes as "notes: Json<Vec<String>>", began_at, ended_at, covered, lines
           from pedro.recap join pedro.question on question.recap_id = recap.id
           where question.platform = $1 and question.platform_message_id = $2"#,
        platform as Platform,
        platform_message_id
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(Recap::from))
}

/// The messages that a recap was made from.
///
/// # Errors
/// When the statement fails.
pub async fn sources(db: impl PgExecutor<'_>, recap: i64) -> Result<Vec<MessageId>, StoreError> {
    let ids =
        sqlx::query_scalar!("select message_id from pedro.recap_source where recap_id = $1 order by message_id", recap);
    Ok(ids.fetch_all(db).await?.into_iter().map(MessageId).collect())
}

/// A recap before it has a row.
#[derive(Debug, Clone, Copy)]
pub struct NewRecap<'a> {
    /// For whom, and of which time.
    pub key: RecapKey<'a>,
    /// Where it is told.
    pub platform: Platform,
    /// The text.
    pub text: &'a str,
    /// What it was made from.
    pub notes: &'a [String],
    /// The messages behind these.
    pub sources: &'a [MessageId],
    /// How many lines there were.
    pub lines: i32,
    /// The call of the model that wrote it.
    pub generation: GenerationId,
}

/// Writes a recap with its provenance. Belongs in the transaction that keeps its generation, which holds the sources.
///
/// # Errors
/// When a statement fails.
pub async fn insert(connection: &mut PgConnection, new: &NewRecap<'_>) -> Result<i64, StoreError> {
    let sources: Vec<i64> = new.sources.iter().map(|id| id.0).collect();
    let id = sqlx::query_scalar!(
        "insert into pedro.recap (community_id, platform, audience, began_at, ended_at, covered, lines, notes, text,
                                  generation_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id",
        new.key.community.0,
        new.platform as Platform,
        new.key.audience,
        new.key.began_at,
        new.key.ended_at,
        sources.len() as i32,
        new.lines,
        Json(new.notes) as _,
        new.text,
        new.generation.0
    )
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query!("insert into pedro.recap_source (recap_id, message_id) select $1, unnest($2::bigint[])", id, &sources)
        .execute(connection)
        .await?;
    Ok(id)
}

/// Notes that a question is answered by a recap; the row is held until the transaction ends. False if it is gone: something
/// that it was made from was forgotten.
///
/// # Errors
/// When a statement fails.
pub async fn give(connection: &mut PgConnection, recap: i64, question: QuestionId) -> Result<bool, StoreError> {
    let there = sqlx::query_scalar!("select id from pedro.recap where id = $1 for key share", recap)
        .fetch_optional(&mut *connection)
        .await?;
    if there.is_some() {
        sqlx::query!("update pedro.question set recap_id = $2 where id = $1", question.0, recap)
            .execute(connection)
            .await?;
    }
    Ok(there.is_some())
}

/// A stream that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedStream {
    /// The row of its last title.
    pub stream_title_id: i64,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
}

/// The last stream of a community if it is over for at least `quiet_secs` and at most `age_secs` seconds and its recap was not
/// taken yet. One that has come back since is not over.
///
/// # Errors
/// When the statement fails.
pub async fn ended_stream(
    db: impl PgExecutor<'_>,
    community: &str,
    quiet_secs: f64,
    age_secs: f64,
) -> Result<Option<EndedStream>, StoreError> {
    let ended = sqlx::query_as!(
        EndedStream,
        r#"select title.id as stream_title_id, title.ended_at as "ended_at!"
           from pedro.stream_title as title join pedro.channel on channel.id = channel_id
           join pedro.community on community.id = community_id
           where community.name = $1 and title.live and title.ended_at <= now() - make_interval(secs => $2)
               and title.ended_at > now() - make_interval(secs => $3)
               and not exists (
                   select from pedro.stream_title as later
                   where later.channel_id = title.channel_id and later.live
                       and (later.ended_at is null or later.ended_at > title.ended_at
                            or later.ended_at = title.ended_at and later.id > title.id)
               )
               and not exists (select from pedro.stream_recap where stream_title_id = title.id)
           order by title.ended_at desc limit 1"#,
        community,
        quiet_secs,
        age_secs
    );
    Ok(ended.fetch_optional(db).await?)
}

/// Takes the recap of a stream. False if it was taken already. Belongs in the transaction that puts its question.
///
/// # Errors
/// When the statement fails.
pub async fn take_stream(
    connection: &mut PgConnection,
    stream_title_id: i64,
    question: Option<QuestionId>,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "insert into pedro.stream_recap (stream_title_id, question_id) values ($1, $2) on conflict do nothing",
        stream_title_id,
        question.map(|id| id.0)
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// When the stream ended whose recap a question is, if it is one that is posted by itself.
///
/// # Errors
/// When the statement fails.
pub async fn posted_for(db: impl PgExecutor<'_>, question: QuestionId) -> Result<Option<DateTime<Utc>>, StoreError> {
    let ended = sqlx::query_scalar!(
        "select ended_at from pedro.stream_recap join pedro.stream_title on stream_title.id = stream_title_id
         where question_id = $1",
        question.0
    );
    Ok(ended.fetch_optional(db).await?.flatten())
}
