//! The steps of a plan, one line for each change.

use std::collections::HashMap;

use pedro_core::page::view::{StepView, WorkflowView};
use pedro_core::plan::{StepStatus, words};
use uuid::Uuid;

/// What was told of steps.
#[derive(Default)]
pub(super) struct Steps {
    told: HashMap<(Uuid, u32, String), StepStatus>,
}

impl Steps {
    /// What has changed since the last time, as lines.
    pub(super) fn changes(&mut self, workflow: &WorkflowView) -> Vec<String> {
        let Some(plan) = workflow.attempts.last() else { return Vec::new() };
        let mut lines = Vec::new();
        for step in &plan.steps {
            let key = (workflow.id, plan.number, step.id.clone());
            if self.told.insert(key, step.status) != Some(step.status) {
                lines.push(line(step));
            }
        }
        lines
    }
}

fn line(step: &StepView) -> String {
    let sign = match step.status {
        StepStatus::Pending => "[ ]",
        StepStatus::Running => "[~]",
        StepStatus::Succeeded => "[x]",
        StepStatus::Failed => "[!]",
        StepStatus::Skipped | StepStatus::Redundant => "[-]",
    };
    let about = words::about(step.action, &step.params);
    let mut text = format!("{sign} {} {}", step.id, words::action(step.action));
    if !about.is_empty() {
        text.push_str(&format!(": {about}"));
    }
    if let (Some(began), Some(ended)) = (step.began_at, step.ended_at) {
        text.push_str(&format!(" ({:.1} s)", (ended - began).as_seconds_f64()));
    }
    if let Some(note) = &step.note {
        text.push_str(&format!(", {note}"));
    }
    // A terminal obeys control characters.
    text.chars().filter(|char| !char.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use pedro_core::page::view::{AttemptStatus, AttemptView, Origin, QuestionState};
    use pedro_core::plan::{Action, OnFailure};

    use super::*;

    fn workflow(status: StepStatus) -> WorkflowView {
        let params = serde_json::json!({"query": "new\u{1b}[2J in Go"}).as_object().cloned().unwrap_or_default();
        let step = StepView {
            id: "s1".into(),
            action: Action::WebSearch,
            params,
            depends_on: Vec::new(),
            on_failure: OnFailure::Continue,
            when: None,
            status,
            result: None,
            note: None,
            citations: Vec::new(),
            began_at: None,
            ended_at: None,
            marked_by_person: false,
        };
        let plan = AttemptView {
            number: 1,
            origin: Origin::Model,
            status: AttemptStatus::Running,
            steps: vec![step],
            began_at: Utc::now(),
            ended_at: None,
        };
        WorkflowView {
            id: Uuid::nil(),
            question: "?".into(),
            asker: None,
            community: "c".into(),
            channel: "terminal".into(),
            asked_at: Utc::now(),
            ended_at: None,
            state: QuestionState::Running,
            answer: None,
            attempts: vec![plan],
        }
    }

    #[test]
    fn each_change_is_told_once_and_obeys_no_page() {
        let mut steps = Steps::default();
        assert_eq!(steps.changes(&workflow(StepStatus::Pending)), ["[ ] s1 Web search: new[2J in Go"]);
        assert!(steps.changes(&workflow(StepStatus::Pending)).is_empty());
        assert_eq!(steps.changes(&workflow(StepStatus::Running)), ["[~] s1 Web search: new[2J in Go"]);
    }
}
