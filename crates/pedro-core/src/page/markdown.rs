//! The Markdown that models write, read into plain parts: one reading for the page with scripts and for the one without.
//!
//! Nothing of it becomes HTML here, and a mark without its end stays text.

mod inline;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub(super) use inline::{Run, web_address};

/// Far more than an answer has.
const READ_LIMIT: usize = 20_000;
const FENCE: &str = "```";

/// Lines that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(super) enum Block {
    /// Lines that stay apart, as in chat.
    Paragraph { lines: Vec<Vec<Run>> },
    /// A heading of any height.
    Heading { runs: Vec<Run> },
    /// Items with dots.
    List { items: Vec<Vec<Run>> },
    /// Items with numbers, from the first.
    Numbers { from: u32, items: Vec<Vec<Run>> },
    /// What somebody said.
    Quote { lines: Vec<Vec<Run>> },
    /// Program text, untouched.
    Code { text: String },
}

/// What the start of a line makes of it, and the rest of the line.
enum Line<'a> {
    Blank,
    Heading(&'a str),
    Item(&'a str),
    Number(u32, &'a str),
    Quote(&'a str),
    Plain(&'a str),
}

/// Reads a text.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let end = text.char_indices().nth(READ_LIMIT).map_or(text.len(), |(end, _)| end);
    let mut blocks = Vec::new();
    let mut lines = text[..end].lines();
    // A blank line ends whatever the lines before it are.
    let mut apart = true;
    while let Some(line) = lines.next() {
        if begins_code(line) {
            // Without an end it takes the rest: the model forgot it, or is still writing.
            let code: Vec<&str> = lines.by_ref().take_while(|line| !line.trim_start().starts_with(FENCE)).collect();
            blocks.push(Block::Code { text: code.join("\n") });
            apart = true;
            continue;
        }
        let read = Line::read(line);
        let blank = matches!(read, Line::Blank);
        if apart || !blocks.last_mut().is_some_and(|last: &mut Block| last.takes(&read)) {
            blocks.extend(read.begin());
        }
        apart = blank;
    }
    blocks
}

/// A fence, and not words between fences on one line.
fn begins_code(line: &str) -> bool {
    line.trim_start().strip_prefix(FENCE).is_some_and(|language| !language.contains('`'))
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Self {
        let text = line.trim();
        if text.is_empty() {
            return Self::Blank;
        }
        if let Some(quoted) = text.strip_prefix('>') {
            return Self::Quote(quoted.trim_start_matches('>').trim_start());
        }
        if let Some(item) = ["- ", "* ", "+ ", "• "].iter().find_map(|mark| text.strip_prefix(mark)) {
            return Self::Item(item.trim_start());
        }
        let heading = text.trim_start_matches('#');
        if (1..=6).contains(&(text.len() - heading.len())) && heading.starts_with(' ') {
            return Self::Heading(heading.trim());
        }
        match text.split_once(['.', ')']) {
            Some((number, item)) if item.starts_with(' ') && (1..=3).contains(&number.len()) => {
                number.parse().map_or(Self::Plain(text), |number| Self::Number(number, item.trim_start()))
            }
            // Discord's small print.
            _ => Self::Plain(text.strip_prefix("-# ").unwrap_or(text)),
        }
    }

    /// The block that begins with this line.
    fn begin(self) -> Option<Block> {
        Some(match self {
            Self::Blank => return None,
            Self::Heading(text) => Block::Heading { runs: inline::runs(text) },
            Self::Item(text) => Block::List { items: vec![inline::runs(text)] },
            Self::Number(from, text) => Block::Numbers { from, items: vec![inline::runs(text)] },
            Self::Quote(text) => Block::Quote { lines: vec![inline::runs(text)] },
            Self::Plain(text) => Block::Paragraph { lines: vec![inline::runs(text)] },
        })
    }
}

impl Block {
    /// Adds the line, if it belongs here.
    fn takes(&mut self, line: &Line<'_>) -> bool {
        let (lines, text) = match (self, line) {
            (Self::Paragraph { lines }, Line::Plain(text))
            | (Self::Quote { lines }, Line::Quote(text))
            | (Self::List { items: lines }, Line::Item(text))
            | (Self::Numbers { items: lines, .. }, Line::Number(_, text)) => (lines, text),
            _ => return false,
        };
        lines.push(inline::runs(text));
        true
    }
}
