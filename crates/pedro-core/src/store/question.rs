//! `pedro.question`: what Pedro accepted to answer. The table is the queue: taken with `for update skip locked`,
//! held by a lease that a crash lets go, fenced by the lease's owner when something is written.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::StoreError;
use crate::chat::{ChannelId, CommunityId, Platform, QuestionId};

/// How long a worker holds a question without a sign of life.
pub const LEASE: Duration = Duration::from_secs(15);

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
        "insert into pedro.question (community_id, channel_id, platform, platform_message_id, ephemeral, asker_hash,
                                     asker_name, text, reply_target, asked_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
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
        new.asked_at
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

/// How many questions are accepted and not yet answered on a platform.
///
/// # Errors
/// When the statement fails.
pub async fn depth(db: impl PgExecutor<'_>, platform: Platform) -> Result<i64, StoreError> {
    let depth = sqlx::query_scalar!(
        r#"select count(*) as "depth!" from pedro.question
           where platform = $1 and status in ('queued', 'working', 'sending')"#,
        platform as Platform
    )
    .fetch_one(db)
    .await?;
    Ok(depth)
}

/// A question that a worker holds.
#[derive(Debug, Clone)]
pub struct Question {
    /// Row id.
    pub id: QuestionId,
    /// Whose memory answers.
    pub community_id: CommunityId,
    /// Where it was asked.
    pub channel_id: ChannelId,
    /// The line that asked.
    pub platform_message_id: String,
    /// Nothing of it may be stored.
    pub ephemeral: bool,
    /// The asker's name.
    pub asker_name: String,
    /// What is asked.
    pub text: String,
    /// What the adapter needs to answer.
    pub reply_target: serde_json::Value,
    /// How often it was begun, this time included.
    pub attempts: i32,
    /// When it was asked.
    pub asked_at: DateTime<Utc>,
    /// The answer, if it is made already and only has to be sent.
    pub answer: Option<String>,
    /// Pieces of the answer that were handed over already.
    pub pieces_sent: i32,
    /// The fence: what is written for this question is written under this owner.
    pub lease_owner: Uuid,
}

/// Takes the next question of a platform, but for those that this process holds already (their leases may have run
/// out while the database was away): first those whose answer only has to be sent, then the fairest turn.
/// A question that was begun and whose lease ran out is taken again.
///
/// # Errors
/// When the statement fails.
pub async fn claim(db: impl PgExecutor<'_>, platform: Platform, held: &[i64]) -> Result<Option<Question>, StoreError> {
    let owner = Uuid::new_v4();
    let question = sqlx::query_as!(
        Question,
        r#"update pedro.question
           set status = case when answer is null then 'working' else 'sending' end,
               attempts = attempts + 1, lease_owner = $2, lease_until = now() + make_interval(secs => $3)
           where id = (
               select question.id from pedro.question join pedro.question_order using (id)
               where question.platform = $1
                   and (question.status = 'queued' or question.lease_until < now())
                   and (not_before is null or not_before < now()) and question.id <> all($4)
               order by (answer is null), turn, question.id
               limit 1 for update of question skip locked
           )
           returning id, community_id, channel_id, platform_message_id, ephemeral, asker_name, text, reply_target,
               attempts, asked_at, answer, pieces_sent, lease_owner as "lease_owner!""#,
        platform as Platform,
        owner,
        LEASE.as_secs_f64(),
        held
    )
    .fetch_optional(db)
    .await?;
    Ok(question)
}

/// Says that a worker is still at it.
///
/// # Errors
/// [`StoreError::LeaseLost`] if somebody else has it, or it was cancelled.
pub async fn renew(db: impl PgExecutor<'_>, id: QuestionId, owner: Uuid) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update pedro.question set lease_until = now() + make_interval(secs => $3)
         where id = $1 and lease_owner = $2 and status in ('working', 'sending')",
        id.0,
        owner,
        LEASE.as_secs_f64()
    )
    .execute(db)
    .await?;
    fenced(done.rows_affected())
}

/// Keeps the answer before it is sent: after a crash it is sent, not made again. Belongs in the transaction that
/// stores the generation.
///
/// # Errors
/// [`StoreError::LeaseLost`] if somebody else has the question, or it was cancelled.
pub async fn keep_answer(
    connection: &mut PgConnection,
    id: QuestionId,
    owner: Uuid,
    answer: &str,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update pedro.question set answer = $3, status = 'sending'
         where id = $1 and lease_owner = $2 and status = 'working'",
        id.0,
        owner,
        answer
    )
    .execute(connection)
    .await?;
    fenced(done.rows_affected())
}

/// Notes how many pieces of the answer the platform has taken.
///
/// # Errors
/// When the statement fails.
pub async fn note_pieces(db: impl PgExecutor<'_>, id: QuestionId, pieces: i32) -> Result<(), StoreError> {
    sqlx::query!("update pedro.question set pieces_sent = $2 where id = $1", id.0, pieces).execute(db).await?;
    Ok(())
}

