//! `pedro.embedding_model`, `pedro.message_embedding` and the lines that wait for one.

use std::time::Duration;

use pgvector::HalfVector;
use sqlx::{PgConnection, PgExecutor, PgPool};

use super::StoreError;
use crate::chat::{AuthorId, CommunityId, MessageId};

/// How long a worker may take over the lines that it took. A crash makes them wait so long.
pub const TAKEN_FOR: Duration = Duration::from_secs(20);

/// An embedding space as the database knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddingSpace {
    /// Row of `pedro.embedding_model`.
    pub model_id: i16,
    /// Length of its vectors.
    pub dimension: i32,
}

/// The space of a model, which is the current one from now on. When it was not so before, every line without a vector
/// in it is put on the list of those that wait: a change of model embeds again in the background and never mixes
/// spaces. For a new model the row and the vector index are made.
///
/// # Errors
/// When a statement fails.
pub async fn ensure_space(pool: &PgPool, name: &str, dimension: usize) -> Result<EmbeddingSpace, StoreError> {
    let dimension = i32::try_from(dimension).unwrap_or(i32::MAX);
    let mut transaction = pool.begin().await?;
    // Two processes may start at once: one makes the index, the other waits for it.
    sqlx::query!("select pg_advisory_xact_lock(hashtext('pedro.embedding_model'))").execute(&mut *transaction).await?;
    let known = sqlx::query!("select id, dimension from pedro.embedding_model where name = $1", name)
        .fetch_optional(&mut *transaction)
        .await?;
    let space = match known {
        Some(row) => EmbeddingSpace { model_id: row.id, dimension: row.dimension },
        None => make_space(&mut transaction, name, dimension).await?,
    };
    make_current(&mut transaction, space).await?;
    transaction.commit().await?;
    Ok(space)
}

async fn make_space(connection: &mut PgConnection, name: &str, dimension: i32) -> Result<EmbeddingSpace, StoreError> {
    let model_id = sqlx::query_scalar!(
        "insert into pedro.embedding_model (name, dimension) values ($1, $2) returning id",
        name,
        dimension
    )
    .fetch_one(&mut *connection)
    .await?;
    // The column has no dimension, so the index gives one. Numbers of our own, no text, are formatted in.
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "create index message_embedding_{model_id} on pedro.message_embedding
         using hnsw ((embedding::halfvec({dimension})) halfvec_cosine_ops) where model_id = {model_id}"
    )))
    .execute(connection)
    .await?;
    Ok(EmbeddingSpace { model_id, dimension })
}

