//! The queries of retrieval: lines by their words, by their meaning, by author and time, and their neighbours.
//! What the scores are worth is decided in `memory`, not here.

mod names;
mod windows;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use pgvector::HalfVector;
use sqlx::{FromRow, PgExecutor};

pub use names::{Named, people};
pub use windows::windows;

use super::StoreError;
use super::embedding::EmbeddingSpace;
use crate::chat::{AuthorId, ChannelId, MessageId};

/// Up to so many lines a narrowed search compares every vector; beyond, the index is walked with a filter.
/// Measured at 1,000,000 lines: 5,000 are compared in 30 ms; a walk that looks for the lines of somebody who wrote 5,000 of
/// them took 500 ms and found 83 of 100.
pub const EXACT_UP_TO: i64 = 5_000;

/// Vectors that a walk through the index with a filter looks at, at the most: 30 ms at 1,000,000 lines. Somebody who wrote
/// more than [`EXACT_UP_TO`] of them has 20 or more among these. pgvector's default of 20,000 took 500 ms.
pub(super) const MOST_WALKED: i64 = 5_000;

/// How many lines one search brings up at the most.
pub const MOST_WANTED: i64 = 100;

/// Which lines may be found.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Channels whose lines may be evidence.
    pub channels: Vec<ChannelId>,
    /// Only lines of these authors; empty: of everybody.
    pub authors: Vec<AuthorId>,
    /// Only lines written from then on.
    pub from: Option<DateTime<Utc>>,
    /// Only lines written before.
    pub until: Option<DateTime<Utc>>,
}

impl Scope {
    fn channel_ids(&self) -> Vec<i64> {
        self.channels.iter().map(|id| id.0).collect()
    }

    /// `None` instead of an empty list, so that the statement can tell "everybody".
    fn author_ids(&self) -> Option<Vec<i64>> {
        (!self.authors.is_empty()).then(|| self.authors.iter().map(|id| id.0).collect())
    }
}

