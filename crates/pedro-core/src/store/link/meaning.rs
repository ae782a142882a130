//! `pedro.link_embedding`: links by what they are about.

use pgvector::HalfVector;
use sqlx::PgExecutor;

use super::Link;
use crate::chat::CommunityId;
use crate::store::StoreError;
use crate::store::embedding::EmbeddingSpace;

/// A link that wants an embedding.
#[derive(Debug, Clone)]
pub struct Unembedded {
    /// Row id.
    pub id: i64,
    /// Its name, description and words.
    pub meaning: String,
}

/// A link, and how near it is to what was asked.
#[derive(Debug, Clone)]
pub struct Near {
    /// The link.
    pub link: Link,
    /// Cosine of the angle between the two, 1 for the same.
    pub similarity: f64,
}

/// Links without an embedding in a space, or with one of what they said before.
///
/// # Errors
/// When the statement fails.
pub async fn unembedded(
    db: impl PgExecutor<'_>,
    space: EmbeddingSpace,
    count: i64,
) -> Result<Vec<Unembedded>, StoreError> {
    let links = sqlx::query_as!(
        Unembedded,
        "select link.id, link.meaning from pedro.link
         left join pedro.link_embedding as made on made.link_id = link.id and made.model_id = $1
         where made.meaning is distinct from link.meaning order by link.id limit $2",
        space.model_id,
        count
    );
    Ok(links.fetch_all(db).await?)
}

/// Writes the embeddings of links, in their order. What was removed meanwhile gets none; what says something else by now
/// is found by [`unembedded`] again. Embeddings of models that are no longer used go.
///
/// # Errors
/// When the statement fails.
pub async fn put_embeddings(
    db: impl PgExecutor<'_>,
    space: EmbeddingSpace,
    links: &[Unembedded],
    vectors: &[Vec<f32>],
) -> Result<(), StoreError> {
    let ids: Vec<i64> = links.iter().map(|link| link.id).collect();
    let meanings: Vec<String> = links.iter().map(|link| link.meaning.clone()).collect();
    let vectors: Vec<HalfVector> = vectors.iter().map(|vector| HalfVector::from_f32_slice(vector)).collect();
    sqlx::query!(
        "with made as (
             select * from unnest($1::bigint[], $2::text[], $3::halfvec[]) as made (link_id, meaning, embedding)
             where exists (select from pedro.link where id = link_id for key share)
         ), outdated as (
             delete from pedro.link_embedding where link_id = any($1) and model_id <> $4
         )
         insert into pedro.link_embedding (link_id, model_id, meaning, embedding)
         select link_id, $4, meaning, embedding from made
         on conflict (link_id, model_id) do update set meaning = excluded.meaning, embedding = excluded.embedding",
        &ids,
        &meanings,
        &vectors as &[HalfVector],
        space.model_id
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Has every link embedded anew in a space; how many there are.
///
/// # Errors
/// When the statement fails.
pub async fn forget_embeddings(db: impl PgExecutor<'_>, space: EmbeddingSpace) -> Result<u64, StoreError> {
    let done = sqlx::query!("delete from pedro.link_embedding where model_id = $1", space.model_id).execute(db).await?;
    Ok(done.rows_affected())
}

/// The links of a community that are nearest to a vector, the nearest first. There are few: all are compared.
///
/// # Errors
/// When the statement fails.
pub async fn nearest(
    db: impl PgExecutor<'_>,
    community: CommunityId,
    space: EmbeddingSpace,
    vector: &HalfVector,
    count: i64,
) -> Result<Vec<Near>, StoreError> {
    let rows = sqlx::query!(
        r#"select name, url, description, words, 1 - (embedding <=> $3) as "similarity!"
           from pedro.link_embedding as made join pedro.link on link.id = link_id
           where community_id = $1 and model_id = $2 and made.meaning = link.meaning
           order by embedding <=> $3, name limit $4"#,
        community.0,
        space.model_id,
        vector as &HalfVector,
        count
    )
    .fetch_all(db)
    .await?;
    let near = rows.into_iter().map(|row| Near {
        link: Link { name: row.name, url: row.url, description: row.description, words: row.words },
        similarity: row.similarity,
    });
    Ok(near.collect())
}
