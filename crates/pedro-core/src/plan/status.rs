//! What can become of a step.

use super::StepStatus;

/// What happens to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepEvent {
    /// It begins.
    Start,
    /// It brought a result.
    Succeed,
    /// It brought none.
    Fail,
    /// It is not wanted: its condition does not hold, or the plan ends.
    Skip,
    /// Somebody says that its result is wrong. The answer is made again without it, and that is all that follows:
    /// `on_failure` is for what failed by itself, so whoever marks a step also sets that to `continue`.
    MarkFailed,
    /// Somebody says that its result is not needed. The answer is made again without it.
    MarkRedundant,
    /// It is done anew: it was under way when the process died, or it is the answer, which is made again.
    Reset,
}

/// What cannot happen to a step that stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a step that is {} cannot {event:?}", from.as_str())]
pub struct IllegalMove {
    /// Where it stands.
    pub from: StepStatus,
    /// What should have happened.
    pub event: StepEvent,
}

impl StepStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Running, Self::Succeeded, Self::Failed, Self::Skipped, Self::Redundant];

    /// The name in plans, tables, metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Redundant => "redundant",
        }
    }

    /// Nothing more comes of it by itself.
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }

    /// Where an event takes the step.
    pub fn next(self, event: StepEvent) -> Result<Self, IllegalMove> {
        match (self, event) {
            (Self::Pending, StepEvent::Start) => Ok(Self::Running),
            (Self::Pending, StepEvent::Skip) => Ok(Self::Skipped),
            (Self::Running, StepEvent::Succeed) => Ok(Self::Succeeded),
            (Self::Running, StepEvent::Fail) => Ok(Self::Failed),
            (Self::Succeeded, StepEvent::MarkRedundant) => Ok(Self::Redundant),
            // Who found it not needed may find it wrong later.
            (Self::Succeeded | Self::Redundant, StepEvent::MarkFailed) => Ok(Self::Failed),
            (Self::Running | Self::Succeeded | Self::Failed | Self::Skipped | Self::Redundant, StepEvent::Reset) => {
                Ok(Self::Pending)
            }
            (from, event) => Err(IllegalMove { from, event }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StepEvent::*;
    use super::StepStatus::*;
    use super::*;

    const EVENTS: [StepEvent; 7] = [Start, Succeed, Fail, Skip, MarkFailed, MarkRedundant, Reset];

    #[test]
    fn only_these_moves_are_legal() {
        let legal = [
            (Pending, Start, Running),
            (Pending, Skip, Skipped),
            (Running, Succeed, Succeeded),
            (Running, Fail, Failed),
            (Running, Reset, Pending),
            (Succeeded, MarkFailed, Failed),
            (Succeeded, MarkRedundant, Redundant),
            (Succeeded, Reset, Pending),
            (Failed, Reset, Pending),
            (Skipped, Reset, Pending),
            (Redundant, MarkFailed, Failed),
            (Redundant, Reset, Pending),
        ];
        for from in StepStatus::ALL {
            for event in EVENTS {
                let to = legal.iter().find(|(a, b, _)| (*a, *b) == (from, event)).map(|(_, _, to)| *to);
                assert_eq!(from.next(event), to.ok_or(IllegalMove { from, event }));
            }
        }
    }

    #[test]
    fn a_step_is_over_when_only_people_or_a_new_start_can_change_it() {
        for status in StepStatus::ALL {
            let goes_on = [Start, Succeed, Fail, Skip].iter().any(|event| status.next(*event).is_ok());
            assert_eq!(status.is_over(), !goes_on, "{status:?}");
        }
    }

    #[test]
    fn names_are_those_of_plans_and_tables() {
        for status in StepStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        assert_eq!(IllegalMove { from: Pending, event: Fail }.to_string(), "a step that is pending cannot Fail");
    }
}
