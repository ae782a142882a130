//! One answer as several Discord messages: Markdown stays whole.

use std::sync::LazyLock;

use regex::Regex;

use super::split::{LONGEST_GRAPHEME, cut, with_short_graphemes};

/// Characters of a Discord message.
/// <https://docs.discord.com/developers/resources/message#create-message>
pub const DISCORD_LIMIT: usize = 2000;

const FENCE: &str = "```";

/// Room to close a block: a line break and a fence.
const CLOSING: usize = 4;

/// Splits at ends of lines, else of sentences, else at words, never inside a grapheme: pieces of at most `limit`
/// characters. A code block that goes on in the next piece is closed and opened again with its language. Nothing is left
/// out but what is no more than a pile: marks on one letter, backticks in a row.
pub fn split_markdown(text: &str, limit: usize) -> Vec<String> {
    let text = with_short_graphemes(text.trim(), LONGEST_GRAPHEME);
    let text = if text.chars().count() > limit { LONG_FENCE.replace_all(&text, FENCE).into_owned() } else { text };
    let mut pieces = Pieces { limit, done: Vec::new(), piece: String::new(), length: 0, block: None };
    for line in text.split('\n') {
        pieces.add(line.trim_end());
    }
    pieces.flush();
    pieces.done
}

struct Pieces {
    limit: usize,
    done: Vec<String>,
    piece: String,
    /// Characters of `piece`.
    length: usize,
    /// How the code block that we are in was opened. Discord opens and closes one wherever a fence stands.
    block: Option<String>,
}

impl Pieces {
    fn add(&mut self, line: &str) {
        // A block that would open as the last thing of a piece opens in the next one.
        let opens = self.block.is_none() && line.matches(FENCE).count() % 2 == 1;
        let needed = line.chars().count() + if opens { self.limit / 4 } else { 0 };
        let closes = self.block.is_some() && line.trim() == FENCE;
        if self.length > 0 && !self.fits(needed) && !closes {
            self.flush();
        }
        let mut rest = line;
        while !self.fits(rest.chars().count()) && !closes {
            let at = self.cut(rest);
            let (head, tail) = rest.split_at(at);
            self.push(head.trim_end());
            self.flush();
            rest = if self.block.is_some() { tail } else { tail.trim_start() };
        }
        self.push(rest);
    }

    /// Whether a line of so many characters may be added, so that an open block can still be closed.
    fn fits(&self, line: usize) -> bool {
        self.taken() + line <= self.limit
    }

    /// Characters that are not there for the next line.
    fn taken(&self) -> usize {
        self.length + usize::from(self.length > 0) + CLOSING
    }

    /// Where a line that is too long is cut, in bytes: not inside a fence, and behind one that ends the block.
    fn cut(&self, line: &str) -> usize {
        let at = cut(line, self.limit.saturating_sub(self.taken()).max(1)).max(first_char(line));
        let fence = at - line[..at].bytes().rev().take_while(|byte| *byte == b'`').count();
        let is_inside = fence > 0 && fence < at && line[at..].starts_with('`');
        let at = if is_inside { fence } else { at };
        let is_open = self.block.is_some() != (line[..at].matches(FENCE).count() % 2 == 1);
        let tail = line[at..].trim_start();
        if is_open && tail.starts_with(FENCE) { line.len() - tail.len() + FENCE.len() } else { at }
    }

    fn push(&mut self, line: &str) {
        if !self.piece.is_empty() {
            self.piece.push('\n');
            self.length += 1;
        }
        self.piece.push_str(line);
        self.length += line.chars().count();
        for (at, _) in line.match_indices(FENCE) {
            self.block = match self.block.take() {
                None => Some(opening(&line[at + FENCE.len()..])),
                Some(_) => None,
            };
        }
    }

    fn flush(&mut self) {
        if self.length == 0 {
            return;
        }
        let mut piece = std::mem::take(&mut self.piece);
        self.length = 0;
        if let Some(block) = &self.block {
            // Nothing but the opening: it goes to the next piece as a whole.
            if piece.trim() != block.as_str() {
                piece.push('\n');
                piece.push_str(FENCE);
                self.done.push(piece);
            }
            self.piece = block.clone();
            self.length = block.chars().count();
            return;
        }
        let piece = piece.trim_matches('\n').to_owned();
        if !piece.trim().is_empty() {
            self.done.push(piece);
        }
    }
}

