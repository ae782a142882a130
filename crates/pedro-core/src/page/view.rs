//! What the pages are drawn from: whoever loads a question and its plans fills these in.
//!
//! Whether the reader may see something is decided before: whatever stands in a view is shown.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::words;
use crate::plan::{Action, Citation, OnFailure, StepStatus, When};

/// Where a question stands that Pedro accepted to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuestionState {
    /// The steps are being thought out.
    Planning,
    /// Steps are carried out.
    Running,
    /// The answer is written, from what the steps brought, or without a plan.
    Answering,
    /// The answer is there.
    Answered,
    /// There will be no answer.
    Failed,
    /// Somebody stopped it.
    Stopped,
}

impl QuestionState {
    /// Whether nothing more happens, unless somebody asks for it.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Answered | Self::Failed | Self::Stopped)
    }
}

pub use crate::plan::{Origin, PlanStatus as AttemptStatus};

/// A question with all that was done for it: the workflow page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WorkflowView {
    /// Stands in the page's address: random, because whoever knows it may look.
    pub id: Uuid,
    /// As it was asked.
    pub question: String,
    /// Nobody, if they opted out of storage or came over HTTP.
    pub asker: Option<String>,
    /// Whose memory was searched.
    pub community: String,
    /// Where it was asked: a channel's name.
    pub channel: String,
    /// When it was asked.
    pub asked_at: DateTime<Utc>,
    /// When it was answered or given up.
    pub ended_at: Option<DateTime<Utc>>,
    /// Where it stands.
    pub state: QuestionState,
    /// In Markdown.
    pub answer: Option<String>,
    /// The plans, the newest last; none until the first is made.
    pub attempts: Vec<AttemptView>,
}

/// One plan and how it went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AttemptView {
    /// From 1.
    pub number: u32,
    /// How it came to be.
    pub origin: Origin,
    /// Where it stands.
    pub status: AttemptStatus,
    /// In the plan's order.
    pub steps: Vec<StepView>,
    /// When its first step could begin.
    pub began_at: DateTime<Utc>,
    /// When nothing more was done.
    pub ended_at: Option<DateTime<Utc>>,
}

/// One step and how it went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StepView {
    /// Its name within the plan: `s1`.
    pub id: String,
    /// What it does.
    pub action: Action,
    /// What it does it with, without secrets.
    #[schema(value_type = Object)]
    pub params: Map<String, Value>,
    /// The steps that must have come to an end before.
    pub depends_on: Vec<String>,
    /// What becomes of the plan if it fails.
    pub on_failure: OnFailure,
    /// Its condition, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// Where it stands.
    pub status: StepStatus,
    /// What it brought.
    pub result: Option<String>,
    /// Something that people should know, such as why it failed.
    pub note: Option<String>,
    /// Its sources.
    pub citations: Vec<Citation>,
    /// When it began.
    pub began_at: Option<DateTime<Utc>>,
    /// When it came to an end.
    pub ended_at: Option<DateTime<Utc>>,
    /// Whether its status is what a person said, and not what happened.
    pub marked_by_person: bool,
}

/// What Pedro is doing in a channel: the overlay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OverlayView {
    /// The channel's name.
    pub channel: String,
    /// What the bot is called there.
    pub bot_name: String,
    /// Questions that are worked on, and those that ended less than [`super::OVERLAY_LINGER`] ago; the oldest first.
    pub questions: Vec<OverlayQuestion>,
    /// Questions that nobody has begun.
    pub waiting: u32,
}

/// A question on the overlay. Times, not durations: a view changes only when something happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OverlayQuestion {
    /// Who asked.
    pub asker: Option<String>,
    /// As it was asked.
    pub question: String,
    /// Where it stands.
    pub state: QuestionState,
    /// Of the newest plan; empty if there is none.
    pub steps: Vec<OverlayStep>,
    /// As it was said on Twitch: without Markdown.
    pub answer: Option<String>,
    /// When it was asked.
    pub asked_at: DateTime<Utc>,
    /// When it was answered or given up.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A step on the overlay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OverlayStep {
    /// What it does, in a few words.
    pub label: String,
    /// What it does.
    pub action: Action,
    /// Where it stands.
    pub status: StepStatus,
    /// When it began.
    pub began_at: Option<DateTime<Utc>>,
    /// When it came to an end.
    pub ended_at: Option<DateTime<Utc>>,
}

impl From<&WorkflowView> for OverlayQuestion {
    /// The same question on the overlay. The answer is taken as it is.
    fn from(workflow: &WorkflowView) -> Self {
        let newest = workflow.attempts.last();
        Self {
            asker: workflow.asker.clone(),
            question: workflow.question.clone(),
            state: workflow.state,
            steps: newest.map_or_else(Vec::new, |attempt| attempt.steps.iter().map(OverlayStep::from).collect()),
            answer: workflow.answer.clone(),
            asked_at: workflow.asked_at,
            ended_at: workflow.ended_at,
        }
    }
}

impl From<&StepView> for OverlayStep {
    fn from(step: &StepView) -> Self {
        let about = words::about(step.action, &step.params);
        let name = words::action(step.action);
        Self {
            label: if about.is_empty() { name.to_owned() } else { format!("{name}: {about}") },
            action: step.action,
            status: step.status,
            began_at: step.began_at,
            ended_at: step.ended_at,
        }
    }
}
