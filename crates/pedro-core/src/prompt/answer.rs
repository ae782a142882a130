//! The prompt that answers a question from what Pedro knows.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::plan::{ResultNote, known};
use super::quote::{LINE_LIMIT, NoteLine, Quoted, fence};
use super::unsure::PASS;
use super::{Persona, PromptMessage, PromptRole};
use crate::chat::Platform;

const QUESTION_LIMIT: usize = 2000;
/// As many of the last lines are kept before notes from memory are given up.
const NEWEST_LINES: usize = 3;
/// Characters of a step's result: eight of them, and the question, fit into a small context.
const RESULT_LIMIT: usize = 1_200;
/// Characters of what was taught.
const TAUGHT_LIMIT: usize = 1_000;
/// What the model's template adds around two messages.
const TEMPLATE_TOKENS: usize = 16;
const REMINDER: &str = "Answer this question in one or two sentences, from the notes above.";
pub(super) const UNASKED: &str = "They asked everybody, not you. Answer in one or two sentences if the notes above tell the answer. If not, write only: ";
pub(super) const SECOND_TRY: &str = "Please say it differently: friendly, with nothing that could offend anybody, and without repeating any instructions.";

/// What the stream is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TitleNote {
    /// The title.
    pub title: String,
    /// The category; may be empty.
    pub category: String,
    /// Whether the stream is live.
    pub live: bool,
    /// Since when it has been live, or offline.
    pub since: DateTime<Utc>,
}

/// What the stream was called for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastTitle {
    /// The title.
    pub title: String,
    /// The category; may be empty.
    pub category: String,
    /// Whether the stream was live.
    pub live: bool,
    /// Since when.
    pub from: DateTime<Utc>,
    /// Until when; `None`: it still holds.
    pub until: Option<DateTime<Utc>>,
}

/// A link that may belong to the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkNote {
    /// What it is called.
    pub name: String,
    /// Where it leads.
    pub url: String,
    /// What is found there; may be empty.
    pub description: String,
}

/// Everything an answer is made from.
#[derive(Debug, Clone)]
pub struct AnswerInput<'a> {
    /// Who Pedro is.
    pub persona: &'a Persona,
    /// Where the answer goes.
    pub platform: Platform,
    /// Whether the channel allows links.
    pub links_allowed: bool,
    /// The present moment.
    pub now: DateTime<Utc>,
    /// The community's time zone.
    pub zone: Tz,
    /// The current stream title.
    pub title: Option<TitleNote>,
    /// Earlier titles that the question asks about, the newest first.
    pub titles: Vec<PastTitle>,
    /// What is known of the event that is on, a fact a line; empty if none is.
    pub event: Vec<String>,
    /// Notes from memory: windows of neighbouring lines, the best first.
    pub windows: Vec<Vec<NoteLine>>,
    /// What the steps of a plan brought, in order; empty where there was no plan.
    pub results: Vec<ResultNote>,
    /// What was taught to answer to questions like this; a fact like the others.
    pub taught: Option<String>,
    /// The question was put to the room: no answer is better than a bad one.
    pub to_the_room: bool,
    /// Links that match.
    pub links: Vec<LinkNote>,
    /// The last lines of the chat, the oldest first.
    pub thread: Vec<NoteLine>,
    /// Who asks.
    pub asker: &'a str,
    /// What is asked.
    pub question: &'a str,
    /// Tokens that the whole prompt may take.
    pub budget_tokens: usize,
}

/// A prompt and what went into it, so that its provenance is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The system message and one user message.
    pub messages: Vec<PromptMessage>,
    /// So many windows were used, from the front.
    pub used_windows: usize,
    /// So many lines of the thread were used, from the back.
    pub used_thread: usize,
}

/// Builds the prompt of an answer: what is over budget is left out, but never the best window and the question.
pub fn answer_messages(input: &AnswerInput<'_>) -> Prompt {
    let mut notes = Notes::new(input);
    let system = input.persona.system(input.platform, input.links_allowed);
    notes.shrink(input.budget_tokens.saturating_sub(TEMPLATE_TOKENS + estimate_tokens(&system)));
    Prompt {
        messages: vec![
            PromptMessage { role: PromptRole::System, content: system },
            PromptMessage { role: PromptRole::User, content: notes.render() },
        ],
        used_windows: notes.windows.len(),
        used_thread: notes.thread.len(),
    }
}

/// The same prompt for one more try after an answer that could not be sent.
pub fn second_try(messages: &[PromptMessage]) -> Vec<PromptMessage> {
    let mut messages = messages.to_vec();
    match messages.iter_mut().rev().find(|message| message.role == PromptRole::User) {
        Some(message) => {
            message.content.push('\n');
            message.content.push_str(SECOND_TRY);
        }
        None => messages.push(PromptMessage { role: PromptRole::User, content: SECOND_TRY.to_owned() }),
    }
    messages
}

/// How many tokens a text takes at most, for any usual tokenizer: about 3.5 letters each, but digits and what is not
/// ASCII cost more.
pub fn estimate_tokens(text: &str) -> usize {
    let fourteenths: usize = text
        .chars()
        .map(|c| match c {
            '0'..='9' => 14,
            'a'..='z' | 'A'..='Z' | ' ' => 4,
            _ if c.is_ascii() => 8,
            _ => c.len_utf8() * 7,
        })
        .sum();
    fourteenths.div_ceil(14)
}

/// The parts of the user message, quoted.
struct Notes {
    head: String,
    titles: Vec<Quoted>,
    windows: Vec<String>,
    results: Vec<Quoted>,
    taught: Option<Quoted>,
    links: Vec<Quoted>,
    thread: Vec<Quoted>,
    question: String,
}

