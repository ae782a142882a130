//! `pedro.plan`, `pedro.plan_step` and their sources: what was planned for a question and how it went. Plans are made and
//! read here; steps are carried out under the question's lease (`step`); people change what came of them (`change`).

mod change;
mod similar;
mod step;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

pub use change::{Changed, mark, retry_failed, retry_whole};
pub use similar::{Example, similar};
pub use step::{Ended, Swept, close, end_step, reset_running, skip_step, start_step, sweep};

use super::StoreError;
use crate::chat::{GenerationId, MessageId, PlanId, QuestionId};
use crate::plan::{Action, Citation, OnFailure, Origin, Plan, PlanStatus, Step, StepStatus, When};

/// A plan with its steps as they stand.
#[derive(Debug, Clone)]
pub struct PlanRow {
    /// Row id.
    pub id: PlanId,
    /// From 1 for each question.
    pub number: i32,
    /// How it came to be.
    pub origin: Origin,
    /// Where it stands.
    pub status: PlanStatus,
    /// When it was made.
    pub began_at: DateTime<Utc>,
    /// When nothing more was done.
    pub ended_at: Option<DateTime<Utc>>,
    /// In the plan's order.
    pub steps: Vec<StepRow>,
}

/// A step as it stands.
#[derive(Debug, Clone)]
pub struct StepRow {
    /// What is to be done.
    pub step: Step,
    /// Where it stands.
    pub status: StepStatus,
    /// What it brought.
    pub result: Option<String>,
    /// What people should know of it, such as why it failed.
    pub note: Option<String>,
    /// What can be named as a source.
    pub citations: Vec<Citation>,
    /// A person said what its status is.
    pub marked: bool,
    /// When it began.
    pub began_at: Option<DateTime<Utc>>,
    /// When it came to an end.
    pub ended_at: Option<DateTime<Utc>>,
}

impl PlanRow {
    /// The plan itself.
    pub fn plan(&self) -> Plan {
        Plan { steps: self.steps.iter().map(|row| row.step.clone()).collect() }
    }

    /// Where its steps stand, in order.
    pub fn statuses(&self) -> Vec<StepStatus> {
        self.steps.iter().map(|row| row.status).collect()
    }
}

/// Writes a plan; it is the question's newest then, and under way. Belongs in the transaction that keeps the generation
/// that made it.
///
/// # Errors
/// [`StoreError::LeaseLost`] if somebody else has the question, or it was cancelled.
pub async fn insert(
    connection: &mut PgConnection,
    question: QuestionId,
    owner: Uuid,
    origin: Origin,
    generation: Option<GenerationId>,
    plan: &Plan,
) -> Result<PlanId, StoreError> {
    let held = sqlx::query_scalar!(
        "select id from pedro.question where id = $1 and lease_owner = $2 and status = 'working' for update",
        question.0,
        owner
    );
    if held.fetch_optional(&mut *connection).await?.is_none() {
        return Err(StoreError::LeaseLost);
    }
    insert_unfenced(connection, question, origin, generation, plan).await
}

/// Writes a plan for a question that nobody holds: it is new, or put again.
///
/// # Errors
/// When a statement fails.
pub async fn insert_unfenced(
    connection: &mut PgConnection,
    question: QuestionId,
    origin: Origin,
    generation: Option<GenerationId>,
    plan: &Plan,
) -> Result<PlanId, StoreError> {
    let id = sqlx::query_scalar!(
        "insert into pedro.plan (question_id, number, origin, generation_id)
         values ($1, (select coalesce(max(number), 0) + 1 from pedro.plan where question_id = $1), $2, $3) returning id",
        question.0,
        origin as Origin,
        generation.map(|id| id.0)
    )
    .fetch_one(&mut *connection)
    .await?;
    for (position, step) in (1..).zip(&plan.steps) {
        sqlx::query!(
            "insert into pedro.plan_step (plan_id, position, name, action, params, depends_on, on_failure, condition)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            id,
            position,
            step.id,
            step.action as Action,
            Json(&step.params) as _,
            &step.depends_on,
            step.on_failure as OnFailure,
            step.when.as_ref().map(Json) as _
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(PlanId(id))
}

/// A question's plans with their steps, the newest last.
///
/// # Errors
/// When a statement fails.
pub async fn of_question(connection: &mut PgConnection, question: QuestionId) -> Result<Vec<PlanRow>, StoreError> {
    let plans = sqlx::query!(
        r#"select id as "id: PlanId", number, origin as "origin: Origin", status as "status: PlanStatus", began_at, ended_at
           from pedro.plan where question_id = $1 order by number"#,
        question.0
    )
    .fetch_all(&mut *connection)
    .await?;
    let ids: Vec<i64> = plans.iter().map(|plan| plan.id.0).collect();
    let mut steps = steps_of(connection, &ids).await?;
    let rows = plans.into_iter().map(|plan| PlanRow {
        id: plan.id,
        number: plan.number,
        origin: plan.origin,
        status: plan.status,
        began_at: plan.began_at,
        ended_at: plan.ended_at,
        steps: steps.remove(&plan.id).unwrap_or_default(),
    });
    Ok(rows.collect())
}

async fn steps_of(connection: &mut PgConnection, plans: &[i64]) -> Result<HashMap<PlanId, Vec<StepRow>>, StoreError> {
    let rows = sqlx::query!(
        r#"select plan_id as "plan_id: PlanId", name, action as "action: Action", params as "params: Json<Map<String, Value>>",
               depends_on, on_failure as "on_failure: OnFailure", condition as "condition: Json<When>",
               status as "status: StepStatus", result, note, citations as "citations: Json<Vec<Citation>>", marked, began_at,
               ended_at
           from pedro.plan_step where plan_id = any($1) order by plan_id, position"#,
        plans
    )
    .fetch_all(connection)
    .await?;
    let mut steps: HashMap<PlanId, Vec<StepRow>> = HashMap::new();
    for row in rows {
        let step = Step {
            id: row.name,
            action: row.action,
            params: row.params.0,
            depends_on: row.depends_on,
            on_failure: row.on_failure,
            when: row.condition.map(|when| when.0),
        };
        steps.entry(row.plan_id).or_default().push(StepRow {
            step,
            status: row.status,
            result: row.result,
            note: row.note,
            citations: row.citations.0,
            marked: row.marked,
            began_at: row.began_at,
            ended_at: row.ended_at,
        });
    }
    Ok(steps)
}

/// The messages that the results of some plans were made from.
///
/// # Errors
/// When the statement fails.
pub async fn sources(db: impl PgExecutor<'_>, plans: &[PlanId]) -> Result<Vec<MessageId>, StoreError> {
    let plans: Vec<i64> = plans.iter().map(|id| id.0).collect();
    let ids = sqlx::query_scalar!(
        r#"select distinct source.message_id as "id: MessageId" from pedro.plan_step_source as source
           join pedro.plan_step as step using (plan_id, position)
           where plan_id = any($1) and step.status = 'succeeded'"#,
        &plans
    );
    Ok(ids.fetch_all(db).await?)
}
