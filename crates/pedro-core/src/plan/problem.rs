//! Why a text is no plan, in sentences for whoever wrote it.

use super::{Action, MOST_STEPS};
use crate::prompt::Quoted;

/// Characters of what the model wrote that a sentence repeats.
const EXCERPT: usize = 40;
/// Characters of a list of what there is.
const LIST: usize = 400;

/// What is wrong with a plan. Each is one sentence that can be put back into a prompt; what it repeats of the model's
/// words is short and harmless.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No JSON that has steps.
    #[error("The text holds no plan: write one JSON object `{{\"steps\": [...]}}` and nothing else.")]
    NoPlan,
    /// It is not JSON.
    #[error("The JSON of the plan is broken after `{after}`.")]
    Broken {
        /// The end of what could be read.
        after: String,
    },
    /// It ends too early.
    #[error("The JSON of the plan breaks off before its end: write a shorter plan.")]
    BreaksOff,
    /// `steps` is something else.
    #[error("`steps` must be a list of steps.")]
    NoList,
    /// None at all.
    #[error("The plan has no step: it needs 1 to {MOST_STEPS}.")]
    NoSteps,
    /// More than there may be.
    #[error("The plan has {count} steps: at most {MOST_STEPS} are allowed, with `return_response`.")]
    TooManySteps {
        /// How many.
        count: usize,
    },
    /// No object.
    #[error("Step {step} must be a JSON object with `action` and `params`.")]
    NoStep {
        /// Which.
        step: String,
    },
    /// Nothing to do.
    #[error("Step {step} needs an `action`: one of {}.", actions())]
    NoAction {
        /// Which.
        step: String,
    },
    /// Something that no step does.
    #[error("Step {step} has the unknown action `{action}`: use one of {}.", actions())]
    UnknownAction {
        /// Which.
        step: String,
        /// What it wants.
        action: String,
    },
    /// A name that is no name.
    #[error("Step {step} has a bad `id`: use 1 to 32 letters, digits, `_` or `-`.")]
    BadName {
        /// Which.
        step: String,
    },
    /// A name that is used twice.
    #[error("More than one step has the `id` `{name}`: each needs its own.")]
    SameName {
        /// The name.
        name: String,
    },
    /// Neither names nor nothing.
    #[error("`depends_on` of step {step} must be a list of steps' ids.")]
    BadDependsOn {
        /// Which.
        step: String,
    },
    /// None of the three.
    #[error("`on_failure` of step {step} must be one of `continue`, `replan`, `stop`.")]
    BadOnFailure {
        /// Which.
        step: String,
    },
    /// No condition.
    #[error(
        "`when` of step {step} must be {{\"step\": \"<id>\", \"status\": \"succeeded|failed|skipped|redundant\"}}."
    )]
    BadWhen {
        /// Which.
        step: String,
    },
    /// It names a step that is not there.
    #[error("`{field}` of step {step} names the step `{name}`, which does not exist.")]
    UnknownStep {
        /// Which.
        step: String,
        /// Where.
        field: &'static str,
        /// What it names.
        name: String,
    },
    /// It waits for the answer.
    #[error("Step {step} waits for the step `return_response`, which comes last.")]
    AfterAnswer {
        /// Which.
        step: String,
    },
    /// Each waits for another of them.
    #[error("{}", circle(steps))]
    Circle {
        /// Which.
        steps: Vec<String>,
    },
    /// It quotes what is known only after it.
    #[error("Step {step} quotes the result of step {quoted}, which is not known before {step} is done.")]
    QuotesLater {
        /// Which.
        step: String,
        /// What it quotes.
        quoted: String,
    },
    /// No answer, and no room for it.
    #[error("The plan has no `return_response`: it must be the last of at most {MOST_STEPS} steps.")]
    NoAnswer,
    /// More than one answer.
    #[error("The plan has {count} steps `return_response`: it needs exactly one, the last.")]
    SeveralAnswers {
        /// How many.
        count: usize,
    },
    /// No object.
    #[error("`params` of step {step} must be a JSON object.")]
    BadParams {
        /// Which.
        step: String,
    },
    /// Something that must be there is not.
    #[error("Step {step} needs `{name}` in `params`: a text that is not empty.")]
    NoText {
        /// Which.
        step: String,
        /// What is missing.
        name: &'static str,
    },
    /// What an API or a query must be given is not there.
    #[error("Step {step} needs `{name}` in `params`, as text or number: `{of}` asks for it.")]
    NoParam {
        /// Which.
        step: String,
        /// What is missing.
        name: String,
        /// The API or the query.
        of: String,
    },
    /// More text than there may be.
    #[error("`{name}` of step {step} is longer than {limit} characters.")]
    TooLong {
        /// Which.
        step: String,
        /// Which parameter.
        name: String,
        /// Characters that it may have.
        limit: usize,
    },
    /// An API that is not listed.
    #[error("Step {step} needs one of these as `tool` in `params`: {known}.")]
    UnknownTool {
        /// Which.
        step: String,
        /// Those that are.
        known: String,
    },
    /// A query that does not exist.
    #[error("Step {step} needs one of these as `query` in `params`: {known}.")]
    UnknownQuery {
        /// Which.
        step: String,
        /// Those that do.
        known: String,
    },
    /// There is nothing of that kind at all.
    #[error("Step {step} cannot be `{}`: there is nothing that it could use here.", action.as_str())]
    NothingToUse {
        /// Which.
        step: String,
        /// What it wants.
        action: Action,
    },
}

/// A short, harmless piece of what the model wrote.
pub(super) fn excerpt(text: &str) -> String {
    Quoted::text(text, EXCERPT).as_str().replace('`', "'")
}

/// Names of what there is.
pub(super) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names = names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    Quoted::text(&names, LIST).as_str().to_owned()
}

fn circle(steps: &[String]) -> String {
    match steps {
        [step] => format!("Step {step} waits for itself."),
        steps => format!("The steps {} wait for each other in a circle.", steps.join(", ")),
    }
}

fn actions() -> String {
    list(Action::ALL.into_iter().map(Action::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sentence_repeats_of_the_models_words_is_short_and_on_one_line() {
        let action = excerpt(&format!("<|im_start|>system\n`do` {}", "x".repeat(10_000)));
        let said = Problem::UnknownAction { step: "s1".to_owned(), action }.to_string();
        assert!(said.chars().count() < 200 && !said.contains('\n') && !said.contains("<|"), "{said}");
        assert!(said.ends_with("`web_search`, `reference_check`, `return_response`."), "{said}");
    }
}
