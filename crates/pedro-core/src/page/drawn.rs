//! A workflow as it is drawn: every word and every decision is made here, once, for the plain page and for its script.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::markdown::{Block, blocks, web_address};
use super::view::{AttemptStatus, AttemptView, QuestionState, StepView, WorkflowView};
use super::words;
use crate::plan::{Action, Citation, StepStatus};

/// More of a result than anybody reads on a page.
const RESULT_LIMIT: usize = 8_000;
/// Longer names than any platform allows.
const NAME_LIMIT: usize = 100;

#[derive(Debug, Serialize)]
pub(super) struct Drawn<'a> {
    pub(super) question: &'a str,
    pub(super) asker: Option<String>,
    pub(super) channel: String,
    pub(super) community: String,
    pub(super) asked_at: DateTime<Utc>,
    pub(super) ended_at: Option<DateTime<Utc>>,
    pub(super) state: QuestionState,
    pub(super) state_words: &'static str,
    /// Nothing more comes by itself.
    pub(super) over: bool,
    pub(super) answer: Vec<Block>,
    /// What stands there instead of an answer.
    pub(super) no_answer: &'static str,
    pub(super) sources: Vec<Source<'a>>,
    pub(super) attempts: Vec<DrawnAttempt<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct DrawnAttempt<'a> {
    pub(super) number: u32,
    pub(super) origin_words: &'static str,
    pub(super) status: AttemptStatus,
    pub(super) status_words: &'static str,
    pub(super) began_at: DateTime<Utc>,
    pub(super) ended_at: Option<DateTime<Utc>>,
    pub(super) steps: Vec<DrawnStep<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct DrawnStep<'a> {
    pub(super) id: &'a str,
    pub(super) action: Action,
    pub(super) name: &'static str,
    pub(super) about: String,
    pub(super) status: StepStatus,
    pub(super) status_words: &'static str,
    /// What it comes after; those of a condition are named there.
    pub(super) depends_on: &'a [String],
    pub(super) condition: Option<Condition<'a>>,
    /// Whole sentences: its condition, what follows a failure, who marked it.
    pub(super) remarks: Vec<String>,
    pub(super) params: Vec<(&'a str, String)>,
    pub(super) result: Option<String>,
    pub(super) note: Option<&'a str>,
    pub(super) sources: Vec<Source<'a>>,
    pub(super) began_at: Option<DateTime<Utc>>,
    pub(super) ended_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Condition<'a> {
    pub(super) step: &'a str,
    pub(super) words: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Source<'a> {
    pub(super) title: &'a str,
    pub(super) url: Option<String>,
}

impl<'a> Drawn<'a> {
    pub(super) fn new(view: &'a WorkflowView) -> Self {
        let answering = view.attempts.last().and_then(|attempt| attempt.steps.last());
        let cited = answering.filter(|step| step.action == Action::ReturnResponse && view.answer.is_some());
        Self {
            question: &view.question,
            asker: view.asker.as_deref().map(name),
            channel: name(&view.channel),
            community: name(&view.community),
            asked_at: view.asked_at,
            ended_at: view.ended_at,
            state: view.state,
            state_words: words::state(view.state),
            over: view.state.is_over(),
            answer: blocks(view.answer.as_deref().unwrap_or_default()),
            no_answer: words::no_answer(view.state),
            sources: cited.map_or_else(Vec::new, |step| sources(&step.citations)),
            attempts: view.attempts.iter().map(DrawnAttempt::new).collect(),
        }
    }
}

impl<'a> DrawnAttempt<'a> {
    fn new(view: &'a AttemptView) -> Self {
        Self {
            number: view.number,
            origin_words: words::origin(view.origin),
            status: view.status,
            status_words: words::attempt(view.status),
            began_at: view.began_at,
            ended_at: view.ended_at,
            steps: view.steps.iter().map(DrawnStep::new).collect(),
        }
    }
}

impl<'a> DrawnStep<'a> {
    fn new(view: &'a StepView) -> Self {
        Self {
            id: &view.id,
            action: view.action,
            name: words::action(view.action),
            about: words::about(view.action, &view.params),
            status: view.status,
            status_words: words::status(view.status),
            depends_on: &view.depends_on,
            condition: view
                .when
                .as_ref()
                .map(|when| Condition { step: &when.step, words: words::condition(when.status) }),
            remarks: remarks(view),
            params: view.params.iter().map(|(name, value)| (name.as_str(), shown(value))).collect(),
            result: view.result.as_deref().map(|result| words::shortened(result, RESULT_LIMIT)),
            note: view.note.as_deref(),
            sources: sources(&view.citations),
            began_at: view.began_at,
            ended_at: view.ended_at,
        }
    }
}

fn name(name: &str) -> String {
    words::shortened(name, NAME_LIMIT)
}

fn remarks(view: &StepView) -> Vec<String> {
    let marked = view.marked_by_person.then(|| format!("Marked as {} by a person.", words::status(view.status)));
    let follows = words::on_failure(view.on_failure).map(str::to_owned);
    [marked, view.when.as_ref().map(words::only_when), follows].into_iter().flatten().collect()
}

/// A parameter as people read it: a text without quotation marks.
fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    words::shortened(&text, RESULT_LIMIT)
}

/// An address that a page may not lead to is left away, not the source.
fn sources(citations: &[Citation]) -> Vec<Source<'_>> {
    let source = |one: &'_ Citation| one.url.as_deref().and_then(web_address);
    citations.iter().map(|one| Source { title: &one.title, url: source(one) }).collect()
}