async fn make_current(connection: &mut PgConnection, space: EmbeddingSpace) -> Result<(), StoreError> {
    let changed = sqlx::query!(
        "insert into pedro.setting (name, value) values ('embedding_model', int2send($1))
         on conflict (name) do update set value = excluded.value where setting.value <> excluded.value",
        space.model_id
    )
    .execute(&mut *connection)
    .await?;
    if changed.rows_affected() > 0 {
        sqlx::query!(
            "insert into pedro.message_unembedded select id from pedro.message
             where not exists (select from pedro.message_embedding where message_id = message.id and model_id = $1)
             on conflict do nothing",
            space.model_id
        )
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// A line that wants an embedding.
#[derive(Debug, Clone)]
pub struct Unembedded {
    /// The line.
    pub id: MessageId,
    /// What it says.
    pub text: String,
}

/// Takes lines that wait for an embedding, the newest first so that today's chat does not wait for an old import, and
/// promises to be done with them within [`TAKEN_FOR`]: nobody else takes them before.
///
/// # Errors
/// When the statement fails.
pub async fn take_unembedded(db: impl PgExecutor<'_>, count: i64) -> Result<Vec<Unembedded>, StoreError> {
    let lines = sqlx::query_as!(
        Unembedded,
        "with taken as (
             update pedro.message_unembedded set taken_until = now() + make_interval(secs => $2)
             where message_id in (
                 select message_id from pedro.message_unembedded where taken_until is null or taken_until < now()
                 order by message_id desc limit $1 for update skip locked
             )
             returning message_id
         )
         select message.id, text from taken join pedro.message on message.id = message_id",
        count,
        TAKEN_FOR.as_secs_f64()
    )
    .fetch_all(db)
    .await?;
    Ok(lines)
}

/// Says when lines that were taken may be taken again.
///
/// # Errors
/// When the statement fails.
pub async fn give_back(db: impl PgExecutor<'_>, ids: &[MessageId], after: Duration) -> Result<(), StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    sqlx::query!(
        "update pedro.message_unembedded set taken_until = now() + make_interval(secs => $2) where message_id = any($1)",
        &ids,
        after.as_secs_f64()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes the embeddings of lines, in their order, and takes the lines off the list. What was forgotten meanwhile is off
/// the list already and gets none; what says something else by now stays on it.
///
/// # Errors
/// When a statement fails.
pub async fn put(
    pool: &PgPool,
    space: EmbeddingSpace,
    lines: &[Unembedded],
    vectors: &[Vec<f32>],
) -> Result<(), StoreError> {
    let ids: Vec<i64> = lines.iter().map(|line| line.id.0).collect();
    let texts: Vec<String> = lines.iter().map(|line| line.text.clone()).collect();
    let vectors: Vec<HalfVector> = vectors.iter().map(|vector| HalfVector::from_f32_slice(vector)).collect();
    let mut transaction = pool.begin().await?;
    // In the order in which forgetting locks them, or the two would wait for each other.
    sqlx::query!(
        "select from pedro.message_unembedded where message_id = any($1) order by message_id for update",
        &ids
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!(
        "with made as (
             select made.message_id, embedding
             from unnest($1::bigint[], $2::halfvec[], $4::text[]) as made (message_id, embedding, text)
             join pedro.message on message.id = made.message_id and message.text = made.text
         ), waited as (
             delete from pedro.message_unembedded where message_id in (select message_id from made) returning message_id
         )
         insert into pedro.message_embedding (message_id, model_id, channel_id, author_id, sent_at, evidence, embedding)
         select message.id, $3, channel_id, author_id, sent_at, author_kind = 'person', embedding
         from made join waited using (message_id) join pedro.message on message.id = message_id
         on conflict (message_id, model_id) do update set embedding = excluded.embedding",
        &ids,
        &vectors as &[HalfVector],
        space.model_id,
        &texts
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(())
}

/// Puts lines on the list of those that wait for an embedding, of one community or of all; how many. Those that they have
/// serve until there are new ones.
///
/// # Errors
/// When the statement fails.
pub async fn mark_all(db: impl PgExecutor<'_>, community: Option<CommunityId>) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "insert into pedro.message_unembedded (message_id)
         select message.id from pedro.message join pedro.channel on channel.id = channel_id
         where $1::bigint is null or community_id = $1 order by message.id
         on conflict (message_id) do update set taken_until = null",
        community.map(|id| id.0)
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// A line that has its embedding.
#[derive(Debug, Clone)]
pub struct Embedded {
    /// The line.
    pub id: MessageId,
    /// Who wrote it.
    pub author: AuthorId,
    /// Its vector.
    pub vector: HalfVector,
}

/// Those of some lines that have their embedding in a space.
///
/// # Errors
/// When the statement fails.
pub async fn of_lines(
    db: impl PgExecutor<'_>,
    space: EmbeddingSpace,
    ids: &[MessageId],
) -> Result<Vec<Embedded>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let lines = sqlx::query_as!(
        Embedded,
        r#"select message_id as "id: MessageId", author_id as "author: AuthorId", embedding as "vector: HalfVector"
           from pedro.message_embedding where message_id = any($1) and model_id = $2"#,
        &ids,
        space.model_id
    );
    Ok(lines.fetch_all(db).await?)
}

/// How many lines wait for an embedding.
///
/// # Errors
/// When the statement fails.
pub async fn lag(db: impl PgExecutor<'_>) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(r#"select count(*) as "count!" from pedro.message_unembedded"#).fetch_one(db).await?)
}
