//! `pedro.event_switch`: which events moderators have switched on or off.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::StoreError;
use crate::chat::CommunityId;

/// What was said of an event last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// The event's name.
    pub name: String,
    /// On or off.
    pub is_on: bool,
    /// When.
    pub switched_at: DateTime<Utc>,
}

/// The switches of a community.
///
/// # Errors
/// When the statement fails.
pub async fn of_community(db: impl PgExecutor<'_>, community: CommunityId) -> Result<Vec<Switch>, StoreError> {
    let switches = sqlx::query_as!(
        Switch,
        "select name, is_on, switched_at from pedro.event_switch where community_id = $1 order by name",
        community.0
    );
    Ok(switches.fetch_all(db).await?)
}

/// Switches an event on or off.
///
/// # Errors
/// When the statement fails.
pub async fn set(db: impl PgExecutor<'_>, community: CommunityId, name: &str, is_on: bool) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into pedro.event_switch (community_id, name, is_on) values ($1, $2, $3)
         on conflict (community_id, name) do update set is_on = excluded.is_on, switched_at = now()",
        community.0,
        name,
        is_on
    )
    .execute(db)
    .await?;
    Ok(())
}
