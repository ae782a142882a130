//! `pedro.author`: people and bots, as they are looked for by the operator.

use sqlx::PgExecutor;

use super::StoreError;
use crate::chat::Platform;

/// Somebody with stored lines.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Author {
    /// The platform's id of the account.
    pub platform_user_id: String,
    /// The login.
    pub login: String,
    /// The name as people see it.
    pub display_name: String,
    /// Lines that are stored.
    pub lines: i64,
}

/// Who has this user id on a platform, else who is called so: names are taken over by others, so there may be several.
///
/// # Errors
/// When the statement fails.
pub async fn called(db: impl PgExecutor<'_>, platform: Platform, called: &str) -> Result<Vec<Author>, StoreError> {
    let mut found = sqlx::query_as!(
        Author,
        r#"select platform_user_id, login, display_name,
               (select count(*) from pedro.message where author_id = author.id) as "lines!"
           from pedro.author
           where platform = $1
               and (platform_user_id = $2 or lower(login) = lower($2) or lower(display_name) = lower($2))
           order by author.id"#,
        platform as Platform,
        called
    )
    .fetch_all(db)
    .await?;
    if let Some(own) = found.iter().position(|author| author.platform_user_id == called) {
        found = vec![found.swap_remove(own)];
    }
    Ok(found)
}

/// Removes people and bots of whom no line is left; how many. Whoever writes at this moment is left alone.
///
/// # Errors
/// When the statement fails.
pub async fn remove_silent(db: impl PgExecutor<'_>) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "delete from pedro.author where id in (
             select id from pedro.author
             where kind = 'person'
                 and not exists (select from pedro.message where author_id = author.id)
             for update skip locked
         )"
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