/// The opening of a code block by what follows its fence: a language, if it stands alone there; else it is code already.
fn opening(after: &str) -> String {
    let language = after.trim();
    let is_language =
        language.chars().count() <= 20 && language.chars().all(|c| c.is_alphanumeric() || "+#-_.".contains(c));
    format!("{FENCE}{}", if is_language { language } else { "" })
}

/// Bytes of the first character: even a piece that has hardly any room makes progress.
fn first_char(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

/// More backticks than a fence has are one fence all the same.
#[expect(clippy::expect_used, reason = "a constant, compiled by every test")]
static LONG_FENCE: LazyLock<Regex> = LazyLock::new(|| Regex::new("`{4,}").expect("a valid pattern"));

#[cfg(test)]
mod tests {
    use super::*;

    fn fences(piece: &str) -> usize {
        piece.lines().filter(|line| line.trim_start().starts_with(FENCE)).count()
    }

    #[test]
    fn a_text_that_fits_is_one_piece() {
        assert_eq!(
            split_markdown("hi **there**\n\n```rust\nfn x() {}\n```\n", 2000),
            ["hi **there**\n\n```rust\nfn x() {}\n```"]
        );
        assert!(split_markdown(" \n ", 2000).is_empty());
    }

    #[test]
    fn a_code_block_is_closed_and_opened_again_with_its_language() {
        let code: String = (0..300).map(|n| format!("let x{n} = {n};\n")).collect();
        let text = format!("Look:\n```rust\n{code}```\nThat was it.");
        let pieces = split_markdown(&text, 2000);
        assert!(pieces.len() > 2);
        for piece in &pieces {
            assert!(piece.chars().count() <= 2000 && fences(piece).is_multiple_of(2), "{piece}");
        }
        assert!(pieces[1].starts_with("```rust\n"));
        let lines: Vec<&str> =
            pieces.iter().flat_map(|piece| piece.lines()).filter(|line| line.starts_with("let ")).collect();
        assert_eq!(lines.len(), 300);
    }

    #[test]
    fn code_on_the_line_that_opens_the_block_is_not_repeated() {
        let pieces = split_markdown(&format!("```json {{{}\n```", "\"a\": 1, ".repeat(400)), 2000);
        assert!(pieces.len() < 4, "{}", pieces.len());
        assert!(pieces.iter().all(|piece| piece.chars().count() <= 2000), "{pieces:?}");
    }

    #[test]
    fn nothing_is_lost_whatever_the_limit() {
        let text =
            "One two three. Four 👨‍👩‍👧‍👦 five!\n- a list\n- of things\n```\ncode code code code\n\nmore code\n```\nend "
                .repeat(9);
        let bare = |text: &str| text.split_whitespace().collect::<String>().replace(FENCE, "");
        for limit in 24..160 {
            let pieces = split_markdown(&text, limit);
            assert_eq!(bare(&pieces.concat()), bare(&text), "{limit}");
            assert!(
                pieces.iter().all(|piece| piece.chars().count() <= limit && !piece.is_empty()),
                "{limit} {pieces:?}"
            );
        }
    }

    #[test]
    fn a_line_longer_than_a_message_is_cut_at_words() {
        let pieces = split_markdown(&"word ".repeat(1000), 2000);
        assert_eq!(pieces.len(), 3);
        assert!(pieces.iter().all(|piece| piece.ends_with("word") && piece.starts_with("word")));
    }

    #[test]
    fn a_pile_of_marks_is_no_flood_of_messages() {
        let pieces = split_markdown(&format!("a{}", "\u{301}".repeat(9_000)), 2000);
        assert_eq!(pieces, [format!("a{}", "\u{301}".repeat(LONGEST_GRAPHEME - 1))]);
    }

    #[test]
    fn a_fence_in_the_middle_of_a_line_is_closed_and_opened_again_too() {
        for text in [
            format!("see ```{}``` there", "code ".repeat(900)),
            format!("```json {{{}\n```", "\"a\": 1, ".repeat(400)),
            "```@everyone".repeat(300),
            format!("```\n{}\n```", "x\n\n".repeat(1_500)),
            "`".repeat(5_000) + "x",
        ] {
            let pieces = split_markdown(&text, 2000);
            for piece in &pieces {
                assert!(piece.chars().count() <= 2000 && piece.matches(FENCE).count().is_multiple_of(2), "{piece:?}");
            }
        }
    }

    #[test]
    fn the_end_of_a_block_stays_with_it() {
        let code = "x".repeat(1_985);
        assert_eq!(
            split_markdown(&format!("```rust\n{code}\n```\nbye"), 2000),
            [format!("```rust\n{code}\n```"), "bye".to_owned()]
        );
    }
}
