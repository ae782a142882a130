//! The people whom a question may name.

use sqlx::PgExecutor;

use crate::chat::{AuthorId, CommunityId};
use crate::store::StoreError;

/// Somebody whom a question may name.
#[derive(Debug, Clone)]
pub struct Named {
    /// Who.
    pub id: AuthorId,
    /// The name in lower case: login or display name.
    pub name: String,
    /// The name as the person writes it.
    pub written: String,
    /// The name's lexemes, as lines are stored with them; none if it is a stop word.
    pub lexemes: Vec<String>,
}

/// The people of a community whose login or display name is one of these lower-case words.
///
/// # Errors
/// When the statement fails.
pub async fn people(
    db: impl PgExecutor<'_>,
    community: CommunityId,
    names: &[String],
) -> Result<Vec<Named>, StoreError> {
    let rows = sqlx::query!(
        r#"with named as (
               select id, lower(login) as name, display_name as written from pedro.author where lower(login) = any($2) and kind = 'person'
               union
               select id, lower(display_name), display_name from pedro.author where lower(display_name) = any($2) and kind = 'person'
           )
           select id as "id!", name as "name!", written as "written!", tsvector_to_array(pedro.chat_words(name)) as "lexemes!"
           from named
           where exists (
               select from pedro.message join pedro.channel on channel.id = channel_id
               where author_id = named.id and community_id = $1)"#,
        community.0,
        names
    )
    .fetch_all(db)
    .await?;
    let named = rows.into_iter().map(|row| Named {
        id: AuthorId(row.id),
        name: row.name,
        written: row.written,
        lexemes: row.lexemes,
    });
    Ok(named.collect())
}
