//! What moderators and the operator set for a channel.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use crate::chat::{ChannelId, Chattiness, CommunityId, Platform};
use crate::store::StoreError;

/// A channel with what is set for it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ChannelSettings {
    /// Row id.
    #[serde(skip)]
    pub id: ChannelId,
    /// Platform of the channel.
    pub platform: Platform,
    /// The platform's id of the channel.
    pub platform_channel_id: String,
    /// The name as people see it.
    pub name: String,
    /// How much Pedro speaks here.
    pub chattiness: Chattiness,
    /// Whether questions may be planned.
    pub agentic: bool,
    /// Pedro keeps quiet until then.
    pub paused_until: Option<DateTime<Utc>>,
    /// Days after which its lines are deleted; `None`: as its community has it.
    pub retention_days: Option<i32>,
}

/// The channels of a community where chat goes on, without Pedro's own threads and direct messages, by platform and name.
///
/// # Errors
/// When the statement fails.
pub async fn settings(db: impl PgExecutor<'_>, community: CommunityId) -> Result<Vec<ChannelSettings>, StoreError> {
    let channels = sqlx::query_as!(
        ChannelSettings,
        r#"select id, platform as "platform: Platform", platform_channel_id, name, chattiness as "chattiness: Chattiness",
               agentic, paused_until, retention_days
           from pedro.channel
           where community_id = $1 and platform in ('twitch', 'discord') and not own_thread
           order by platform desc, name, id"#,
        community.0
    );
    Ok(channels.fetch_all(db).await?)
}

/// Keeps Pedro quiet in a channel until a moment; `None` ends the pause.
///
/// # Errors
/// When the statement fails.
pub async fn set_pause(db: impl PgExecutor<'_>, id: ChannelId, until: Option<DateTime<Utc>>) -> Result<(), StoreError> {
    sqlx::query!("update pedro.channel set paused_until = $2 where id = $1", id.0, until).execute(db).await?;
    Ok(())
}

/// Says how much Pedro speaks in a channel.
///
/// # Errors
/// When the statement fails.
pub async fn set_chattiness(db: impl PgExecutor<'_>, id: ChannelId, chattiness: Chattiness) -> Result<(), StoreError> {
    sqlx::query!("update pedro.channel set chattiness = $2 where id = $1", id.0, chattiness as Chattiness)
        .execute(db)
        .await?;
    Ok(())
}

/// Switches planning on or off in a channel.
///
/// # Errors
/// When the statement fails.
pub async fn set_agentic(db: impl PgExecutor<'_>, id: ChannelId, on: bool) -> Result<(), StoreError> {
    sqlx::query!("update pedro.channel set agentic = $2 where id = $1", id.0, on).execute(db).await?;
    Ok(())
}

/// Sets after how many days the lines of a channel are deleted; `None`: as its community has it.
///
/// # Errors
/// When the statement fails.
pub async fn set_retention(db: impl PgExecutor<'_>, id: ChannelId, days: Option<i32>) -> Result<(), StoreError> {
    sqlx::query!("update pedro.channel set retention_days = $2 where id = $1", id.0, days).execute(db).await?;
    Ok(())
}

/// The channels whose lines are deleted by age, and after how many days: their own number, else that of their community
/// among those given by name.
///
/// # Errors
/// When the statement fails.
pub async fn retention(
    db: impl PgExecutor<'_>,
    communities: &[(String, i32)],
) -> Result<Vec<(ChannelId, i32)>, StoreError> {
    let (names, days): (Vec<String>, Vec<i32>) = communities.iter().cloned().unzip();
    let rows = sqlx::query!(
        r#"select channel.id, coalesce(retention_days, configured.days) as "days!"
           from pedro.channel join pedro.community on community.id = community_id
           left join unnest($1::text[], $2::integer[]) as configured (name, days) on configured.name = community.name
           where coalesce(retention_days, configured.days) is not null order by channel.id"#,
        &names,
        &days
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (ChannelId(row.id), row.days)).collect())
}
