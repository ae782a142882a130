//! `pedro.question`: what Pedro accepted to answer. The table is the queue: a question is accepted here, taken and ended
//! under a lease (`lease`), and told about while it waits.

mod again;
mod lease;
mod own;
mod unasked;

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

pub use again::{Planning, Standing, cancel, last_ended, note_acknowledged, planning, standing};
pub use lease::{Ending, LEASE, Question, claim, finish, first_trouble, keep_answer, note_pieces, release, renew};
pub use own::{OwnQuestion, of_person};
pub use unasked::{Origin, drop_unbegun, is_unasked, may_overhear, note_unasked};

use super::StoreError;
use crate::chat::{ChannelId, CommunityId, Platform, QuestionId};
use crate::speech::ReplyTarget;

/// Whose askers a process can speak to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// The platform in whose every channel it can speak.
    pub everywhere: Option<Platform>,
    /// Rows of the channels that it is in besides.
    pub channels: Vec<i64>,
}

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

/// Whether the question that a line asked is still to be answered. False if the line asked none.
///
/// # Errors
/// When the statement fails.
pub async fn is_open(
    db: impl PgExecutor<'_>,
    platform: Platform,
    platform_message_id: &str,
) -> Result<bool, StoreError> {
    let open = sqlx::query_scalar!(
        r#"select exists (
               select from pedro.question
               where platform = $1 and platform_message_id = $2 and status in ('queued', 'working', 'sending')
           ) as "open!""#,
        platform as Platform,
        platform_message_id
    )
    .fetch_one(db)
    .await?;
    Ok(open)
}

/// The questions that are accepted and not yet answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Open {
    /// How many.
    pub count: i64,
    /// Seconds since the oldest of them was asked, or put again; 0 if there is none.
    pub oldest: f64,
}

/// What is open within reach.
///
/// # Errors
/// When the statement fails.
pub async fn open(db: impl PgExecutor<'_>, reach: &Reach) -> Result<Open, StoreError> {
    let open = sqlx::query_as!(
        Open,
        r#"select count(*) as "count!",
                  coalesce(extract(epoch from now() - min(asked_at)), 0)::float8 as "oldest!"
           from pedro.question
           where (platform = $1 or channel_id = any($2))
               and status in ('queued', 'working', 'sending')"#,
        reach.everywhere as Option<Platform>,
        &reach.channels
    )
    .fetch_one(db)
    .await?;
    Ok(open)
}

/// A question whose asker is to be told something.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Row id.
    pub id: QuestionId,
    /// Where it was asked.
    pub channel_id: ChannelId,
    /// What the adapter needs to answer.
    pub reply_target: serde_json::Value,
    /// Nothing of it may be stored.
    pub ephemeral: bool,
    /// How often it was put again.
    pub round: i32,
    /// The platform's id of the message that shows how it fares.
    pub shown_message_id: Option<String>,
}

/// The questions that were asked more than `patience` ago and whose askers have not been told that it takes longer.
/// They are marked as told: each comes once, over all restarts.
///
/// # Errors
/// When the statement fails.
pub async fn take_unacknowledged(
    db: impl PgExecutor<'_>,
    reach: &Reach,
    patience: Duration,
) -> Result<Vec<Waiting>, StoreError> {
    let rows = sqlx::query_as!(
        Waiting,
        "update pedro.question set acknowledged_at = now()
         where (platform = $1 or channel_id = any($2)) and status in ('queued', 'working') and origin = 'addressed'
             and (not_before is null or not_before < now())
             and acknowledged_at is null and trouble_told_at is null and asked_at < now() - make_interval(secs => $3)
         returning id, channel_id, reply_target, ephemeral, shown_message_id, round",
        reach.everywhere as Option<Platform>,
        &reach.channels,
        patience.as_secs_f64()
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}

/// Those of some questions that nobody has begun.
///
/// # Errors
/// When the statement fails.
pub async fn queued_of(db: impl PgExecutor<'_>, ids: &[QuestionId]) -> Result<Vec<Waiting>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        Waiting,
        "select id, channel_id, reply_target, ephemeral, shown_message_id, round from pedro.question
         where id = any($1) and status = 'queued'",
        &ids
    );
    Ok(rows.fetch_all(db).await?)
}

