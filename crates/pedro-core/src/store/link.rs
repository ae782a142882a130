//! `pedro.link`: the helpful links of a community.

mod meaning;

use sqlx::PgExecutor;

pub use meaning::{Near, Unembedded, forget_embeddings, has_embeddings, nearest, put_embeddings, unembedded};

use super::StoreError;
use crate::chat::CommunityId;

/// A link that Pedro hands out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Link {
    /// Lower-case name, unique in the community, at most 40 characters.
    pub name: String,
    /// Where it leads: http or https.
    pub url: String,
    /// What it is, in a sentence; may be empty.
    #[serde(default)]
    pub description: String,
    /// Words by which it is found besides its name, separated by spaces; may be empty.
    #[serde(default)]
    pub words: String,
}

/// Adds a link, or replaces the one with its name. True if it is new.
///
/// # Errors
/// When the statement fails.
pub async fn put(db: impl PgExecutor<'_>, community: CommunityId, link: &Link) -> Result<bool, StoreError> {
    let is_new = sqlx::query_scalar!(
        r#"insert into pedro.link (community_id, name, url, description, words) values ($1, lower($2), $3, $4, $5)
           on conflict (community_id, name) do update
               set url = excluded.url, description = excluded.description, words = excluded.words
           returning (xmax = 0) as "is_new!""#,
        community.0,
        link.name,
        link.url,
        link.description,
        link.words
    )
    .fetch_one(db)
    .await?;
    Ok(is_new)
}

/// Removes the link with this name. False if there was none.
///
/// # Errors
/// When the statement fails.
pub async fn remove(db: impl PgExecutor<'_>, community: CommunityId, name: &str) -> Result<bool, StoreError> {
    let done = sqlx::query!("delete from pedro.link where community_id = $1 and name = lower($2)", community.0, name)
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// All links, by name.
///
/// # Errors
/// When the statement fails.
pub async fn list(db: impl PgExecutor<'_>, community: CommunityId) -> Result<Vec<Link>, StoreError> {
    let links = sqlx::query_as!(
        Link,
        "select name, url, description, words from pedro.link where community_id = $1 order by name",
        community.0
    )
    .fetch_all(db)
    .await?;
    Ok(links)
}

/// The links that a text asks for, best first: its words against name, words and description, and a name that is
/// nearly spelled right. `text` may be one word or a whole question.
///
/// # Errors
/// When the statement fails.
pub async fn search(
    db: impl PgExecutor<'_>,
    community: CommunityId,
    text: &str,
    count: i64,
) -> Result<Vec<Link>, StoreError> {
    let links = sqlx::query_as!(
        Link,
        r#"with asked as (
               select array_to_string(array(
                   select quote_literal(lexeme) from unnest(tsvector_to_array(pedro.chat_words($2))) as lexeme
               ), ' | ')::tsquery as query
           ), scored as (
               select link.*, ts_rank(
                       setweight(pedro.chat_words(name || ' ' || words), 'A')
                           || setweight(pedro.chat_words(description), 'C'), query)
                   + case when similarity(name, lower($2)) > 0.3 then similarity(name, lower($2)) else 0 end as score
               from pedro.link, asked where community_id = $1
           )
           select name as "name!", url as "url!", description as "description!", words as "words!"
           from scored where score > 0 order by score desc, name limit $3"#,
        community.0,
        text,
        count
    )
    .fetch_all(db)
    .await?;
    Ok(links)
}
