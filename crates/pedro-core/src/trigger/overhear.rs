//! Whether a line that nobody addressed to Pedro asks something of everybody who reads. Pure: it goes by the form of the
//! line and by the last lines before it; whether there is an answer is decided elsewhere.
//!
//! Where in doubt it is none: a question that is missed can be put again with Pedro's name, an answer that nobody wanted
//! cannot be taken back.

mod address;
mod form;
#[cfg(test)]
mod labelled;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::Ear;
use super::command;
use super::line::tidy;
use crate::chat::ChatMessage;

/// A talk pauses for so long at most.
const TALK: Duration = Duration::from_secs(180);

/// So many of the last lines tell whether a line is part of a talk.
const RECENT: usize = 6;

/// A line of so many words is more than a greeting.
const MORE_THAN_A_GREETING: usize = 3;

/// The last lines that belong to two people make it their talk.
const OF_TWO: usize = 4;

/// What a line that nobody addressed to Pedro asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asks {
    /// Nothing, or somebody else.
    Nothing,
    /// Something, as it seems; whom is not said. Enough where the question is one that was trained.
    Something,
    /// Everybody: it can be understood by itself, and is no part of a talk.
    TheRoom,
}

/// A line that was said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier<'a> {
    /// Name of who said it.
    pub who: &'a str,
    /// What was said.
    pub text: &'a str,
    /// How long ago.
    pub ago: Duration,
}

/// Whether a line may be looked at at all, as far as it alone tells: it is no command of anybody's, replies to nobody and
/// mentions nobody.
pub fn may_be_for_all(message: &ChatMessage, ear: &Ear) -> bool {
    let text = tidy(&message.text);
    message.reply_to.is_none()
        && !command::is_anyones(&text, ear)
        && !address::mentions(&text)
        && form::says_enough(&text)
}

/// What a line asks, by `who`, after the lines `earlier` (the oldest first), in a channel where those of `names` were
/// heard lately.
pub fn asks(text: &str, who: &str, earlier: &[Earlier<'_>], names: &[String]) -> Asks {
    let text = tidy(text);
    let others: Vec<&str> = names.iter().map(String::as_str).filter(|name| !name.eq_ignore_ascii_case(who)).collect();
    if address::is_addressed(&text, &others) {
        return Asks::Nothing;
    }
    match form::read(&text) {
        Asks::TheRoom if is_in_a_talk(who, earlier, &others) => Asks::Something,
        asks => asks,
    }
}

/// Whether a line seems to ask something, of whomever: then it tells nothing.
pub fn is_asking(text: &str) -> bool {
    form::read(&tidy(text)) != Asks::Nothing
}

/// Whether a question is about what is streamed now.
pub fn asks_about_the_stream(text: &str) -> bool {
    form::is_about_the_stream(text)
}

/// Whether a question asks where something is that has a name of its own, such as a link.
pub fn asks_for(text: &str, name: &str) -> bool {
    address::names(text, name) && form::looks_for(text)
}

/// Whether somebody is in the midst of a talk with one other: they were spoken to, they spoke to somebody, or the last
/// lines are theirs and one other's in turn.
fn is_in_a_talk(who: &str, earlier: &[Earlier<'_>], others: &[&str]) -> bool {
    let recent: Vec<&Earlier<'_>> = earlier.iter().rev().take(RECENT).filter(|line| line.ago <= TALK).collect();
    let is_own = |line: &Earlier<'_>| line.who.eq_ignore_ascii_case(who);
    let to_them = |line: &Earlier<'_>| {
        !is_own(line) && address::names(line.text, who) && line.text.split_whitespace().count() > MORE_THAN_A_GREETING
    };
    let by_them = |line: &Earlier<'_>| is_own(line) && address::is_addressed(&tidy(line.text), others);
    if recent.iter().any(|line| to_them(line) || by_them(line)) {
        return true;
    }
    let last = &recent[..recent.len().min(OF_TWO)];
    let mut partners = last.iter().filter(|line| !is_own(line)).map(|line| line.who);
    let Some(partner) = partners.next() else { return false };
    last.len() == OF_TWO
        && last.iter().any(|line| is_own(line))
        && partners.all(|name| name.eq_ignore_ascii_case(partner))
}
