//! A plan: known steps towards an answer, with what each depends on.
//!
//! What stands in this file is pure and is shared by everything that makes, runs, stores or shows plans.

mod catalog;
mod course;
pub mod executor;
mod fallback;
mod fill;
pub mod planner;
mod problem;
#[cfg(test)]
mod properties;
mod read;
mod schema;
mod status;
pub mod step;
pub mod steps;
pub mod words;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::chat::MessageId;

pub use catalog::{Catalog, CatalogEntry};
pub use course::{Course, End, MOST_REPLANS, Move, next_moves};
pub use fallback::default_plan;
pub use fill::fill;
pub use problem::Problem;
pub use read::read;
pub use schema::schema;
pub use status::{IllegalMove, StepEvent};

/// The most steps that a plan has.
pub const MOST_STEPS: usize = 8;

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Action {
    /// Asks one of the APIs that the operator listed.
    ApiCall,
    /// Reads one of the named queries over Pedro's own tables.
    DbQuery,
    /// Searches the web.
    WebSearch,
    /// Searches memory: what was said, and earlier questions, plans and answers.
    ReferenceCheck,
    /// Makes the answer from the results of the others. The last step of every plan.
    ReturnResponse,
}

impl Action {
    /// Every action there is.
    pub const ALL: [Self; 5] =
        [Self::ApiCall, Self::DbQuery, Self::WebSearch, Self::ReferenceCheck, Self::ReturnResponse];

    /// The name in plans, tables, metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiCall => "api_call",
            Self::DbQuery => "db_query",
            Self::WebSearch => "web_search",
            Self::ReferenceCheck => "reference_check",
            Self::ReturnResponse => "return_response",
        }
    }
}

/// What becomes of the plan when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum OnFailure {
    /// The others go on without its result, and the answer says so.
    #[default]
    Continue,
    /// A new plan is made with what is known by then.
    Replan,
    /// Nothing more is done.
    Stop,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum StepStatus {
    /// Not begun.
    Pending,
    /// Under way.
    Running,
    /// It has a result.
    Succeeded,
    /// It has none, for a reason.
    Failed,
    /// Never begun, because of its condition or because the plan ended before.
    Skipped,
    /// It has a result which somebody said is not needed: the answer is made without it.
    Redundant,
}

/// A condition on an earlier step: the step that carries it is skipped unless it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct When {
    /// Name of the earlier step.
    pub step: String,
    /// The status that it must have come to.
    pub status: StepStatus,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name within the plan: `s1`.
    pub id: String,
    /// What it does.
    pub action: Action,
    /// What it does it with. Texts in it may quote an earlier result as `${s1}`.
    pub params: Map<String, Value>,
    /// The steps that must have come to an end before.
    pub depends_on: Vec<String>,
    /// What becomes of the plan if it fails.
    pub on_failure: OnFailure,
    /// Its condition, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
}

/// A plan that keeps every rule: 1 to [`MOST_STEPS`] steps, names that differ, no circle, one
/// [`Action::ReturnResponse`], which is the last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// In an order in which each stands after those that it depends on.
    pub steps: Vec<Step>,
}

/// What a step brought.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepOutput {
    /// The result as text: what people wrote or pages say is in it as it came, and is quoted before a model reads it.
    pub text: String,
    /// Rows of messages that it was made from.
    pub sources: Vec<MessageId>,
    /// What can be named as a source to people.
    pub citations: Vec<Citation>,
    /// Something that people should know: "the first two searches failed".
    pub note: Option<String>,
}

/// A source as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Citation {
    /// The page's title, or who said it and when.
    pub title: String,
    /// Where it is.
    pub url: Option<String>,
}

/// Why a step brought nothing. The text is shown to people: a plain sentence, no code, no address, no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// It is not allowed, or not set up: trying again changes nothing.
    #[error("{0}")]
    Refused(String),
    /// It did not work this time.
    #[error("{0}")]
    Failed(String),
    /// It took too long.
    #[error("it took too long")]
    TooSlow,
    /// Told to stop.
    #[error("it was stopped")]
    Stopped,
}

/// How a plan came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Origin {
    /// The model made it.
    Model,
    /// The model made it, and mended it when told what was wrong with it.
    Repaired,
    /// The model made none that could be used: the fixed one.
    Default,
    /// Made anew after a step failed.
    Replan,
    /// Somebody pressed Retry.
    Retry,
    /// Somebody marked a step.
    Mark,
    /// It came over HTTP.
    Api,
}

/// Where a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum PlanStatus {
    /// Under way.
    Running,
    /// It led to an answer.
    Succeeded,
    /// It led to none.
    Failed,
    /// Somebody stopped it.
    Stopped,
    /// A newer plan took its place before its end.
    Replaced,
}

impl PlanStatus {
    /// Every way in which a plan ends.
    pub const ENDS: [Self; 4] = [Self::Succeeded, Self::Failed, Self::Stopped, Self::Replaced];

    /// The name in tables, metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Replaced => "replaced",
        }
    }
}