/// The lexemes of a text, as lines are stored with them.
///
/// # Errors
/// When the statement fails.
pub async fn lexemes(db: impl PgExecutor<'_>, text: &str) -> Result<Vec<String>, StoreError> {
    let words =
        sqlx::query_scalar!(r#"select tsvector_to_array(pedro.chat_words($1)) as "words!""#, text.replace('\0', ""))
            .fetch_one(db)
            .await?;
    Ok(words)
}

/// How common lexemes are, by the statistics that PostgreSQL keeps: pairs of lexeme and share of all lines (0 to 1),
/// and the number of lines. Empty before the table was first analysed.
///
/// # Errors
/// When the statement fails.
pub async fn word_frequencies(db: impl PgExecutor<'_>) -> Result<(Vec<(String, f32)>, f32), StoreError> {
    let row = sqlx::query!(
        r#"select most_common_elems::text::text[] as words, most_common_elem_freqs as shares,
               (select greatest(reltuples, 0) from pg_class where oid = 'pedro.message'::regclass) as "lines!"
           from (values (1)) as one left join pg_stats
               on schemaname = 'pedro' and tablename = 'message' and attname = 'words'"#
    )
    .fetch_one(db)
    .await?;
    // The list of shares ends with three figures about the list itself.
    let pairs = row.words.unwrap_or_default().into_iter().zip(row.shares.unwrap_or_default()).collect();
    Ok((pairs, row.lines))
}

/// Lines with any of the lexemes, the best first by `ts_rank`.
///
/// # Errors
/// When the statement fails.
pub async fn by_words(
    db: impl PgExecutor<'_>,
    scope: &Scope,
    lexemes: &[String],
    count: i64,
) -> Result<Vec<Candidate>, StoreError> {
    let authors = scope.author_ids();
    let rows = sqlx::query_as!(
        Candidate,
        r#"with asked as (
               select array_to_string(array(select quote_literal(word) from unnest($1::text[]) as word), ' | ')::tsquery as query
           ), found as materialized (
               select id from pedro.message, asked
               where words @@ query and author_kind = 'person' and channel_id = any($2)
                   and ($3::bigint[] is null or author_id = any($3))
                   and ($4::timestamptz is null or sent_at >= $4) and ($5::timestamptz is null or sent_at < $5)
               order by ts_rank(words, query) desc, id desc limit $6
           )
           select id as "id!", channel_id as "channel_id!", author_id as "author_id!", sent_at as "sent_at!", doubt as "doubt!",
               lexemes as "lexemes!", before, after, null::float8 as similarity
           from found join pedro.candidate using (id)"#,
        lexemes,
        &scope.channel_ids(),
        authors.as_deref(),
        scope.from,
        scope.until,
        count
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}

/// Which of the lexemes no person's line in these channels has, but for one line: the question itself.
///
/// # Errors
/// When the statement fails.
pub async fn unknown(
    db: impl PgExecutor<'_>,
    channels: &[ChannelId],
    lexemes: &[String],
    but: Option<MessageId>,
) -> Result<Vec<String>, StoreError> {
    let channels: Vec<i64> = channels.iter().map(|id| id.0).collect();
    let unknown = sqlx::query_scalar!(
        r#"select word as "word!" from unnest($1::text[]) as word
           where not exists (
               select from pedro.message
               where words @@ quote_literal(word)::tsquery and channel_id = any($2) and author_kind = 'person'
                   and id is distinct from $3)"#,
        lexemes,
        &channels,
        but.map(|id| id.0)
    )
    .fetch_all(db)
    .await?;
    Ok(unknown)
}

/// Lexemes that are spelled nearly like a word that no line has, the nearest first: `kubernets` finds `kubernet`.
///
/// # Errors
/// When the statement fails.
pub async fn respell(db: impl PgExecutor<'_>, channels: &[ChannelId], word: &str) -> Result<Vec<String>, StoreError> {
    let channels: Vec<i64> = channels.iter().map(|id| id.0).collect();
    let words = sqlx::query_scalar!(
        r#"with near as materialized (
               -- the index finds the lines that hold something like the word
               select words from pedro.message
               where $1 <% text and channel_id = any($2) limit 200
           )
           select lexeme as "lexeme!" from near, unnest(tsvector_to_array(words)) as lexeme
           where similarity(lexeme, $1) >= 0.4
           group by lexeme order by similarity(lexeme, $1) desc, count(*) desc limit 3"#,
        word,
        &channels
    )
    .fetch_all(db)
    .await?;
    Ok(words)
}

/// How many lines a narrowed scope holds, counted up to [`EXACT_UP_TO`] and one more.
///
/// # Errors
/// When the statement fails.
pub async fn size_up_to_exact(db: impl PgExecutor<'_>, scope: &Scope) -> Result<i64, StoreError> {
    let authors = scope.author_ids();
    let size = sqlx::query_scalar!(
        r#"select count(*) as "count!" from (
               select 1 from pedro.message
               where author_kind = 'person' and channel_id = any($1)
                   and ($2::bigint[] is null or author_id = any($2))
                   and ($3::timestamptz is null or sent_at >= $3) and ($4::timestamptz is null or sent_at < $4)
               limit $5) as lines"#,
        &scope.channel_ids(),
        authors.as_deref(),
        scope.from,
        scope.until,
        EXACT_UP_TO + 1
    )
    .fetch_one(db)
    .await?;
    Ok(size)
}

/// Lines whose meaning is nearest to a vector, by the index, within the scope.
///
/// # Errors
/// When the statement fails.
pub async fn by_meaning(
    db: impl PgExecutor<'_>,
    scope: &Scope,
    space: EmbeddingSpace,
    vector: &HalfVector,
    count: i64,
) -> Result<Vec<Candidate>, StoreError> {
    // The partial index is used only when model and dimension stand in the statement: numbers of our own, no text.
    let EmbeddingSpace { model_id, dimension } = space;
    let statement = format!(
        "with near as materialized (
             select message_id as id, 1 - (embedding::halfvec({dimension}) <=> $1) as similarity
             from pedro.message_embedding
             where model_id = {model_id} and evidence and channel_id = any($2)
                 and ($3::bigint[] is null or author_id = any($3))
                 and ($4::timestamptz is null or sent_at >= $4) and ($5::timestamptz is null or sent_at < $5)
             order by embedding::halfvec({dimension}) <=> $1 limit $6
         )
         select candidate.*, similarity from near join pedro.candidate using (id)"
    );
    let rows = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(vector)
        .bind(scope.channel_ids())
        .bind(scope.author_ids())
        .bind(scope.from)
        .bind(scope.until)
        .bind(count)
        .fetch_all(db)
        .await?;
    Ok(rows)
}

