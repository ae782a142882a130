//! A question gets its row, within the limits, and is settled in its place or taken back.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::chat::{ChannelId, CommunityId, Platform, QuestionId};
use crate::speech::ReplyTarget;
use crate::store::StoreError;

/// A question before it has a row.
#[derive(Debug, Clone)]
pub struct NewQuestion<'a> {
    /// Whose memory answers.
    pub community: CommunityId,
    /// Where it was asked.
    pub channel: ChannelId,
    /// Platform of the channel.
    pub platform: Platform,
    /// The line that asked.
    pub platform_message_id: &'a str,
    /// Delete the row once it is answered: the asker opted out of storage.
    pub ephemeral: bool,
    /// Keyed hash of the asker's user id.
    pub asker_hash: &'a [u8],
    /// The asker's name, for the prompt.
    pub asker_name: &'a str,
    /// What is asked.
    pub text: &'a str,
    /// What the adapter needs to answer.
    pub reply_target: serde_json::Value,
    /// When it was asked, by the platform's clock.
    pub asked_at: DateTime<Utc>,
    /// Nobody begins it before so long has passed.
    pub hold: Duration,
    /// Somebody asked for a plan.
    pub wants_plan: bool,
}

/// How much may be asked.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Open questions of one person.
    pub open_per_person: i64,
    /// Questions of one person within an hour.
    pub hourly_per_person: i64,
    /// Open questions of a community.
    pub queue: i64,
}

/// What became of a question that somebody put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It has a row, and this many are before it.
    Queued {
        /// The row.
        id: QuestionId,
        /// Open questions ahead of it.
        ahead: i64,
    },
    /// The line has a row already.
    Known,
    /// The person has an open question.
    StillOpen,
    /// The person asked enough within the hour.
    HourlyLimit,
    /// The queue is full.
    QueueFull,
}

/// Writes a question, within the limits. Belongs in the transaction that stores its line.
///
/// # Errors
/// When a statement fails.
pub async fn accept(
    connection: &mut PgConnection,
    new: &NewQuestion<'_>,
    limits: &Limits,
) -> Result<Accepted, StoreError> {
    let counts = sqlx::query!(
        r#"select count(*) filter (where asker_hash = $1 and status in ('queued', 'working', 'sending')) as "open!",
               count(*) filter (where asker_hash = $1 and asked_at > now() - interval '1 hour') as "hourly!",
               count(*) filter (where community_id = $2 and status in ('queued', 'working', 'sending')) as "queue!",
               coalesce(bool_or(platform = $3 and platform_message_id = $4), false) as "known!"
           from pedro.question
           where status in ('queued', 'working', 'sending') or (asker_hash = $1 and asked_at > now() - interval '1 hour')
               or (platform = $3 and platform_message_id = $4)"#,
        new.asker_hash,
        new.community.0,
        new.platform as Platform,
        new.platform_message_id
    )
    .fetch_one(&mut *connection)
    .await?;
    if counts.known {
        return Ok(Accepted::Known);
    }
    if counts.open >= limits.open_per_person {
        return Ok(Accepted::StillOpen);
    }
    if counts.hourly >= limits.hourly_per_person {
        return Ok(Accepted::HourlyLimit);
    }
    if counts.queue >= limits.queue {
        return Ok(Accepted::QueueFull);
    }
    let id = sqlx::query_scalar!(
        "insert into pedro.question (community_id, channel_id, asked_in, platform, platform_message_id, ephemeral, asker_hash,
                                     asker_name, text, reply_target, asked_at, not_before, wants_plan)
         values ($1, $2, $2, $3, $4, $5, $6, $7, $8, $9, $10, now() + make_interval(secs => $11), $12)
         on conflict (platform, platform_message_id) do nothing returning id",
        new.community.0,
        new.channel.0,
        new.platform as Platform,
        new.platform_message_id,
        new.ephemeral,
        new.asker_hash,
        new.asker_name,
        new.text,
        new.reply_target,
        new.asked_at,
        new.hold.as_secs_f64(),
        new.wants_plan
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(id) = id.map(QuestionId) else { return Ok(Accepted::Known) };
    let ahead = ahead(connection, id).await?;
    Ok(Accepted::Queued { id, ahead })
}

/// How many open questions will be answered before this one. The model is shared, so those of other platforms count.
///
/// # Errors
/// When the statement fails.
pub async fn ahead(db: impl PgExecutor<'_>, id: QuestionId) -> Result<i64, StoreError> {
    let ahead = sqlx::query_scalar!(
        r#"select count(*) as "ahead!" from pedro.question_order as other, pedro.question_order as mine
           where mine.id = $1 and other.id <> mine.id
               and (other.waiting, other.turn, other.id) < (mine.waiting, mine.turn, mine.id)"#,
        id.0
    )
    .fetch_one(db)
    .await?;
    Ok(ahead)
}

/// Takes a question back that was just accepted.
///
/// # Errors
/// When the statement fails.
pub async fn withdraw(db: impl PgExecutor<'_>, id: QuestionId) -> Result<(), StoreError> {
    sqlx::query!("delete from pedro.question where id = $1", id.0).execute(db).await?;
    Ok(())
}

/// Says where a question that was just accepted is answered, and lets it be begun. Its line goes there too: the talk
/// begins with it.
///
/// # Errors
/// When the statement fails.
pub async fn settle(
    db: impl PgExecutor<'_>,
    platform: Platform,
    platform_message_id: &str,
    channel: ChannelId,
    target: &ReplyTarget,
) -> Result<(), StoreError> {
    sqlx::query!(
        "with settled as (
             update pedro.question set channel_id = $3, reply_target = $4, not_before = null
             where platform = $1 and platform_message_id = $2 and status = 'queued' returning id, asked_in
         ), as_there as (
             -- what is switched in a channel holds in the threads that are opened for its questions
             update pedro.channel set agentic = parent.agentic from settled join pedro.channel as parent on parent.id = asked_in
             where channel.id = $3 and channel.id <> asked_in
         ), moved as (
             update pedro.message set channel_id = $3
             where platform = $1 and platform_message_id = $2 and exists (select from settled) returning id
         )
         update pedro.message_embedding set channel_id = $3 where message_id in (select id from moved)",
        platform as Platform,
        platform_message_id,
        channel.0,
        serde_json::to_value(target).unwrap_or_default()
    )
    .execute(db)
    .await?;
    Ok(())
}