/// Ends the questions that nobody began within `limit`. They are returned so that their askers are told.
///
/// # Errors
/// When the statement fails.
pub async fn take_expired(db: impl PgExecutor<'_>, reach: &Reach, limit: Duration) -> Result<Vec<Waiting>, StoreError> {
    let rows = sqlx::query_as!(
        Waiting,
        "update pedro.question set status = 'expired', finished_at = now(), lease_owner = null, lease_until = null
         where (platform = $1 or channel_id = any($2)) and answer is null and origin = 'addressed'
             and (status = 'queued' or status in ('working', 'sending') and lease_until < now())
             and asked_at < now() - make_interval(secs => $3)
         returning id, channel_id, reply_target, ephemeral, shown_message_id, round",
        reach.everywhere as Option<Platform>,
        &reach.channels,
        limit.as_secs_f64()
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}

/// Lets nothing of a person's open questions be kept: they opted out of storage meanwhile.
///
/// # Errors
/// When the statement fails.
pub async fn keep_nothing(db: impl PgExecutor<'_>, asker_hash: &[u8]) -> Result<(), StoreError> {
    sqlx::query!(
        "update pedro.question set ephemeral = true
         where asker_hash = $1 and status in ('queued', 'working', 'sending')",
        asker_hash
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Cancels a person's open questions; what runs notices by its lost lease. They are returned so that nothing is left
/// standing of them.
///
/// # Errors
/// When the statement fails.
pub async fn cancel_person(db: impl PgExecutor<'_>, asker_hash: &[u8]) -> Result<Vec<Waiting>, StoreError> {
    let rows = sqlx::query_as!(
        Waiting,
        "update pedro.question set status = 'cancelled', finished_at = now(), lease_owner = null, lease_until = null
         where asker_hash = $1 and status in ('queued', 'working', 'sending')
         returning id, channel_id, reply_target, ephemeral, shown_message_id, round",
        asker_hash
    );
    Ok(rows.fetch_all(db).await?)
}

/// Whether nothing of a question may be kept, as its row says now. Locks the row against a change until the
/// transaction ends.
///
/// # Errors
/// When the statement fails.
pub async fn is_ephemeral(connection: &mut PgConnection, id: QuestionId) -> Result<bool, StoreError> {
    let row = sqlx::query_scalar!("select ephemeral from pedro.question where id = $1 for share", id.0)
        .fetch_optional(connection)
        .await?;
    // A row that is gone was forgotten.
    Ok(row.unwrap_or(true))
}

/// Cancels everything open that is answered in a channel, or was asked there; what runs notices by its lost lease. They are
/// returned so that their askers are told.
///
/// # Errors
/// When the statement fails.
pub async fn cancel_channel(db: impl PgExecutor<'_>, channel: ChannelId) -> Result<Vec<Waiting>, StoreError> {
    let rows = sqlx::query_as!(
        Waiting,
        "update pedro.question set status = 'cancelled', finished_at = now(), lease_owner = null, lease_until = null
         where (channel_id = $1 or asked_in = $1) and status in ('queued', 'working', 'sending')
         returning id, channel_id, reply_target, ephemeral, shown_message_id, round",
        channel.0
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}

/// Clears away what nobody else does: ended questions of people who opted out, and questions of channels that no process
/// has been in for a day, which would stand before all others in the queue for ever.
///
/// # Errors
/// When a statement fails.
pub async fn sweep(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!(
        "update pedro.question set status = 'expired', finished_at = now(), lease_owner = null, lease_until = null
         where status in ('queued', 'working', 'sending') and asked_at < now() - interval '1 day'
             and (lease_until is null or lease_until < now())"
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("delete from pedro.question where ephemeral and status not in ('queued', 'working', 'sending')")
        .execute(connection)
        .await?;
    Ok(())
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

/// What is shown of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The platform's id of the message that shows it.
    pub platform_message_id: Option<String>,
    /// The digest of what it says.
    pub digest: Option<Vec<u8>>,
    /// Whether it still waits for its answer.
    pub is_open: bool,
}

/// What is shown of a question; `None` if it is gone.
///
/// # Errors
/// When the statement fails.
pub async fn shown(db: impl PgExecutor<'_>, id: QuestionId) -> Result<Option<Shown>, StoreError> {
    let shown = sqlx::query_as!(
        Shown,
        r#"select shown_message_id as platform_message_id, shown_digest as digest, status in ('queued', 'working', 'sending') as "is_open!"
           from pedro.question where id = $1"#,
        id.0
    );
    Ok(shown.fetch_optional(db).await?)
}

/// Notes the message that shows a question, and what it says.
///
/// # Errors
/// When the statement fails.
pub async fn note_shown(
    db: impl PgExecutor<'_>,
    id: QuestionId,
    platform_message_id: &str,
    digest: &[u8],
) -> Result<(), StoreError> {
    sqlx::query!(
        "update pedro.question set shown_message_id = $2, shown_digest = $3 where id = $1",
        id.0,
        platform_message_id,
        digest
    )
    .execute(db)
    .await?;
    Ok(())
}
