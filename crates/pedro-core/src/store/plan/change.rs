//! What people change about plans that came to their end: the question goes back into the queue, and is answered anew.

use sqlx::PgConnection;

use super::{insert_unfenced, of_question};
use crate::chat::QuestionId;
use crate::plan::{Action, Origin, PlanStatus, StepEvent, StepStatus};
use crate::store::StoreError;

/// What became of a wish to change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// The question is answered anew.
    Queued,
    /// It is still being worked on.
    StillOpen,
    /// There is nothing of that kind to change.
    Nothing,
}

/// Answers a question anew, with a new plan if it had one.
///
/// # Errors
/// When a statement fails.
pub async fn retry_whole(connection: &mut PgConnection, question: QuestionId) -> Result<Changed, StoreError> {
    requeue(connection, question).await
}

/// Carries out again what failed or was never begun in a question's last plan, beside what it brought already. A question
/// whose plan has no such step is answered anew.
///
/// # Errors
/// When a statement fails.
pub async fn retry_failed(connection: &mut PgConnection, question: QuestionId) -> Result<Changed, StoreError> {
    let changed = requeue(connection, question).await?;
    if changed != Changed::Queued {
        return Ok(changed);
    }
    let Some(last) = of_question(connection, question).await?.pop() else { return Ok(changed) };
    let keeps = |status| matches!(status, StepStatus::Succeeded | StepStatus::Redundant);
    let again = last.steps.iter().any(|row| row.step.action != Action::ReturnResponse && !keeps(row.status));
    if !again {
        return Ok(changed);
    }
    let plan = insert_unfenced(connection, question, Origin::Retry, None, &last.plan()).await?;
    sqlx::query!(
        "update pedro.plan_step as step set status = old.status, result = old.result, note = old.note,
             citations = old.citations, marked = old.marked, began_at = old.began_at, ended_at = old.ended_at
         from pedro.plan_step as old
         where step.plan_id = $1 and old.plan_id = $2 and old.position = step.position
             and old.status in ('succeeded', 'redundant') and old.action <> 'return_response'",
        plan.0,
        last.id.0
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into pedro.plan_step_source (plan_id, position, message_id)
         select $1, source.position, message_id from pedro.plan_step_source as source
         join pedro.plan_step as step on step.plan_id = $1 and step.position = source.position
         where source.plan_id = $2 and step.status in ('succeeded', 'redundant')",
        plan.0,
        last.id.0
    )
    .execute(connection)
    .await?;
    Ok(Changed::Queued)
}

/// Says that a step's result is wrong (`failed`) or not needed (`redundant`); the answer is made again without it.
///
/// # Errors
/// When a statement fails.
pub async fn mark(
    connection: &mut PgConnection,
    question: QuestionId,
    step: &str,
    event: StepEvent,
) -> Result<Changed, StoreError> {
    let Some(last) = of_question(connection, question).await?.pop() else { return Ok(Changed::Nothing) };
    let marked = last.steps.iter().find(|row| row.step.id == step && row.step.action != Action::ReturnResponse);
    let Some(Ok(status)) = marked.map(|row| row.status.next(event)) else { return Ok(Changed::Nothing) };
    let changed = requeue(connection, question).await?;
    if changed != Changed::Queued {
        return Ok(changed);
    }
    sqlx::query!(
        // It failed by somebody's word: that is no reason to stop, or to plan anew.
        "update pedro.plan_step set status = $3, marked = true, on_failure = 'continue' where plan_id = $1 and name = $2",
        last.id.0,
        step,
        status as StepStatus
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "update pedro.plan_step set status = 'pending', began_at = null, ended_at = null
         where plan_id = $1 and action = 'return_response'",
        last.id.0
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "update pedro.plan set status = $2, ended_at = null where id = $1",
        last.id.0,
        PlanStatus::Running as PlanStatus
    )
    .execute(connection)
    .await?;
    Ok(Changed::Queued)
}

/// Puts a question that came to its end back into the queue, for another round. Whoever wants that waits for the answer.
async fn requeue(connection: &mut PgConnection, question: QuestionId) -> Result<Changed, StoreError> {
    let status = sqlx::query_scalar!("select status from pedro.question where id = $1 for update", question.0)
        .fetch_optional(&mut *connection)
        .await?;
    match status.as_deref() {
        None => return Ok(Changed::Nothing),
        Some("queued" | "working" | "sending") => return Ok(Changed::StillOpen),
        Some(_) => {}
    }
    sqlx::query!(
        "update pedro.question
         set status = 'queued', answer = null, pieces_sent = 0, attempts = 0, round = round + 1, finished_at = null,
             asked_at = now(), acknowledged_at = null, trouble_told_at = null, not_before = null, lease_owner = null,
             lease_until = null, origin = 'addressed'
         where id = $1",
        question.0
    )
    .execute(connection)
    .await?;
    Ok(Changed::Queued)
}
