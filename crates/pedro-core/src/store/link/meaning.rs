//! `pedro.link_embedding`: links by what they are about.

use pgvector::HalfVector;
use sqlx::PgExecutor;

use super::Link;
use crate::chat::CommunityId;
use crate::store::StoreError;
use crate::store::embedding::EmbeddingSpace;

/// A part of a link that wants an embedding.
#[derive(Debug, Clone)]
pub struct Unembedded {
    /// Row id of the link.
    pub link_id: i64,
    /// Which part.
    pub part: i16,
    /// Its name and words, or its description.
    pub text: String,
}

/// A link, and how near it is to what was asked.
#[derive(Debug, Clone)]
pub struct Near {
    /// The link.
    pub link: Link,
    /// Cosine of the angle between the two, 1 for the same.
    pub similarity: f64,
}

/// Parts of links without an embedding in a space, or with one of what they said before.
///
/// # Errors
/// When the statement fails.
pub async fn unembedded(
    db: impl PgExecutor<'_>,
    space: EmbeddingSpace,
    count: i64,
) -> Result<Vec<Unembedded>, StoreError> {
    let parts = sqlx::query_as!(
        Unembedded,
        r#"select link_part.link_id as "link_id!", link_part.part as "part!", link_part.text as "text!"
           from pedro.link_part
           left join pedro.link_embedding as made on made.link_id = link_part.link_id and made.part = link_part.part
               and made.model_id = $1
           where made.text is distinct from link_part.text order by 1, 2 limit $2"#,
        space.model_id,
        count
    );
    Ok(parts.fetch_all(db).await?)
}

/// Writes the embeddings of parts of links, in their order. What was removed meanwhile gets none; what says something else
/// by now is found by [`unembedded`] again. Embeddings of models that are no longer used go.
///
/// # Errors
/// When the statement fails.
pub async fn put_embeddings(
    db: impl PgExecutor<'_>,
    space: EmbeddingSpace,
    parts: &[Unembedded],
    vectors: &[Vec<f32>],
) -> Result<(), StoreError> {
    let ids: Vec<i64> = parts.iter().map(|part| part.link_id).collect();
    let numbers: Vec<i16> = parts.iter().map(|part| part.part).collect();
    let texts: Vec<String> = parts.iter().map(|part| part.text.clone()).collect();
    let vectors: Vec<HalfVector> = vectors.iter().map(|vector| HalfVector::from_f32_slice(vector)).collect();
    sqlx::query!(
        "with there as (
             select id from pedro.link where id = any($1) order by id for key share
         ), outdated as (
             delete from pedro.link_embedding where link_id = any($1) and model_id <> $5
         )
         insert into pedro.link_embedding (link_id, model_id, part, text, embedding)
         select link_id, $5, part, text, embedding
         from unnest($1::bigint[], $2::smallint[], $3::text[], $4::halfvec[]) as made (link_id, part, text, embedding)
         join there on there.id = link_id
         on conflict (link_id, model_id, part) do update set text = excluded.text, embedding = excluded.embedding",
        &ids,
        &numbers,
        &texts,
        &vectors as &[HalfVector],
        space.model_id
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Has every part of every link embedded anew in a space; how many there are.
///
/// # Errors
/// When the statement fails.
pub async fn forget_embeddings(db: impl PgExecutor<'_>, space: EmbeddingSpace) -> Result<u64, StoreError> {
    let done = sqlx::query!("delete from pedro.link_embedding where model_id = $1", space.model_id).execute(db).await?;
    Ok(done.rows_affected())
}

/// Whether a community has a link with an embedding in a space.
///
/// # Errors
/// When the statement fails.
pub async fn has_embeddings(
    db: impl PgExecutor<'_>,
    community: CommunityId,
    space: EmbeddingSpace,
) -> Result<bool, StoreError> {
    let has = sqlx::query_scalar!(
        r#"select exists (
               select from pedro.link_embedding join pedro.link on link.id = link_id
               where community_id = $1 and model_id = $2
           ) as "has!""#,
        community.0,
        space.model_id
    );
    Ok(has.fetch_one(db).await?)
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
        r#"select name, url, description, words, max(1 - (embedding <=> $3)) as "similarity!"
           from pedro.link_embedding as made
           join pedro.link_part on link_part.link_id = made.link_id and link_part.part = made.part
               and link_part.text = made.text
           join pedro.link on link.id = made.link_id
           where community_id = $1 and model_id = $2
           group by link.id order by 5 desc, name limit $4"#,
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
