//! The workflow page as it is without its script: everything that can be read, one below the other.

use chrono::{DateTime, Utc};

use super::drawn::{Drawn, DrawnAttempt, DrawnStep, Source};
use super::html::{Escaped, blocks, link};
use super::words;

/// What stands in `<main>`.
pub(super) fn page(workflow: &Drawn<'_>, now: DateTime<Utc>) -> String {
    let asker = workflow.asker.as_deref().unwrap_or("Somebody");
    let state = serde_name(&workflow.state);
    let passed = took(Some(workflow.asked_at), workflow.ended_at, now).unwrap_or_default();
    format!(
        "<div class=\"asked\">\n<p class=\"where\"><b dir=\"auto\">{asker}</b> asked in <b dir=\"auto\">{channel}</b>, \
         <span dir=\"auto\">{community}</span>, {asked_at}</p>\n<h1 dir=\"auto\">{question}</h1>\n\
         <p id=\"state\" role=\"status\" class=\"state {state}\"><span id=\"state-mark\" class=\"glyph mark {state}\" \
         aria-hidden=\"true\"></span><span id=\"state-words\">{state_words}</span>\
         <span id=\"state-took\" class=\"took\" aria-live=\"off\">{passed}</span></p>\n</div>\n\
         <section id=\"answer\">\n<h2>Answer</h2>\n{answer}{sources}</section>\n{plans}",
        asker = Escaped(asker),
        channel = Escaped(&workflow.channel),
        community = Escaped(&workflow.community),
        asked_at = time(workflow.asked_at),
        question = Escaped(workflow.question),
        state_words = workflow.state_words,
        answer = answer(workflow),
        sources = sources(&workflow.sources),
        plans = plans(&workflow.attempts, now),
    )
}

/// A time of day; the script tells it in the reader's zone.
pub(super) fn time(at: DateTime<Utc>) -> String {
    format!("<time datetime=\"{}\">{}</time>", at.to_rfc3339(), at.format("%-d %B %Y, %H:%M UTC"))
}

fn answer(workflow: &Drawn<'_>) -> String {
    match workflow.answer.as_slice() {
        [] => format!("<p class=\"missing\">{}</p>\n", workflow.no_answer),
        answer => format!("<div class=\"text\">\n{}</div>\n", blocks(answer)),
    }
}

fn sources(sources: &[Source<'_>]) -> String {
    if sources.is_empty() {
        return String::new();
    }
    let item = |source: &Source<'_>| {
        let title = Escaped(source.title);
        let shown = source.url.as_deref().map_or_else(|| title.to_string(), |url| link(url, &title));
        format!("<li dir=\"auto\">{shown}</li>")
    };
    let items: String = sources.iter().map(item).collect();
    format!("<div class=\"sources\"><h3>Sources</h3><ol>{items}</ol></div>\n")
}

/// The newest plan, and those before it folded up.
fn plans(attempts: &[DrawnAttempt<'_>], now: DateTime<Utc>) -> String {
    let Some((newest, earlier)) = attempts.split_last() else {
        // The script fills it when the first plan comes.
        return "<section id=\"plans\" class=\"plain\" hidden></section>\n".to_owned();
    };
    let folded = |one: &DrawnAttempt<'_>| {
        format!("<details class=\"earlier\">\n<summary>{}</summary>\n{}</details>\n", told(one), steps(one, now))
    };
    let earlier: String = earlier.iter().rev().map(folded).collect();
    format!(
        "<section id=\"plans\" class=\"plain\">\n<h2>How Pedro got there</h2>\n\
         <p class=\"origin\">{}</p>\n{}{earlier}</section>\n",
        told(newest),
        steps(newest, now)
    )
}

fn told(attempt: &DrawnAttempt<'_>) -> String {
    format!("Plan {}: {}; {}.", attempt.number, attempt.origin_words, attempt.status_words)
}

fn steps(attempt: &DrawnAttempt<'_>, now: DateTime<Utc>) -> String {
    format!("<ol class=\"steps\">\n{}</ol>\n", attempt.steps.iter().map(|one| step(one, now)).collect::<String>())
}

fn step(step: &DrawnStep<'_>, now: DateTime<Utc>) -> String {
    let (status, action) = (serde_name(&step.status), serde_name(&step.action));
    let passed = took(step.began_at, step.ended_at, now).map(|passed| format!(", {passed}")).unwrap_or_default();
    format!(
        "<li class=\"step {status}\"><details><summary><span class=\"glyph mark {status}\" aria-hidden=\"true\"></span>\
         <span class=\"glyph step-act {action}\" aria-hidden=\"true\"></span><span class=\"step-name\"><b>{name}</b>\
         <span class=\"step-about\" dir=\"auto\">{about}</span></span><span class=\"took\">{words}{passed}</span></summary>\
         <div class=\"inside\">{inside}</div></details></li>\n",
        name = step.name,
        about = Escaped(&step.about),
        words = step.status_words,
        inside = inside(step),
    )
}

fn inside(step: &DrawnStep<'_>) -> String {
    let mut html = String::new();
    if !step.remarks.is_empty() {
        html += &format!("<p class=\"remarks\">{}</p>", Escaped(&step.remarks.join(" ")));
    }
    if let Some(note) = step.note {
        html += &format!("<p class=\"note\" dir=\"auto\">{}</p>", Escaped(note));
    }
    if !step.params.is_empty() {
        let param = |(name, value): &(&str, String)| {
            format!("<dt dir=\"auto\">{}</dt><dd dir=\"auto\">{}</dd>", Escaped(name), Escaped(value))
        };
        let params: String = step.params.iter().map(param).collect();
        html += &format!("<div><h3>Parameters</h3><dl>{params}</dl></div>");
    }
    if let Some(result) = &step.result {
        // A line break right after `<pre>` would be swallowed.
        html += &format!("<div><h3>Result</h3><pre class=\"result\" dir=\"auto\">\n{}</pre></div>", Escaped(result));
    }
    html + &sources(&step.sources)
}

fn took(began: Option<DateTime<Utc>>, ended: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<String> {
    began.map(|began| words::duration((ended.unwrap_or(now) - began).num_milliseconds()))
}

/// The name under which style sheets and scripts know a state: the one it has in JSON.
fn serde_name(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