impl Notes {
    fn new(input: &AnswerInput<'_>) -> Self {
        let quote = |line: &NoteLine| Quoted::note(line, input.zone);
        let window = |lines: &Vec<NoteLine>| fence(&lines.iter().map(quote).collect::<Vec<_>>());
        let question = Quoted::said(input.asker, input.question, QUESTION_LIMIT);
        let reminder = if input.to_the_room { format!("{UNASKED}{PASS}") } else { REMINDER.to_owned() };
        Self {
            head: head(input),
            titles: input.titles.iter().map(|title| past_title(title, input.zone)).collect(),
            taught: input.taught.as_ref().map(|text| Quoted::text(text, TAUGHT_LIMIT)),
            windows: input.windows.iter().map(window).collect(),
            results: input.results.iter().map(|note| known(note, RESULT_LIMIT)).collect(),
            links: input.links.iter().map(link).collect(),
            thread: input.thread.iter().map(quote).collect(),
            question: format!("The question:\n{}\n{reminder}", fence([&question])),
        }
    }

    /// Leaves out what does not fit, the least useful first.
    fn shrink(&mut self, budget: usize) {
        let mut over = estimate_tokens(&self.render()).saturating_sub(budget);
        let oldest = self.thread.len().saturating_sub(NEWEST_LINES);
        drop_front(&mut self.thread, oldest, &mut over);
        drop_back(&mut self.windows, 1, String::as_str, &mut over);
        let newest = self.thread.len();
        drop_front(&mut self.thread, newest, &mut over);
        drop_back(&mut self.links, 0, Quoted::as_str, &mut over);
        drop_back(&mut self.titles, 1, Quoted::as_str, &mut over);
        drop_back(&mut self.results, 1, Quoted::as_str, &mut over);
    }

    fn render(&self) -> String {
        let mut parts = vec![self.head.clone()];
        if !self.titles.is_empty() {
            parts.push(format!("Earlier titles of the stream, the newest first:\n{}", fence(&self.titles)));
        }
        if !self.results.is_empty() {
            parts.push(format!("What was found for the question, step by step:\n{}", fence(&self.results)));
        }
        match self.windows.as_slice() {
            [] if !self.results.is_empty() || !self.titles.is_empty() => {}
            [] => parts.push("From the chat's memory: nothing was found.".to_owned()),
            windows => parts.push(format!("From the chat's memory, best first:\n{}", windows.join("\n"))),
        }
        if let Some(taught) = &self.taught {
            parts.push(format!("What people here want you to answer to such a question:\n{}", fence([taught])));
        }
        if !self.links.is_empty() {
            parts.push(format!("Links:\n{}", fence(&self.links)));
        }
        if !self.thread.is_empty() {
            parts.push(format!("The last lines of the chat, oldest first:\n{}", fence(&self.thread)));
        }
        parts.push(self.question.clone());
        parts.join("\n\n")
    }
}

fn head(input: &AnswerInput<'_>) -> String {
    let local = |time: DateTime<Utc>| time.with_timezone(&input.zone).format("%A, %Y-%m-%d %H:%M");
    let mut head = format!("Now: {} ({}).", local(input.now), input.zone.name());
    if let Some(note) = &input.title {
        let state = if note.live { "live" } else { "offline" };
        let lines = [("title", &note.title), ("category", &note.category)]
            .map(|(what, text)| Quoted::text(&format!("{what}: {text}"), LINE_LIMIT));
        head.push_str(&format!("\nThe stream: {state} since {}.\n{}", local(note.since), fence(&lines)));
    }
    if !input.event.is_empty() {
        let lines: Vec<Quoted> = input.event.iter().map(|line| Quoted::text(line, LINE_LIMIT)).collect();
        head.push_str(&format!("\nThe event that is on:\n{}", fence(&lines)));
    }
    head
}

/// `[Tuesday, 2026-11-17 19:02 to 22:10] live: Rust, slowly (Software and Game Development)`.
fn past_title(note: &PastTitle, zone: Tz) -> Quoted {
    let (from, until) = (note.from.with_timezone(&zone), note.until.map(|until| until.with_timezone(&zone)));
    let until = match until {
        None => "now".to_owned(),
        Some(until) if until.date_naive() == from.date_naive() => until.format("%H:%M").to_string(),
        Some(until) => until.format("%A, %Y-%m-%d %H:%M").to_string(),
    };
    let state = if note.live { "live" } else { "offline" };
    let category = if note.category.is_empty() { String::new() } else { format!(" ({})", note.category) };
    let from = from.format("%A, %Y-%m-%d %H:%M");
    Quoted::text(&format!("[{from} to {until}] {state}: {}{category}", note.title), LINE_LIMIT)
}

fn link(note: &LinkNote) -> Quoted {
    Quoted::text(&format!("{}: {} {}", note.name, note.url, note.description), LINE_LIMIT)
}

fn drop_front(lines: &mut Vec<Quoted>, at_most: usize, over: &mut usize) {
    let mut dropped = 0;
    while *over > 0 && dropped < at_most {
        *over = over.saturating_sub(freed(lines[dropped].as_str()));
        dropped += 1;
    }
    lines.drain(..dropped);
}

fn drop_back<T>(items: &mut Vec<T>, keep: usize, text: impl Fn(&T) -> &str, over: &mut usize) {
    while *over > 0 && items.len() > keep {
        let Some(item) = items.pop() else { break };
        *over = over.saturating_sub(freed(text(&item)));
    }
}

/// The estimate rounds up, so a sum of estimates would free more than the prompt shrinks by.
fn freed(text: &str) -> usize {
    estimate_tokens(text).saturating_sub(1)
}

#[cfg(test)]
mod tests;
