//! Why a question has no answer, named by what is done about it.

use crate::llm::LlmError;
use crate::speech::NotSpoken;
use crate::store::StoreError;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Told to stop.
    #[error("stopped")]
    Stopped,
    /// The model server cannot be reached: waiting helps.
    #[error("the model server is away")]
    ModelAway,
    /// The model did not do it: another attempt may.
    #[error("the model failed: {0}")]
    Model(LlmError),
    /// There is nothing to say, and nobody put the question.
    #[error("there is nothing to say to a question that nobody put")]
    NothingToSay,
    /// A step failed without which the plan is worth nothing.
    #[error("the plan was stopped by a step that failed")]
    PlanStopped,
    /// It was begun too often, by processes that did not live to end it.
    #[error("it was begun too often")]
    TooOften,
    /// Enough of its kind are being made.
    #[error("enough of its kind are being made")]
    Busy,
    /// What it was made from was forgotten meanwhile: it is made again.
    #[error("a source was forgotten")]
    SourceForgotten,
    /// The platform did not take it.
    #[error(transparent)]
    Unsent(NotSpoken),
    /// The database failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::SourceForgotten => Self::SourceForgotten,
            StoreError::LeaseLost => Self::Stopped,
            error => Self::Store(error),
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}
