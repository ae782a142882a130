//! Questions with their plans, as people look at them: the workflow page and the overlay. `pages` serves them.

pub mod pages;

use sqlx::PgPool;
use uuid::Uuid;

use crate::chat::{Platform, QuestionId};
use crate::page::OVERLAY_LINGER;
use crate::page::view::{AttemptView, OverlayQuestion, OverlayView, QuestionState, StepView, WorkflowView};
use crate::plan::{Action, PlanStatus, StepStatus};
use crate::store::StoreError;
use crate::store::plan::{self as plans, PlanRow, StepRow};
use crate::store::workflow::{self as rows, Asked};

/// Questions that the overlay draws at the most; it counts the others.
const ON_OVERLAY: i64 = 3;

/// A question by the name of its workflow page; `None` if there is none.
///
/// # Errors
/// When a statement fails.
pub async fn find(pool: &PgPool, id: Uuid) -> Result<Option<WorkflowView>, StoreError> {
    let Some(asked) = rows::by_workflow(pool, id).await? else { return Ok(None) };
    view(pool, asked).await.map(Some)
}

/// A question by its row.
///
/// # Errors
/// When a statement fails.
pub async fn of_question(pool: &PgPool, id: QuestionId) -> Result<Option<WorkflowView>, StoreError> {
    let Some(asked) = rows::by_question(pool, id).await? else { return Ok(None) };
    view(pool, asked).await.map(Some)
}

/// The question that a line asked; `None` if it asked none.
///
/// # Errors
/// When a statement fails.
pub async fn of_line(
    pool: &PgPool,
    platform: Platform,
    platform_message_id: &str,
) -> Result<Option<WorkflowView>, StoreError> {
    match rows::asked_by(pool, platform, platform_message_id).await? {
        Some(id) => of_question(pool, id).await,
        None => Ok(None),
    }
}

/// What Pedro does in a Twitch channel; `None` if it is in no such channel.
///
/// # Errors
/// When a statement fails.
pub async fn overlay(pool: &PgPool, channel: &str, bot: &str) -> Result<Option<OverlayView>, StoreError> {
    let Some(channel) = rows::channel(pool, Platform::Twitch, &channel.to_lowercase()).await? else { return Ok(None) };
    let shown = rows::on_screen(pool, channel.id, OVERLAY_LINGER, ON_OVERLAY).await?;
    let mut questions = Vec::with_capacity(shown.len());
    for asked in shown {
        questions.push(OverlayQuestion::from(&view(pool, asked).await?));
    }
    let waiting = u32::try_from(rows::waiting(pool, channel.id).await?).unwrap_or(0);
    Ok(Some(OverlayView { channel: channel.name, bot_name: bot.to_owned(), questions, waiting }))
}

async fn view(pool: &PgPool, asked: Asked) -> Result<WorkflowView, StoreError> {
    let attempts = plans::of_question(&mut *pool.acquire().await?, asked.id).await?;
    let state = state(&asked, attempts.last());
    let named = Some(asked.asker_name).filter(|_| !asked.ephemeral && asked.platform != Platform::Http);
    Ok(WorkflowView {
        id: asked.workflow_id,
        question: asked.text,
        asker: named,
        community: asked.community,
        channel: asked.channel,
        asked_at: asked.asked_at,
        ended_at: asked.finished_at,
        state,
        answer: asked.answer,
        attempts: attempts.into_iter().map(attempt).collect(),
    })
}

fn state(asked: &Asked, newest: Option<&PlanRow>) -> QuestionState {
    match (asked.status.as_str(), newest) {
        ("answered", _) => QuestionState::Answered,
        ("cancelled", _) => QuestionState::Stopped,
        ("failed" | "expired", _) => QuestionState::Failed,
        ("sending", _) => QuestionState::Answering,
        (_, Some(plan)) if plan.status == PlanStatus::Running => {
            let answers =
                |row: &StepRow| row.step.action == Action::ReturnResponse && row.status == StepStatus::Running;
            if plan.steps.iter().any(answers) { QuestionState::Answering } else { QuestionState::Running }
        }
        (_, None) if !asked.wants_plan => QuestionState::Answering,
        _ => QuestionState::Planning,
    }
}

fn attempt(plan: PlanRow) -> AttemptView {
    AttemptView {
        number: u32::try_from(plan.number).unwrap_or(1),
        origin: plan.origin,
        status: plan.status,
        steps: plan.steps.into_iter().map(step).collect(),
        began_at: plan.began_at,
        ended_at: plan.ended_at,
    }
}

fn step(row: StepRow) -> StepView {
    StepView {
        id: row.step.id,
        action: row.step.action,
        params: row.step.params,
        depends_on: row.step.depends_on,
        on_failure: row.step.on_failure,
        when: row.step.when,
        status: row.status,
        result: row.result,
        note: row.note,
        citations: row.citations,
        began_at: row.began_at,
        ended_at: row.ended_at,
        marked_by_person: row.marked,
    }
}
