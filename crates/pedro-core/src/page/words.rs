//! What the pages call things.

use super::view::{AttemptStatus, Origin, QuestionState};
pub(super) use crate::plan::words::{about, action, shortened};
use crate::plan::{OnFailure, StepStatus, When};

/// Where a step stands.
pub(super) const fn status(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Pending => "waiting",
        StepStatus::Running => "running",
        StepStatus::Succeeded => "done",
        StepStatus::Failed => "failed",
        StepStatus::Skipped => "skipped",
        StepStatus::Redundant => "not needed",
    }
}

/// Where a question stands.
pub(super) const fn state(state: QuestionState) -> &'static str {
    match state {
        QuestionState::Planning => "Making a plan",
        QuestionState::Running => "Working on it",
        QuestionState::Answering => "Writing the answer",
        QuestionState::Answered => "Answered",
        QuestionState::Failed => "No answer",
        QuestionState::Stopped => "Stopped",
    }
}

/// What stands in the place of an answer that is not there.
pub(super) const fn no_answer(state: QuestionState) -> &'static str {
    match state {
        QuestionState::Planning => "Pedro is thinking about how to find out.",
        QuestionState::Running => "The answer comes when the steps are done.",
        QuestionState::Answering => "Pedro is writing the answer.",
        QuestionState::Answered => "The answer was taken back.",
        QuestionState::Failed => "Pedro found no answer this time.",
        QuestionState::Stopped => "It was stopped before there was an answer.",
    }
}

/// How a plan came to be.
pub(super) const fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Model => "thought out by Pedro",
        Origin::Repaired => "thought out by Pedro, mended once",
        Origin::Default => "Pedro's standard plan",
        Origin::Replan => "a new plan, because a step failed",
        Origin::Retry => "tried again",
        Origin::Mark => "answered again, because a step was marked",
        Origin::Api => "sent over HTTP",
    }
}

/// Where a plan stands.
pub(super) const fn attempt(status: AttemptStatus) -> &'static str {
    match status {
        AttemptStatus::Running => "running",
        AttemptStatus::Succeeded => "done",
        AttemptStatus::Failed => "failed",
        AttemptStatus::Stopped => "stopped",
        AttemptStatus::Replaced => "replaced",
    }
}

/// A condition, where everybody sees which step is meant: on the way from it.
pub(super) const fn condition(on: StepStatus) -> &'static str {
    match on {
        StepStatus::Pending => "if waiting",
        StepStatus::Running => "if running",
        StepStatus::Succeeded => "if done",
        StepStatus::Failed => "if it fails",
        StepStatus::Skipped => "if skipped",
        StepStatus::Redundant => "if not needed",
    }
}

/// A condition in full.
pub(super) fn only_when(when: &When) -> String {
    format!("Only if {} is \u{201c}{}\u{201d}.", when.step, status(when.status))
}

/// What becomes of the plan if a step fails, where that is not what anybody expects.
pub(super) const fn on_failure(on: OnFailure) -> Option<&'static str> {
    match on {
        OnFailure::Continue => None,
        OnFailure::Replan => Some("If it fails, Pedro makes a new plan."),
        OnFailure::Stop => Some("If it fails, nothing more is done."),
    }
}

/// A duration as people say it.
pub(super) fn duration(milliseconds: i64) -> String {
    let milliseconds = milliseconds.max(0);
    let seconds = milliseconds / 1000;
    match seconds {
        0..10 => format!("{seconds}.{} s", milliseconds % 1000 / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_as_exactly_as_people_care() {
        let cases = [
            (-5, "0.0 s"),
            (0, "0.0 s"),
            (840, "0.8 s"),
            (9_999, "9.9 s"),
            (12_400, "12 s"),
            (65_000, "1 min 05 s"),
            (3_725_000, "1 h 02 min"),
        ];
        for (milliseconds, expected) in cases {
            assert_eq!(duration(milliseconds), expected);
        }
    }
}
