//! `pedro.community` and `pedro.channel`: who shares a memory, and where its lines are written.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::StoreError;
use crate::chat::{ChannelId, ChannelKey, Chattiness, CommunityId, Platform};

/// A channel as the database knows it.
#[derive(Debug, Clone)]
pub struct ChannelRow {
    /// Row id.
    pub id: ChannelId,
    /// The community whose memory it feeds.
    pub community_id: CommunityId,
    /// Platform of the channel.
    pub platform: Platform,
    /// The platform's id of the channel.
    pub platform_channel_id: String,
    /// The name as people see it.
    pub name: String,
    /// How much Pedro speaks here.
    pub chattiness: Chattiness,
    /// Pedro keeps quiet until then.
    pub paused_until: Option<DateTime<Utc>>,
}

impl ChannelRow {
    /// Platform and id, as adapters name the channel.
    pub fn key(&self) -> ChannelKey {
        ChannelKey { platform: self.platform, platform_channel_id: self.platform_channel_id.clone() }
    }
}

/// The id of the community with this name, made if it is new. A time zone (IANA name) given replaces the stored one.
///
/// # Errors
/// When the statement fails.
pub async fn ensure_community(
    db: impl PgExecutor<'_>,
    name: &str,
    time_zone: Option<&str>,
) -> Result<CommunityId, StoreError> {
    let row = sqlx::query!(
        r#"insert into pedro.community (name, time_zone) values ($1, coalesce($2, 'UTC'))
           on conflict (name) do update set time_zone = coalesce($2, community.time_zone)
           returning id"#,
        name,
        time_zone
    )
    .fetch_one(db)
    .await?;
    Ok(CommunityId(row.id))
}

/// The community with this name: its id and the IANA name of its time zone.
///
/// # Errors
/// When the statement fails.
pub async fn find_community(db: impl PgExecutor<'_>, name: &str) -> Result<Option<(CommunityId, String)>, StoreError> {
    let row =
        sqlx::query!("select id, time_zone from pedro.community where name = $1", name).fetch_optional(db).await?;
    Ok(row.map(|row| (CommunityId(row.id), row.time_zone)))
}

/// Names of all communities, in order.
///
/// # Errors
/// When the statement fails.
pub async fn community_names(db: impl PgExecutor<'_>) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar!("select name from pedro.community order by name").fetch_all(db).await?)
}

/// The channel with this key, made if it is new, with the chattiness given. Name and community
/// follow the configuration.
///
/// # Errors
/// When the statement fails.
pub async fn ensure(
    db: impl PgExecutor<'_>,
    community: CommunityId,
    key: &ChannelKey,
    name: &str,
    chattiness: Chattiness,
) -> Result<ChannelRow, StoreError> {
    let row = sqlx::query_as!(
        ChannelRow,
        r#"insert into pedro.channel (community_id, platform, platform_channel_id, name, chattiness)
           values ($1, $2, $3, $4, $5)
           on conflict (platform, platform_channel_id)
               do update set name = excluded.name, community_id = excluded.community_id
           returning id, community_id, platform as "platform: Platform", platform_channel_id, name,
               chattiness as "chattiness: Chattiness", paused_until"#,
        community.0,
        key.platform as Platform,
        key.platform_channel_id,
        name,
        chattiness as Chattiness
    )
    .fetch_one(db)
    .await?;
    Ok(row)
}

/// Keeps Pedro quiet in a channel until a moment; `None` ends the pause.
///
/// # Errors
/// When the statement fails.
pub async fn set_pause(db: impl PgExecutor<'_>, id: ChannelId, until: Option<DateTime<Utc>>) -> Result<(), StoreError> {
    sqlx::query!("update pedro.channel set paused_until = $2 where id = $1", id.0, until).execute(db).await?;
    Ok(())
}

/// Says whether everybody in the community can read a channel. What is said elsewhere is evidence only there.
///
/// # Errors
/// When the statement fails.
pub async fn set_public(db: impl PgExecutor<'_>, id: ChannelId, public: bool) -> Result<(), StoreError> {
    sqlx::query!("update pedro.channel set public = $2 where id = $1", id.0, public).execute(db).await?;
    Ok(())
}

/// The channels whose lines everybody in `place` can read: the community's public ones, and the place itself.
///
/// # Errors
/// When the statement fails.
pub async fn readable_from(
    db: impl PgExecutor<'_>,
    community: CommunityId,
    place: Option<ChannelId>,
) -> Result<Vec<ChannelId>, StoreError> {
    let ids = sqlx::query_scalar!(
        "select id from pedro.channel where community_id = $1 and (public or id = $2) order by id",
        community.0,
        place.map(|place| place.0)
    )
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().map(ChannelId).collect())
}

/// Notes that nothing was heard in a channel between two moments; without the first, since its last stored line.
///
/// # Errors
/// When the statement fails.
pub async fn insert_gap(
    db: impl PgExecutor<'_>,
    id: ChannelId,
    began_at: Option<DateTime<Utc>>,
    ended_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into pedro.gap (channel_id, began_at, ended_at)
         values ($1, coalesce($2, (select max(sent_at) from pedro.message where channel_id = $1)), $3)",
        id.0,
        began_at,
        ended_at
    )
    .execute(db)
    .await?;
    Ok(())
}