/// Lines whose meaning is nearest to a vector, by comparing all of a small scope.
///
/// # Errors
/// When the statement fails.
pub async fn by_meaning_exact(
    db: impl PgExecutor<'_>,
    scope: &Scope,
    space: EmbeddingSpace,
    vector: &HalfVector,
    count: i64,
) -> Result<Vec<Candidate>, StoreError> {
    let authors = scope.author_ids();
    let rows = sqlx::query_as!(
        Candidate,
        r#"with line as materialized (
               select id from pedro.message
               where author_kind = 'person' and channel_id = any($2)
                   and ($3::bigint[] is null or author_id = any($3))
                   and ($4::timestamptz is null or sent_at >= $4) and ($5::timestamptz is null or sent_at < $5)
               limit $6
           ), near as materialized (
               select id, embedding <=> $1::halfvec as distance
               from line join pedro.message_embedding on message_id = line.id and model_id = $7
               order by distance limit $8
           )
           select id as "id!", channel_id as "channel_id!", author_id as "author_id!", sent_at as "sent_at!", doubt as "doubt!",
               lexemes as "lexemes!", before, after, 1 - distance as similarity
           from near join pedro.candidate using (id)"#,
        vector as &HalfVector,
        &scope.channel_ids(),
        authors.as_deref(),
        scope.from,
        scope.until,
        EXACT_UP_TO,
        space.model_id,
        count
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}

/// A candidate with everything that scores are made from.
#[derive(Debug, Clone, FromRow)]
pub struct Candidate {
    /// The line.
    pub id: i64,
    /// Where it was written.
    pub channel_id: i64,
    /// Who wrote it.
    pub author_id: i64,
    /// When.
    pub sent_at: DateTime<Utc>,
    /// Its lexemes, each once.
    pub lexemes: Vec<String>,
    /// Cosine similarity with the question (-1 to 1), once it is asked for; `None` without an embedding in this space.
    pub similarity: Option<f64>,
    /// The line before it in its channel, if a person wrote it within the hour.
    pub before: Option<i64>,
    /// The line after it, likewise.
    pub after: Option<i64>,
    /// How often an answer made from it was taken back.
    pub doubt: i16,
}

/// Reads what scores are made from, but for [`similarities`], for lines found in whichever way.
///
/// # Errors
/// When the statement fails.
pub async fn candidates(db: impl PgExecutor<'_>, ids: &[i64]) -> Result<Vec<Candidate>, StoreError> {
    let rows = sqlx::query_as!(
        Candidate,
        r#"select id as "id!", channel_id as "channel_id!", author_id as "author_id!", sent_at as "sent_at!", doubt as "doubt!",
               lexemes as "lexemes!", before, after, null::float8 as similarity
           from pedro.candidate where id = any($1)"#,
        ids
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}

/// Cosine similarities (-1 to 1) of lines with a vector, by the line's id; without those that have no embedding in this
/// space.
///
/// # Errors
/// When the statement fails.
pub async fn similarities(
    db: impl PgExecutor<'_>,
    ids: &[i64],
    vector: &HalfVector,
    space: EmbeddingSpace,
) -> Result<HashMap<i64, f64>, StoreError> {
    let rows = sqlx::query!(
        r#"select message_id, 1 - (embedding <=> $2::halfvec) as "similarity!" from pedro.message_embedding
           where message_id = any($1) and model_id = $3"#,
        ids,
        vector as &HalfVector,
        space.model_id
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.message_id, row.similarity)).collect())
}
