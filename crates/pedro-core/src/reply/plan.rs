//! What Pedro says of plans.

use crate::chat::Platform;
use crate::plan::{Action, Citation, OnFailure, Step, StepStatus, words};
use crate::store::plan::{PlanRow, StepRow};

/// Characters of a step on its line.
const LINE: usize = 140;

/// A plan is being made.
pub fn planning() -> String {
    "🤔 making a plan…".to_owned()
}

/// A plan with its steps as they stand, one line each (Discord). `link`: its workflow page.
pub fn shown(plan: &PlanRow, link: Option<&str>) -> String {
    let head = match plan.number {
        1 => "**My plan**".to_owned(),
        n => format!("**My plan, number {n}**"),
    };
    let lines = plan.steps.iter().map(line);
    let link = link.map(|link| format!("[The whole workflow](<{link}>)"));
    [head].into_iter().chain(lines).chain(link).collect::<Vec<_>>().join("\n")
}

fn line(row: &StepRow) -> String {
    let sign = match (row.status, row.step.action) {
        (StepStatus::Pending, _) => "▫️",
        (StepStatus::Running, Action::ReturnResponse) => "✍️",
        (StepStatus::Running, _) => "⏳",
        (StepStatus::Succeeded, _) => "✅",
        (StepStatus::Failed, _) => "❌",
        (StepStatus::Skipped, _) => "⏭️",
        (StepStatus::Redundant, _) => "➖",
    };
    let mut text = format!("{sign} `{}` {}", row.step.id, harmless(&label(&row.step), LINE));
    if row.status == StepStatus::Redundant {
        text.push_str(" (not needed)");
    }
    if let Some(note) = &row.note {
        text.push_str(&format!(" ({})", harmless(note, LINE)));
    }
    text
}

/// What a step does and what it is about.
fn label(step: &Step) -> String {
    let (what, about) = (words::action(step.action), words::about(step.action, &step.params));
    match (about.as_str(), step.on_failure) {
        ("", _) => what.to_owned(),
        (about, OnFailure::Stop) => format!("{what}: {about} (needed)"),
        (about, _) => format!("{what}: {about}"),
    }
}

/// What a model or a page wrote, on one line of Pedro's: nothing in it is Markdown, nobody is called.
fn harmless(text: &str, limit: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain: String = text
        .chars()
        .map(|c| if matches!(c, '*' | '`' | '_' | '~' | '|' | '\\' | '[' | ']' | '<' | '>' | '#') { ' ' } else { c })
        .collect();
    words::shortened(plain.replace('@', "@\u{200b}").trim(), limit)
}

/// A plan is made, where there is only a line for it (Twitch). `link`: its workflow page, where links are allowed.
pub fn made(plan: &PlanRow, link: Option<&str>) -> String {
    let steps: Vec<&str> = plan.steps.iter().map(|row| words::action(row.step.action)).collect();
    let link = link.map(|link| format!(" {link}")).unwrap_or_default();
    format!("on it, I made a plan: {}.{link}", steps.join(", ").to_lowercase())
}

/// Every search of the web failed.
pub fn not_searched() -> String {
    "(I could not search the web for this.)".to_owned()
}

/// Planning is switched off where somebody asked for a plan.
pub fn switched_off(prefix: &str) -> String {
    format!("(Planning is switched off here; moderators switch it on with {prefix}pedro-agentic-mode on.)")
}

/// The sources of an answer; `None` if none of them can be told there.
pub fn sources(cited: &[Citation], platform: Platform, links_allowed: bool) -> Option<String> {
    let told: Vec<String> = cited
        .iter()
        .filter_map(|citation| match (&citation.url, platform) {
            (Some(url), Platform::Discord) => {
                let title = harmless(&citation.title, 80);
                Some(if url.contains([')', '>', ' ']) { title } else { format!("[{title}](<{url}>)") })
            }
            (Some(url), _) if links_allowed => Some(url.clone()),
            (Some(url), _) => url::Url::parse(url).ok().and_then(|url| url.host_str().map(spelled)),
            (None, _) => Some(harmless(&citation.title, 60)),
        })
        .collect();
    (!told.is_empty()).then(|| format!("Sources: {}", told.join(", ")))
}

/// A host that no chat makes a link of.
fn spelled(host: &str) -> String {
    host.trim_start_matches("www.").replace('.', " ")
}

/// A plan that could not be carried out: what can be done about it.
pub fn broken(platform: Platform, prefix: &str) -> String {
    match platform {
        Platform::Discord => "sorry, my plan did not work out. You can press Retry under it.".to_owned(),
        _ => format!("sorry, my plan did not work out. {prefix}retry makes me try again."),
    }
}

const TRIED: &str = "sorry, I tried three times and could not come up with an answer.";

/// The answer was given up; how it can be asked again.
pub fn gave_up(platform: Platform, prefix: &str) -> String {
    match platform {
        Platform::Discord => {
            format!("{TRIED} Press Retry to have me try again.")
        }
        _ => format!("{TRIED} {prefix}retry makes me try again."),
    }
}

/// It is tried again.
pub fn trying_again() -> String {
    "all right, once more.".to_owned()
}

/// The answer is made again without a step.
pub fn marked(step: &str) -> String {
    format!("noted: I answer again without {step}.")
}

/// There is nothing to try again or to mark.
pub fn nothing_to_change() -> String {
    "there is no finished plan or question of yours here that I could change.".to_owned()
}

/// It is still being worked on.
pub fn still_at_it() -> String {
    "I am still at it. Wait for the answer, or stop it first.".to_owned()
}

/// Only whoever asked, or a moderator, may change a plan.
pub fn not_yours() -> String {
    "only whoever asked, or a moderator, can do that.".to_owned()
}

/// Agentic mode was switched.
pub fn agentic(on: bool) -> String {
    match on {
        true => "planning is on here: tag a question with #plan, or let me decide.".to_owned(),
        false => "planning is off here: I answer directly.".to_owned(),
    }
}

/// The names of buttons and choices.
pub mod label {
    /// Try the whole question again.
    pub const RETRY: &str = "Retry";
    /// Carry out again what failed.
    pub const RETRY_FAILED: &str = "Retry failed steps";
    /// Stop it.
    pub const STOP: &str = "Stop";
    /// Choose a step.
    pub const MARK: &str = "Mark a step, and answer again without it…";

    /// A step is marked.
    pub fn mark(step: &str, what: &str, as_what: &str) -> String {
        format!("{step} ({what}) is {as_what}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_model_planned_calls_nobody_and_is_no_markdown() {
        assert_eq!(harmless("**@everyone** `x`\n[a](b)", 80), "@\u{200b}everyone    x   a (b)");
    }

    #[test]
    fn sources_are_links_only_where_links_are_allowed() {
        let cited = [
            Citation { title: "Go [1.26]".into(), url: Some("https://www.go.dev/doc".into()) },
            Citation { title: "alice, 2026-11-02".into(), url: None },
        ];
        let told = |platform, allowed| sources(&cited, platform, allowed).unwrap();
        assert_eq!(told(Platform::Discord, true), "Sources: [Go  1.26](<https://www.go.dev/doc>), alice, 2026-11-02");
        assert_eq!(told(Platform::Twitch, true), "Sources: https://www.go.dev/doc, alice, 2026-11-02");
        assert_eq!(told(Platform::Twitch, false), "Sources: go dev, alice, 2026-11-02");
    }
}
