//! What waits for what, and an order in which each step stands after all that it waits for.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::fill::{is_numbered, with_quotes};
use super::super::problem::excerpt;
use super::super::{Action, Plan, Problem, Step};
use super::step::{Draft, numbered};

/// Makes a plan of steps of which one is the answer.
pub(super) fn arrange(mut drafts: Vec<Draft>) -> Result<Plan, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut waits = Waits::new(&drafts, &mut problems);
    if problems.is_empty() {
        waits.tell_circle(&drafts, &mut problems);
    }
    if problems.is_empty() {
        waits.add_quotes(&mut drafts, &mut problems);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let order = waits.order(&drafts);
    let ids: Vec<String> = drafts.iter().map(|draft| draft.id.clone()).collect();
    let mut drafts: Vec<Option<Draft>> = drafts.into_iter().map(Some).collect();
    let mut steps = Vec::new();
    for at in order {
        let Some(draft) = drafts[at].take() else { continue };
        let depends_on = match draft.action {
            Action::ReturnResponse => steps.iter().map(|step: &Step| step.id.clone()).collect(),
            _ => waits.on[at].iter().map(|&other| ids[other].clone()).collect(),
        };
        let Draft { id, action, params, on_failure, when, .. } = draft;
        steps.push(Step { id, action, params, depends_on, on_failure, when });
    }
    Ok(Plan { steps })
}

/// For each step, by place, the places of those that it waits for.
struct Waits {
    on: Vec<Vec<usize>>,
}

impl Waits {
    fn new(drafts: &[Draft], problems: &mut Vec<Problem>) -> Self {
        let mut waits = Self { on: vec![Vec::new(); drafts.len()] };
        for (at, draft) in drafts.iter().enumerate() {
            if draft.action == Action::ReturnResponse {
                waits.on[at] = (0..drafts.len()).filter(|&other| other != at).collect();
                continue;
            }
            let names = draft.depends_on.iter().flatten().map(|name| ("depends_on", name));
            for (field, name) in names.chain(draft.when.iter().map(|when| ("when", &when.step))) {
                let step = draft.id.clone();
                match drafts.iter().position(|other| other.id == *name) {
                    None => problems.push(Problem::UnknownStep { step, field, name: name.clone() }),
                    Some(other) if drafts[other].action == Action::ReturnResponse => {
                        problems.push(Problem::AfterAnswer { step });
                    }
                    Some(other) => waits.add(at, other),
                }
            }
            if draft.depends_on.is_none() {
                let before = drafts[..at].iter().rposition(|other| other.action != Action::ReturnResponse);
                before.into_iter().for_each(|before| waits.add(at, before));
            }
        }
        waits
    }

    fn add(&mut self, step: usize, other: usize) {
        if !self.on[step].contains(&other) {
            self.on[step].push(other);
        }
    }

    /// Whether a step waits for another, directly or through others.
    fn has(&self, step: usize, other: usize) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = self.on[step].clone();
        while let Some(next) = open.pop() {
            if seen.insert(next) {
                open.extend(&self.on[next]);
            }
        }
        seen.contains(&other)
    }

    fn tell_circle(&self, drafts: &[Draft], problems: &mut Vec<Problem>) {
        let within = drafts.iter().enumerate().filter(|(at, _)| self.has(*at, *at));
        let steps: Vec<String> = within.map(|(_, draft)| draft.id.clone()).collect();
        if !steps.is_empty() {
            problems.push(Problem::Circle { steps });
        }
    }

    /// Who quotes a result waits for it. Quotes are written anew with the step's own name.
    fn add_quotes(&mut self, drafts: &mut [Draft], problems: &mut Vec<Problem>) {
        let ids: Vec<String> = drafts.iter().map(|draft| draft.id.clone()).collect();
        for (at, draft) in drafts.iter_mut().enumerate() {
            for value in draft.params.values_mut() {
                let Value::String(text) = value else { continue };
                *text = with_quotes(text, &mut |inner| {
                    let name = quoted_name(inner);
                    let name = if ids.contains(&name) { name } else { numbered(&name).unwrap_or(name) };
                    let step = draft.id.clone();
                    let Some(other) = ids.iter().position(|id| *id == name) else {
                        if is_numbered(&name) {
                            problems.push(Problem::UnknownStep { step, field: "params", name: excerpt(&name) });
                        }
                        return None;
                    };
                    if other == at || self.has(other, at) {
                        problems.push(Problem::QuotesLater { step, quoted: name.clone() });
                    } else if !self.has(at, other) {
                        self.add(at, other);
                    }
                    Some(format!("${{{name}}}"))
                });
            }
        }
    }

    /// The order as it was written, except that a step comes after those that it waits for.
    fn order(&self, drafts: &[Draft]) -> Vec<usize> {
        let mut order: Vec<usize> = Vec::new();
        while order.len() < drafts.len() {
            let is_next = |at: &usize| !order.contains(at) && self.on[*at].iter().all(|other| order.contains(other));
            let Some(next) = (0..drafts.len()).find(is_next) else { break };
            order.push(next);
        }
        order
    }
}

/// The step that `${s1}`, `${ s1 }` or `${s1.result}` names.
fn quoted_name(inner: &str) -> String {
    inner.split(['.', '[']).next().unwrap_or_default().trim().to_owned()
}
