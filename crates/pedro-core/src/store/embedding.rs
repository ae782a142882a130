//! `pedro.embedding_model`, `pedro.message_embedding` and the lines that wait for one.

use pgvector::HalfVector;
use sqlx::{PgConnection, PgExecutor, PgPool};

use super::StoreError;
use crate::chat::MessageId;

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

/// Takes lines that wait for an embedding, the newest first so that today's chat does not wait for an old import.
/// They stay locked until the transaction ends; other processes skip them.
///
/// # Errors
/// When the statement fails.
pub async fn take_unembedded(connection: &mut PgConnection, count: i64) -> Result<Vec<Unembedded>, StoreError> {
    let lines = sqlx::query_as!(
        Unembedded,
        "with taken as (
             select message_id from pedro.message_unembedded order by message_id desc limit $1
             for update skip locked
         )
         select message.id, text from taken join pedro.message on message.id = message_id",
        count
    )
    .fetch_all(connection)
    .await?;
    Ok(lines)
}

/// Writes embeddings, in the order of their lines, and takes the lines off the list. Belongs in the transaction that
/// took them.
///
/// # Errors
/// When a statement fails.
pub async fn put(
    connection: &mut PgConnection,
    space: EmbeddingSpace,
    ids: &[MessageId],
    vectors: &[Vec<f32>],
) -> Result<(), StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let vectors: Vec<HalfVector> = vectors.iter().map(|vector| HalfVector::from_f32_slice(vector)).collect();
    sqlx::query!(
        "with made as (select * from unnest($1::bigint[], $2::halfvec[]) as made (message_id, embedding))
         insert into pedro.message_embedding (message_id, model_id, channel_id, author_id, sent_at, evidence, embedding)
         select message.id, $3, channel_id, author_id, sent_at, author_kind = 'person', embedding
         from made join pedro.message on message.id = message_id
         on conflict (message_id, model_id) do update set embedding = excluded.embedding",
        &ids,
        &vectors as &[HalfVector],
        space.model_id
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("delete from pedro.message_unembedded where message_id = any($1)", &ids).execute(connection).await?;
    Ok(())
}

/// How many lines wait for an embedding.
///
/// # Errors
/// When the statement fails.
pub async fn lag(db: impl PgExecutor<'_>) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(r#"select count(*) as "count!" from pedro.message_unembedded"#).fetch_one(db).await?)
}
