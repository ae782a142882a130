//! `pedro.api_token_use`: what was bought of models that answer for money, by community and day.

use chrono::NaiveDate;
use sqlx::PgExecutor;

use super::StoreError;
use crate::chat::CommunityId;

/// Takes tokens out of a day's budget before they are spent: two processes that ask at once do not spend more than there
/// is. False if so many are not left.
///
/// # Errors
/// When the statement fails.
pub async fn reserve(
    db: impl PgExecutor<'_>,
    community: CommunityId,
    day: NaiveDate,
    tokens: i64,
    limit: i64,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "insert into pedro.api_token_use as spent (community_id, day, tokens)
         select $1, $2, $3 where $3::bigint <= $4::bigint
         on conflict (community_id, day) do update set tokens = spent.tokens + $3 where spent.tokens + $3 <= $4",
        community.0,
        day,
        tokens,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Corrects what was reserved by what was really spent.
///
/// # Errors
/// When the statement fails.
pub async fn settle(
    db: impl PgExecutor<'_>,
    community: CommunityId,
    day: NaiveDate,
    reserved: i64,
    spent: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update pedro.api_token_use set tokens = greatest(tokens + $3, 0) where community_id = $1 and day = $2",
        community.0,
        day,
        spent - reserved
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Tokens of a day, those that are reserved among them.
///
/// # Errors
/// When the statement fails.
pub async fn of_day(db: impl PgExecutor<'_>, community: CommunityId, day: NaiveDate) -> Result<i64, StoreError> {
    let tokens = sqlx::query_scalar!(
        "select tokens from pedro.api_token_use where community_id = $1 and day = $2",
        community.0,
        day
    );
    Ok(tokens.fetch_optional(db).await?.unwrap_or(0))
}
