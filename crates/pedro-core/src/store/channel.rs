//! `pedro.community` and `pedro.channel`: who shares a memory, and where its lines are written.

mod settings;

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

pub use settings::{ChannelSettings, retention, set_agentic, set_chattiness, set_pause, set_retention, settings};

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
    /// A thread that Pedro opened, or a direct message.
    pub own_thread: bool,
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

/// A channel as its platform shows it.
#[derive(Debug, Clone)]
pub struct Seen<'a> {
    /// Platform and id.
    pub key: ChannelKey,
    /// The name as people see it.
    pub name: &'a str,
    /// Who can read it.
    pub audience: Audience,
    /// A thread that Pedro opened, or a direct message.
    pub own_thread: bool,
    /// The platform's id of the channel that it is a thread of.
    pub parent: Option<String>,
}

impl<'a> Seen<'a> {
    /// A channel that everybody can read.
    pub fn public(key: ChannelKey, name: &'a str) -> Self {
        Self { key, name, audience: Audience::Everybody, own_thread: false, parent: None }
    }
}

/// Who can read a channel. What is said there is evidence only where all readers belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Everybody in the community.
    Everybody,
    /// Those whom this text describes; two channels with the same text have the same readers.
    Some(String),
    /// Its own members, who are nobody else's: a direct message, a private thread.
    Members,
}

impl Audience {
    fn is_public(&self) -> bool {
        matches!(self, Self::Everybody)
    }

    fn description(&self) -> Option<&str> {
        match self {
            Self::Some(description) => Some(description),
            Self::Everybody | Self::Members => None,
        }
    }
}

/// The channel with this key, made if it is new: with what is set for the channel that it is a thread of, else with the
/// chattiness given. Name, readers and community follow what is seen; a thread that was Pedro's once stays so.
///
/// # Errors
/// When the statement fails.
pub async fn ensure(
    db: impl PgExecutor<'_>,
    community: CommunityId,
    seen: &Seen<'_>,
    chattiness: Chattiness,
) -> Result<ChannelRow, StoreError> {
    let row = sqlx::query_as!(
        ChannelRow,
        r#"insert into pedro.channel (community_id, platform, platform_channel_id, name, chattiness, public, audience,
                                      own_thread, agentic, retention_days)
           select $1, $2, $3, $4, coalesce(parent.chattiness, $5), $6, $7, $8, coalesce(parent.agentic, true),
               parent.retention_days
           from (values (true)) as always
           left join pedro.channel as parent on parent.platform = $2 and parent.platform_channel_id = $9
           on conflict (platform, platform_channel_id) do update
               set name = excluded.name, community_id = excluded.community_id, public = excluded.public,
                   audience = excluded.audience, own_thread = channel.own_thread or excluded.own_thread
           returning id, community_id, platform as "platform: Platform", platform_channel_id, name,
               chattiness as "chattiness: Chattiness", paused_until, own_thread"#,
        community.0,
        seen.key.platform as Platform,
        seen.key.platform_channel_id,
        seen.name,
        chattiness as Chattiness,
        seen.audience.is_public(),
        seen.audience.description(),
        seen.own_thread,
        seen.parent.as_deref()
    )
    .fetch_one(db)
    .await?;
    Ok(row)
}

/// A channel by its row.
///
/// # Errors
/// When the statement fails.
pub async fn find(db: impl PgExecutor<'_>, id: ChannelId) -> Result<Option<ChannelRow>, StoreError> {
    let row = sqlx::query_as!(
        ChannelRow,
        r#"select id, community_id, platform as "platform: Platform", platform_channel_id, name,
               chattiness as "chattiness: Chattiness", paused_until, own_thread
           from pedro.channel where id = $1"#,
        id.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row)
}

/// The platform's ids of the direct messages that are known.
///
/// # Errors
/// When the statement fails.
pub async fn direct(db: impl PgExecutor<'_>, platform: Platform) -> Result<Vec<String>, StoreError> {
    let ids = sqlx::query_scalar!(
        "select platform_channel_id from pedro.channel
         where platform = $1 and own_thread and not public and audience is null order by id",
        platform as Platform
    );
    Ok(ids.fetch_all(db).await?)
}

/// The channels whose lines everybody in `place` can read: the community's public ones, those with the very same
/// readers, and the place itself.
///
/// # Errors
/// When the statement fails.
pub async fn readable_from(
    db: impl PgExecutor<'_>,
    community: CommunityId,
    place: Option<ChannelId>,
) -> Result<Vec<ChannelId>, StoreError> {
    let ids = sqlx::query_scalar!(
        "select id from pedro.channel where community_id = $1
             and (public or id = $2 or audience = (select audience from pedro.channel as place where place.id = $2))
         order by id",
        community.0,
        place.map(|place| place.0)
    )
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().map(ChannelId).collect())
}

/// Notes that nothing was heard in a channel between two moments; without the first, since its last line that is stored,
/// but for Pedro's own: they tell nothing of what was heard, and may be stored before this is noted.
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
         values ($1, coalesce($2, (select max(sent_at) from pedro.message where channel_id = $1 and author_kind <> 'pedro' and sent_at < $3)), $3)",
        id.0,
        began_at,
        ended_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes up to where channels were heard: pairs of a channel and the platform's id of a line, for platforms whose ids are
/// numbers that grow with time. Lines that are not stored count too: they must not be fetched again.
///
/// # Errors
/// When the statement fails.
pub async fn note_heard(db: impl PgExecutor<'_>, channels: &[i64], ids: &[i64]) -> Result<(), StoreError> {
    sqlx::query!(
        "update pedro.channel set heard_to = heard.id
         from (
             select channel_id, max(id) as id from unnest($1::bigint[], $2::bigint[]) as line (channel_id, id)
             group by channel_id
         ) as heard
         where channel.id = heard.channel_id and coalesce(heard_to, 0) < heard.id",
        channels,
        ids
    )
    .execute(db)
    .await?;
    Ok(())
}

/// How far a channel is known: the platform's ids of lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Known {
    /// The line after which all is to be fetched; `None` if nothing was ever heard before the fetch.
    pub fetch_from: Option<i64>,
    /// The last line that was heard. Later than the other if a fetch was cut off.
    pub heard_to: Option<i64>,
}

/// From which line on a channel's messages are to be fetched. It stays so until [`end_fetch`], whatever is heard meanwhile: a
/// fetch that was cut off is begun again.
///
/// # Errors
/// When the statement fails.
pub async fn begin_fetch(db: impl PgExecutor<'_>, id: ChannelId) -> Result<Known, StoreError> {
    let known = sqlx::query_as!(
        Known,
        "update pedro.channel set fetch_from = coalesce(fetch_from, heard_to, 0) where id = $1
         returning nullif(fetch_from, 0) as fetch_from, heard_to",
        id.0
    );
    Ok(known.fetch_optional(db).await?.unwrap_or_default())
}

/// Everything that was missed in a channel was fetched.
///
/// # Errors
/// When the statement fails.
pub async fn end_fetch(db: impl PgExecutor<'_>, id: ChannelId) -> Result<(), StoreError> {
    sqlx::query!("update pedro.channel set fetch_from = null where id = $1", id.0).execute(db).await?;
    Ok(())
}
