//! Whether a line is for somebody in particular.

use super::form;
use crate::trigger::line::{is_word, strip_ignoring_case};

/// Words before a colon or a comma that are nobody's name.
const NO_NAMES: [&str; 34] = [
    "question",
    "q",
    "quick",
    "ps",
    "btw",
    "fyi",
    "edit",
    "note",
    "error",
    "help",
    "hi",
    "hello",
    "hey",
    "hiya",
    "yo",
    "ok",
    "okay",
    "so",
    "well",
    "also",
    "and",
    "but",
    "all",
    "guys",
    "folks",
    "everyone",
    "everybody",
    "chat",
    "please",
    "sorry",
    "hmm",
    "anyway",
    "now",
    "thanks",
];

/// Shorter names are words of the language too often.
const SHORTEST_NAME: usize = 3;

/// So much of a name is enough at the start of a line: people shorten them.
const SHORTEST_BEGINNING: usize = 4;

/// Mentions that mean everybody.
const EVERYBODY: [&str; 6] = ["all", "everyone", "everybody", "here", "chat", "channel"];

/// Whether a line mentions somebody (`@name`, or as Discord writes it).
pub(super) fn mentions(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let name: String = text[at + 1..].chars().take_while(|&char| is_word(char)).collect();
        let is_discords = before == Some('<') && text[at + 1..].starts_with(['!', '&']);
        let is_name = !before.is_some_and(is_word) && !name.is_empty();
        is_discords || (is_name && !EVERYBODY.contains(&name.to_lowercase().as_str()))
    })
}

/// Whether a line speaks to somebody: it mentions them, begins with their name, or ends with it. Before a colon any word
/// is a name that is not known to be something else; before a comma, and without either, only that of somebody who was
/// heard lately.
pub(super) fn is_addressed(text: &str, others: &[&str]) -> bool {
    if mentions(text) {
        return true;
    }
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let bare = first.trim_end_matches([',', ':', ';', '>', '.', '!', '?']);
    let ends_with = |end: char| first.ends_with(end) && !bare.is_empty();
    let is_nobody = NO_NAMES.contains(&bare.to_lowercase().as_str());
    if (ends_with(':') || ends_with('>')) && !is_nobody && !rest.is_empty() {
        return true;
    }
    let is_known = |word: &str| {
        let is_name = |name: &&str| name.eq_ignore_ascii_case(word) && word.chars().count() >= SHORTEST_NAME;
        others.iter().any(is_name)
    };
    let is_begun = |word: &str| {
        let is_long = word.chars().count() >= SHORTEST_BEGINNING;
        is_long && !is_nobody && others.iter().any(|name| strip_ignoring_case(name, word).is_some())
    };
    let names_nobody = bare.len() == first.len() && form::says_nothing(bare);
    if (is_known(bare) && !names_nobody)
        || (bare.len() < first.len() && !first.ends_with(['.', '!', '?']) && is_begun(bare))
    {
        return true;
    }
    let last = text.rsplit(' ').next().unwrap_or_default().trim_matches(|char: char| !is_word(char));
    // "thanks alice", "is it on, alice?"; a name that is a common word is written otherwise than one.
    text.contains(' ') && is_known(last) && (text.contains(',') || others.contains(&last))
}

/// Whether a text has somebody's name as a word of its own.
pub(super) fn names(text: &str, name: &str) -> bool {
    name.chars().count() >= SHORTEST_NAME
        && text.char_indices().any(|(at, _)| {
            !text[..at].ends_with(is_word)
                && strip_ignoring_case(&text[at..], name).is_some_and(|rest| !rest.starts_with(is_word))
        })
}
