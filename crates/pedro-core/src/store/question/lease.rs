//! A question in somebody's hands: held by a lease that a crash lets go, fenced by the lease's owner when something is
//! written.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::{Origin, Reach};
use crate::chat::{ChannelId, CommunityId, Platform, QuestionId, TrainedPromptId};
use crate::store::StoreError;

/// How long a worker holds a question without a sign of life.
pub const LEASE: Duration = Duration::from_secs(15);

/// A lease that ends sooner was not renewed for some time: whoever held it is gone, most likely.
const UNATTENDED: Duration = Duration::from_secs(10);

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
    /// Somebody asked for a plan.
    pub wants_plan: bool,
    /// How often it was put again.
    pub round: i32,
    /// Names its workflow page.
    pub workflow_id: Uuid,
    /// What made it a question.
    pub origin: Origin,
    /// The trained prompt that it was taken for.
    pub trained_prompt: Option<TrainedPromptId>,
    /// The fence: what is written for this question is written under this owner.
    pub lease_owner: Uuid,
}

/// Takes the next question within reach, but for those that this process holds already (their leases may have run out
/// while the database was away): first those whose answer only has to be sent, then the fairest turn. A question that
/// was begun and whose lease ran out is taken again; one that is older than `expiry` and has no answer is not. Of
/// those that a dead process held the leases run out one after the other: later questions wait for earlier ones.
///
/// # Errors
/// When the statement fails.
pub async fn claim(
    db: impl PgExecutor<'_>,
    reach: &Reach,
    held: &[i64],
    expiry: Duration,
) -> Result<Option<Question>, StoreError> {
    let owner = Uuid::new_v4();
    let question = sqlx::query_as!(
        Question,
        r#"update pedro.question
           set status = case when answer is null then 'working' else 'sending' end,
               attempts = attempts + 1, lease_owner = $3, lease_until = now() + make_interval(secs => $4)
           where id = (
               select question.id from pedro.question join pedro.question_order using (id)
               where (question.platform = $1 or channel_id = any($2))
                   and (question.status = 'queued' or question.lease_until < now())
                   and (not_before is null or not_before < now()) and question.id <> all($5)
                   and (answer is not null or asked_at > now() - make_interval(secs => $6))
                   and (answer is not null or not exists (
                       select from pedro.question as earlier join pedro.question_order as place using (id)
                       where (earlier.platform = $1 or earlier.channel_id = any($2))
                           and earlier.status = 'working' and earlier.id <> all($5)
                           and earlier.lease_until between now() and now() + make_interval(secs => $7)
                           and (place.turn, place.id) < (question_order.turn, question_order.id)
                   ))
               -- an answer that the platform did not take does not keep the others waiting
               order by (answer is null), case when answer is not null then not_before end nulls first, turn, question.id
               limit 1 for update of question skip locked
           )
           returning id, community_id, channel_id, platform_message_id, ephemeral, asker_name, text, reply_target,
               attempts, asked_at, answer, pieces_sent, wants_plan, round, workflow_id, origin as "origin: Origin",
               trained_prompt_id as "trained_prompt: TrainedPromptId", lease_owner as "lease_owner!""#,
        reach.everywhere as Option<Platform>,
        &reach.channels,
        owner,
        LEASE.as_secs_f64(),
        held,
        expiry.as_secs_f64(),
        UNATTENDED.as_secs_f64()
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
/// [`StoreError::LeaseLost`] if somebody else has the question, or it was cancelled.
pub async fn note_pieces(db: impl PgExecutor<'_>, id: QuestionId, owner: Uuid, pieces: i32) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update pedro.question set pieces_sent = $3 where id = $1 and lease_owner = $2",
        id.0,
        owner,
        pieces
    )
    .execute(db)
    .await?;
    fenced(done.rows_affected())
}

/// How a question ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The answer is out.
    Answered,
    /// It was given up, and the asker told so.
    Failed,
    /// Nobody put it to Pedro, and there is nothing to say to it.
    Unsaid,
}

/// Ends a question. The row of somebody who opted out of storage goes.
///
/// # Errors
/// [`StoreError::LeaseLost`] if somebody else has the question, or it was cancelled.
pub async fn finish(
    connection: &mut PgConnection,
    id: QuestionId,
    owner: Uuid,
    ending: Ending,
) -> Result<(), StoreError> {
    let status = match ending {
        Ending::Answered => "answered",
        Ending::Failed => "failed",
        Ending::Unsaid => "cancelled",
    };
    let done = sqlx::query!(
        "update pedro.question set status = $3, finished_at = now(), lease_owner = null, lease_until = null
         where id = $1 and lease_owner = $2",
        id.0,
        owner,
        status
    )
    .execute(&mut *connection)
    .await?;
    fenced(done.rows_affected())?;
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

fn fenced(rows: u64) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
}
