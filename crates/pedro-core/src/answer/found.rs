//! What a plan brought, for the answer that is its last step.

use super::gather::links_allowed;
use crate::chat::{MessageId, PlanId, Platform};
use crate::places::Place;
use crate::plan::{Action, Citation, Origin, StepStatus, words};
use crate::prompt::ResultNote;
use crate::reply;
use crate::store::plan::{PlanRow, StepRow};

/// Sources that are named under an answer.
const CITATIONS: usize = 4;

/// What a plan brought.
#[derive(Debug, Clone)]
pub struct Found {
    /// The plan, if it has a row.
    pub plan: Option<PlanId>,
    /// What each step brought, in order. What somebody marked as not needed is not there.
    pub results: Vec<ResultNote>,
    /// The messages that it was made from.
    pub sources: Vec<MessageId>,
    /// What can be named as a source.
    pub citations: Vec<Citation>,
    /// The web was searched, and every search failed.
    pub unsearched: bool,
}

impl Found {
    /// What a question's last plan brought, and those that it took the place of. `None` without a plan.
    pub fn of(plans: &[PlanRow], sources: Vec<MessageId>) -> Option<Self> {
        let last = plans.last()?;
        let counted = &plans[first_that_counts(plans)..];
        let steps: Vec<&StepRow> = counted.iter().flat_map(|plan| &plan.steps).collect();
        let cited = steps.iter().filter(|row| row.status == StepStatus::Succeeded).flat_map(|row| &row.citations);
        let mut citations: Vec<Citation> = Vec::new();
        for citation in cited {
            if !citations.contains(citation) {
                citations.push(citation.clone());
            }
        }
        let searches = || steps.iter().filter(|row| row.step.action == Action::WebSearch);
        let unsearched = searches().next().is_some() && searches().all(|row| row.status == StepStatus::Failed);
        let results = steps.iter().filter_map(|row| note(row)).collect();
        Some(Self { plan: Some(last.id), results, sources, citations, unsearched })
    }

    /// The plans whose results count: [`Found::of`] wants the messages that these were made from.
    pub fn plans(plans: &[PlanRow]) -> Vec<PlanId> {
        plans[first_that_counts(plans)..].iter().map(|plan| plan.id).collect()
    }

    /// The answer with what belongs under it: that the web could not be searched, and the sources.
    pub fn below(&self, answer: &str, place: &Place) -> String {
        let mut parts = vec![answer.to_owned()];
        if self.unsearched {
            parts.push(reply::plan::not_searched());
        }
        let cited = &self.citations[..self.citations.len().min(CITATIONS)];
        let sources = reply::plan::sources(cited, place.key.platform, links_allowed(place));
        parts.extend(sources.filter(|_| !cited.is_empty()));
        let between = if place.key.platform == Platform::Twitch { " " } else { "\n" };
        parts.join(between)
    }
}

/// A plan that was made because of a failed step goes on from the one before.
fn first_that_counts(plans: &[PlanRow]) -> usize {
    let own = plans.iter().rposition(|plan| plan.origin != Origin::Replan);
    own.unwrap_or(0)
}

fn note(row: &StepRow) -> Option<ResultNote> {
    let result = match row.status {
        StepStatus::Succeeded => row.result.clone(),
        StepStatus::Failed => None,
        StepStatus::Pending | StepStatus::Running | StepStatus::Skipped | StepStatus::Redundant => return None,
    };
    if row.step.action == Action::ReturnResponse {
        return None;
    }
    let about = words::about(row.step.action, &row.step.params);
    Some(ResultNote { what: words::action(row.step.action).to_owned(), about, result })
}
