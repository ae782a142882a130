//! `pedro.opt_out` and `pedro.setting`: who wants not to be stored or answered, without naming anybody.

use sqlx::PgExecutor;

use super::StoreError;

/// What somebody opted out of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OptOut {
    /// Nothing of theirs is stored.
    pub storage: bool,
    /// Pedro does not answer them.
    pub replies: bool,
}

/// The stored choices of these people, by keyed hash; who is absent never chose.
///
/// # Errors
/// When the statement fails.
pub async fn find(db: impl PgExecutor<'_>, people: &[Vec<u8>]) -> Result<Vec<(Vec<u8>, OptOut)>, StoreError> {
    let rows =
        sqlx::query!("select person_hash, storage, replies from pedro.opt_out where person_hash = any($1)", people)
            .fetch_all(db)
            .await?;
    Ok(rows.into_iter().map(|row| (row.person_hash, OptOut { storage: row.storage, replies: row.replies })).collect())
}

/// Adds to somebody's choices; what they chose before stays.
///
/// # Errors
/// When the statement fails.
pub async fn add(db: impl PgExecutor<'_>, person: &[u8], choice: OptOut) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into pedro.opt_out (person_hash, storage, replies) values ($1, $2, $3)
         on conflict (person_hash) do update set storage = opt_out.storage or excluded.storage,
             replies = opt_out.replies or excluded.replies, changed_at = now()",
        person,
        choice.storage,
        choice.replies
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes all of somebody's choices back.
///
/// # Errors
/// When the statement fails.
pub async fn remove(db: impl PgExecutor<'_>, person: &[u8]) -> Result<(), StoreError> {
    sqlx::query!("delete from pedro.opt_out where person_hash = $1", person).execute(db).await?;
    Ok(())
}

/// The value kept under a name; `fresh` is kept, and returned, if there is none yet. Two processes get the same.
///
/// # Errors
/// When the statement fails.
pub async fn ensure_setting(db: impl PgExecutor<'_>, name: &str, fresh: &[u8]) -> Result<Vec<u8>, StoreError> {
    let value = sqlx::query_scalar!(
        "insert into pedro.setting (name, value) values ($1, $2)
         on conflict (name) do update set value = setting.value returning value",
        name,
        fresh
    )
    .fetch_one(db)
    .await?;
    Ok(value)
}