/// How a question ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The answer is out.
    Answered,
    /// It was given up, and the asker told so.
    Failed,
    /// It waited too long, and the asker was told so.
    Expired,
}

/// Ends a question. The row of somebody who opted out of storage goes.
///
/// # Errors
/// When a statement fails.
pub async fn finish(connection: &mut PgConnection, id: QuestionId, ending: Ending) -> Result<(), StoreError> {
    let status = match ending {
        Ending::Answered => "answered",
        Ending::Failed => "failed",
        Ending::Expired => "expired",
    };
    sqlx::query!(
        "update pedro.question set status = $2, finished_at = now(), lease_owner = null, lease_until = null
         where id = $1 and status <> 'cancelled'",
        id.0,
        status
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("delete from pedro.question where id = $1 and ephemeral", id.0).execute(connection).await?;
    Ok(())
}

/// Puts a question back. `counts` says whether the attempt was one of the three.
///
/// # Errors
/// [`StoreError::LeaseLost`] if somebody else has it, or it was cancelled.
pub async fn release(
    db: impl PgExecutor<'_>,
    id: QuestionId,
    owner: Uuid,
    wait: Duration,
    counts: bool,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update pedro.question set status = case when answer is null then 'queued' else 'sending' end,
             lease_owner = null, lease_until = now(), not_before = now() + make_interval(secs => $3),
             attempts = attempts - case when $4 then 0 else 1 end
         where id = $1 and lease_owner = $2",
        id.0,
        owner,
        wait.as_secs_f64(),
        counts
    )
    .execute(db)
    .await?;
    fenced(done.rows_affected())
}

/// True for the first who asks: the asker is told once that the model is away.
///
/// # Errors
/// When the statement fails.
pub async fn first_trouble(db: impl PgExecutor<'_>, id: QuestionId) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update pedro.question set trouble_told_at = now() where id = $1 and trouble_told_at is null",
        id.0
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
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
}

/// The questions that were asked more than `patience` ago and whose askers have not been told that it takes longer.
/// They are marked as told: each comes once, over all restarts.
///
/// # Errors
/// When the statement fails.
pub async fn take_unacknowledged(
    db: impl PgExecutor<'_>,
    platform: Platform,
    patience: Duration,
) -> Result<Vec<Waiting>, StoreError> {
    let rows = sqlx::query_as!(
        Waiting,
        "update pedro.question set acknowledged_at = now()
         where platform = $1 and status in ('queued', 'working') and acknowledged_at is null and trouble_told_at is null
             and asked_at < now() - make_interval(secs => $2)
         returning id, channel_id, reply_target, ephemeral",
        platform as Platform,
        patience.as_secs_f64()
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}

/// Ends the questions that nobody began within `limit`. They are returned so that their askers are told.
///
/// # Errors
/// When the statement fails.
pub async fn take_expired(
    db: impl PgExecutor<'_>,
    platform: Platform,
    limit: Duration,
) -> Result<Vec<Waiting>, StoreError> {
    let rows = sqlx::query_as!(
        Waiting,
        "update pedro.question set status = 'expired', finished_at = now()
         where platform = $1 and answer is null and (status = 'queued' or lease_until < now()) and asked_at < now() - make_interval(secs => $2)
         returning id, channel_id, reply_target, ephemeral",
        platform as Platform,
        limit.as_secs_f64()
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}

/// Lets nothing of a person's open questions be kept: they opted out of storage meanwhile. With `cancel` they are not
/// answered either.
///
/// # Errors
/// When the statement fails.
pub async fn opt_out(db: impl PgExecutor<'_>, asker_hash: &[u8], cancel: bool) -> Result<(), StoreError> {
    sqlx::query!(
        "update pedro.question set ephemeral = ephemeral or not $2,
             status = case when $2 then 'cancelled' else status end,
             lease_owner = case when $2 then null else lease_owner end
         where asker_hash = $1 and status in ('queued', 'working', 'sending')",
        asker_hash,
        cancel
    )
    .execute(db)
    .await?;
    Ok(())
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

/// Cancels everything open in a channel; what runs notices by its lost lease. How many there were.
///
/// # Errors
/// When the statement fails.
pub async fn cancel_channel(db: impl PgExecutor<'_>, channel: ChannelId) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "update pedro.question set status = 'cancelled', finished_at = now(), lease_owner = null, lease_until = null
         where channel_id = $1 and status in ('queued', 'working', 'sending')",
        channel.0
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes what is left of questions that must not be kept: ended ones of people who opted out.
///
/// # Errors
/// When the statement fails.
pub async fn sweep_ephemeral(db: impl PgExecutor<'_>) -> Result<(), StoreError> {
    sqlx::query!("delete from pedro.question where ephemeral and status not in ('queued', 'working', 'sending')")
        .execute(db)
        .await?;
    Ok(())
}

fn fenced(rows: u64) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
}
