//! The model's output before anybody sees it.

/// A constant pattern, compiled once and by every test: `expect` cannot fail.
macro_rules! pattern {
    ($name:ident, $pattern:expr) => {
        static $name: std::sync::LazyLock<regex::Regex> =
            std::sync::LazyLock::new(|| regex::Regex::new($pattern).expect("a valid pattern"));
    };
}

mod frame;
mod leak;
mod links;
mod markdown;
mod markers;
mod repetition;
mod sentence;

use super::invisible::strip_invisible;
use super::split::{LONGEST_GRAPHEME, with_short_graphemes};
use crate::chat::Platform;

pub use leak::leaks_system;
pub use repetition::collapse_repetition;
pub use sentence::whole_sentences;

/// Far more than is ever sent.
const READ_LIMIT: usize = 12_000;
/// An honest answer is stable after two or three passes.
const MOST_PASSES: usize = 64;

/// What the place of an answer allows.
#[derive(Debug, Clone, Copy)]
pub struct CleanRules<'a> {
    /// Where the answer goes.
    pub platform: Platform,
    /// Whether the channel allows links; asked on Twitch only.
    pub links_allowed: bool,
    /// Names that the model may put in front of its answer.
    pub own_names: &'a [String],
}

/// Makes the model's output fit to be sent; empty if nothing is left of it.
///
/// Removing one thing can put another together (`@every<@1>one`), so passes are made until nothing changes any more.
/// Output that is built to change for ever is dropped.
pub fn clean(output: &str, rules: &CleanRules<'_>) -> String {
    let visible = markers::without_thinking(&strip_invisible(output));
    let mut text: String = visible.chars().take(READ_LIMIT).collect();
    for _ in 0..MOST_PASSES {
        let cleaned = pass(&text, rules);
        if cleaned == text {
            return cleaned;
        }
        text = cleaned;
    }
    String::new()
}

/// What can be seen of a text that nobody cleaned, and pings nobody: a title or a link's name in a reply of Pedro's own.
pub fn harmless(text: &str) -> String {
    markers::without_pings(&strip_invisible(&with_short_graphemes(text, LONGEST_GRAPHEME)))
}

/// Every step shortens the text or leaves it alone.
fn pass(text: &str, rules: &CleanRules<'_>) -> String {
    let text = markers::without_thinking(&strip_invisible(&with_short_graphemes(text, LONGEST_GRAPHEME)));
    let text = markers::without_tokens(&text);
    let text = markers::without_labels(&text, rules.own_names);
    let text = frame::without_frame(&text);
    let text = collapse_repetition(&markers::without_pings(&text));
    if rules.platform != Platform::Twitch {
        return text.trim().to_owned();
    }
    let text = markdown::without_markdown(&text);
    let text = if rules.links_allowed { text } else { links::without_links(&text) };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    without_commands(&line).to_owned()
}

/// A line that begins so would be a command to Twitch or to another bot.
fn without_commands(line: &str) -> &str {
    line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '/' | '.' | '!'))
}

#[cfg(test)]
mod tests;
