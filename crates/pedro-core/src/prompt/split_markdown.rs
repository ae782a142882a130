//! One answer as several Discord messages: Markdown stays whole.

use super::split::cut;

/// Characters of a Discord message.
/// <https://docs.discord.com/developers/resources/message#create-message>
pub const DISCORD_LIMIT: usize = 2000;

const FENCE: &str = "```";

/// Splits at ends of lines, else of sentences, else at words, never inside a grapheme: pieces of at most `limit`
/// characters. A code block that goes on in the next piece is closed and opened again with its language. Nothing is left
/// out.
pub fn split_markdown(text: &str, limit: usize) -> Vec<String> {
    let mut pieces = Pieces { limit, done: Vec::new(), piece: String::new(), length: 0, block: None };
    for line in text.trim().split('\n') {
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
    /// The line that opened the code block that we are in.
    block: Option<String>,
}

impl Pieces {
    fn add(&mut self, line: &str) {
        let fence = line.trim_start().starts_with(FENCE);
        // A block that would open as the last thing of a piece opens in the next one.
        let needed = line.chars().count() + 1 + if fence && self.block.is_none() { self.limit / 4 } else { 0 };
        if self.length > 0 && self.length + needed > self.room() {
            self.flush();
        }
        let mut rest = line;
        while rest.chars().count() > self.room().saturating_sub(self.length + 1) {
            let room = self.room().saturating_sub(self.length + 1).max(1);
            let (head, tail) = rest.split_at(cut(rest, room).max(first_char(rest)));
            self.push(head.trim_end());
            self.flush();
            rest = if self.block.is_some() { tail } else { tail.trim_start() };
        }
        self.push(rest);
        if fence {
            self.block = match self.block.take() {
                // A line such as ```rust``` opens and closes by itself.
                None if !line.trim_start().trim_start_matches('`').contains(FENCE) => Some(opening(line)),
                _ => None,
            };
        }
    }

    /// What a piece may hold, with room to close the block.
    fn room(&self) -> usize {
        self.limit - if self.block.is_some() { FENCE.len() + 1 } else { 0 }
    }

    fn push(&mut self, line: &str) {
        if !self.piece.is_empty() {
            self.piece.push('\n');
            self.length += 1;
        }
        self.piece.push_str(line);
        self.length += line.chars().count();
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

/// The opening of a code block with its language; what else stands on the line is code already.
fn opening(line: &str) -> String {
    let language = line.trim().trim_start_matches('`').chars();
    let language: String = language.take_while(|c| c.is_alphanumeric() || "+#-_.".contains(*c)).take(20).collect();
    format!("{FENCE}{language}")
}

/// Bytes of the first character: even a piece that has hardly any room makes progress.
fn first_char(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

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
}
