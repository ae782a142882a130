//! Steps while they are carried out: under the lease on their question, and only by moves that the state machine allows.

use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::chat::{MessageId, PlanId};
use crate::plan::{Citation, PlanStatus, StepOutput, StepStatus};
use crate::store::StoreError;

/// How a step ended.
#[derive(Debug)]
pub enum Ended {
    /// It brought something.
    Succeeded(StepOutput),
    /// It brought nothing; why, in words for people.
    Failed(String),
}

/// Begins a step that is pending.
///
/// # Errors
/// [`StoreError::LeaseLost`] if somebody else has the question, or it was cancelled.
pub async fn start_step(db: impl PgExecutor<'_>, plan: PlanId, name: &str, owner: Uuid) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update pedro.plan_step as step set status = 'running', began_at = now(), ended_at = null
         from pedro.plan join pedro.question on question.id = question_id
         where plan.id = $1 and plan_id = plan.id and name = $2 and step.status = 'pending' and lease_owner = $3",
        plan.0,
        name,
        owner
    )
    .execute(db)
    .await?;
    held(done.rows_affected())
}

/// Passes a step over.
///
/// # Errors
/// [`StoreError::LeaseLost`] if somebody else has the question, or it was cancelled.
pub async fn skip_step(db: impl PgExecutor<'_>, plan: PlanId, name: &str, owner: Uuid) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update pedro.plan_step as step set status = 'skipped', ended_at = now()
         from pedro.plan join pedro.question on question.id = question_id
         where plan.id = $1 and plan_id = plan.id and name = $2 and step.status = 'pending' and lease_owner = $3",
        plan.0,
        name,
        owner
    )
    .execute(db)
    .await?;
    held(done.rows_affected())
}

/// Ends a step. Belongs in a transaction: result and provenance are kept together.
///
/// # Errors
/// [`StoreError::LeaseLost`] if somebody else has the question, or it was cancelled; [`StoreError::SourceForgotten`] if
/// something that the result was made from is gone.
pub async fn end_step(
    connection: &mut PgConnection,
    plan: PlanId,
    name: &str,
    owner: Uuid,
    ended: &Ended,
) -> Result<(), StoreError> {
    const NO_CITATIONS: &[Citation] = &[];
    const NO_SOURCES: &[MessageId] = &[];
    let (status, result, note, citations, sources) = match ended {
        Ended::Succeeded(output) => {
            let StepOutput { text, sources, citations, note } = output;
            (StepStatus::Succeeded, Some(text.replace('\0', "")), note.clone(), &**citations, &**sources)
        }
        Ended::Failed(why) => (StepStatus::Failed, None, Some(why.clone()), NO_CITATIONS, NO_SOURCES),
    };
    let position = sqlx::query_scalar!(
        "update pedro.plan_step as step set status = $4, result = $5, note = $6, citations = $7, ended_at = now()
         from pedro.plan join pedro.question on question.id = question_id
         where plan.id = $1 and plan_id = plan.id and name = $2 and step.status = 'running' and lease_owner = $3
         returning position",
        plan.0,
        name,
        owner,
        status as StepStatus,
        result,
        note,
        Json(citations) as _
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(position) = position else { return Err(StoreError::LeaseLost) };
    let sources: Vec<i64> = sources.iter().map(|id| id.0).collect();
    let written = sqlx::query!(
        "insert into pedro.plan_step_source (plan_id, position, message_id)
         select distinct $1::bigint, $2::integer, id from pedro.message where id = any($3) on conflict do nothing",
        plan.0,
        position,
        &sources
    )
    .execute(connection)
    .await?;
    let distinct: std::collections::HashSet<i64> = sources.into_iter().collect();
    if written.rows_affected() < distinct.len() as u64 { Err(StoreError::SourceForgotten) } else { Ok(()) }
}

/// Lets the steps begin again that a process left under way when it died.
///
/// # Errors
/// When the statement fails.
pub async fn reset_running(db: impl PgExecutor<'_>, plan: PlanId) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "update pedro.plan_step set status = 'pending', began_at = null where plan_id = $1 and status = 'running'",
        plan.0
    );
    Ok(done.execute(db).await?.rows_affected())
}

/// Ends a plan, with its last step if that is still under way.
///
/// # Errors
/// When a statement fails.
pub async fn close(connection: &mut PgConnection, plan: PlanId, status: PlanStatus) -> Result<(), StoreError> {
    let answer = match status {
        PlanStatus::Succeeded => StepStatus::Succeeded,
        PlanStatus::Failed => StepStatus::Failed,
        PlanStatus::Running | PlanStatus::Stopped | PlanStatus::Replaced => StepStatus::Skipped,
    };
    sqlx::query!(
        "update pedro.plan_step set status = $2, ended_at = now() where plan_id = $1 and status = 'running'",
        plan.0,
        answer as StepStatus
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "update pedro.plan_step set status = 'skipped', ended_at = now() where plan_id = $1 and status = 'pending'",
        plan.0
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "update pedro.plan set status = $2, ended_at = now() where id = $1 and status = 'running'",
        plan.0,
        status as PlanStatus
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How many plans ended with their questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Somebody stopped the question.
    pub stopped: i64,
    /// It failed, or was too late.
    pub failed: i64,
}

/// Ends the plans whose questions came to their end without them.
///
/// # Errors
/// When a statement fails.
pub async fn sweep(connection: &mut PgConnection) -> Result<Swept, StoreError> {
    let swept = sqlx::query_as!(
        Swept,
        r#"with ended as (
             update pedro.plan set ended_at = now(),
                 status = case question.status when 'cancelled' then 'stopped' else 'failed' end
             from pedro.question
             where question.id = question_id and plan.status = 'running'
                 and question.status in ('cancelled', 'failed', 'expired')
             returning plan.id, plan.status
         ), skipped as (
             update pedro.plan_step set status = 'skipped', ended_at = now()
             where plan_id in (select id from ended) and status in ('pending', 'running')
         )
         select count(*) filter (where status = 'stopped') as "stopped!",
                count(*) filter (where status = 'failed') as "failed!"
         from ended"#
    )
    .fetch_one(connection)
    .await?;
    Ok(swept)
}

fn held(rows: u64) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
}
