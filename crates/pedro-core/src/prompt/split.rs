//! One answer as several messages.

use unicode_segmentation::UnicodeSegmentation;

use super::invisible::is_invisible;

/// Characters of a Twitch message.
pub const TWITCH_LIMIT: usize = 500;
/// Messages that one answer may take on Twitch.
pub const TWITCH_PARTS: usize = 3;
const MORE: char = '…';

/// Characters of the longest grapheme that anybody means to write: a family is 11. What is piled on beyond is a flood.
pub(super) const LONGEST_GRAPHEME: usize = 32;

/// Splits at ends of sentences, else at words, never inside a grapheme: at most `max_parts` pieces of at most `limit`
/// characters. The last one ends with `…` if something had to be left out.
///
/// No piece after the first begins like a command.
pub fn split(text: &str, limit: usize, max_parts: usize) -> Vec<String> {
    let whole = with_short_graphemes(text.trim(), limit.min(LONGEST_GRAPHEME));
    let mut rest = whole.as_str();
    let mut parts = vec![];
    while !rest.is_empty() && parts.len() < max_parts && limit > 0 {
        let last = parts.len() + 1 == max_parts;
        let fits = rest.chars().nth(limit).is_none();
        let at = match (fits, last) {
            (true, _) => rest.len(),
            (false, true) => cut(rest, limit - 1),
            (false, false) => cut(rest, limit),
        };
        let mut part = rest[..at].trim_end().to_owned();
        if last && !fits {
            part.push(MORE);
        }
        parts.push(part);
        rest = without_command(&rest[at..]);
    }
    parts
}

/// Marks piled on one letter beyond a limit are given up.
pub(super) fn with_short_graphemes(text: &str, limit: usize) -> String {
    text.graphemes(true).flat_map(|grapheme| grapheme.chars().take(limit)).collect()
}

/// Where the first piece of at most `limit` characters ends, in bytes.
pub(super) fn cut(text: &str, limit: usize) -> usize {
    let mut best = Cuts::default();
    let mut length = 0;
    let mut before: Option<&str> = None;
    for (at, grapheme) in text.grapheme_indices(true) {
        if length > limit {
            break;
        }
        if at > 0 {
            let half_full = length * 2 >= limit;
            best.see(at, &text[..at], &text[at..], is_blank(grapheme) && !before.is_some_and(is_blank), half_full);
        }
        length += grapheme.chars().count();
        before = Some(grapheme);
    }
    best.sentence.or(best.word).or(best.any_word).or(best.grapheme).unwrap_or(best.any_grapheme)
}

#[derive(Default)]
struct Cuts {
    sentence: Option<usize>,
    word: Option<usize>,
    /// Before a word that would be a command: what makes it one is stripped.
    any_word: Option<usize>,
    grapheme: Option<usize>,
    any_grapheme: usize,
}

impl Cuts {
    fn see(&mut self, at: usize, before: &str, after: &str, between_words: bool, half_full: bool) {
        // Looking past a long run of blanks at each of them would take for ever.
        let inside_blanks = !between_words && after.starts_with(char::is_whitespace);
        let harmless = inside_blanks || !is_command(after);
        self.any_grapheme = at;
        if harmless {
            self.grapheme = Some(at);
        }
        let wide_end = before.ends_with(['。', '！', '？']);
        if half_full && harmless && ((between_words && ends_sentence(before, after)) || wide_end) {
            self.sentence = Some(at);
        }
        if between_words {
            self.any_word = Some(at);
            if harmless {
                self.word = Some(at);
            }
        }
    }
}

fn ends_sentence(before: &str, after: &str) -> bool {
    let bare = before.trim_end_matches(['"', '\'', '”', '’', ')', ']', '*', '_', '`']);
    bare.ends_with(['.', '!', '?', '…']) || after.starts_with(['\n', '\r'])
}

fn is_blank(grapheme: &str) -> bool {
    grapheme.chars().all(char::is_whitespace)
}

fn is_command(text: &str) -> bool {
    text.chars().find(|c| !c.is_whitespace() && !is_invisible(*c)).is_some_and(starts_command)
}

fn starts_command(c: char) -> bool {
    matches!(c, '/' | '.' | '!')
}

fn without_command(text: &str) -> &str {
    let text = text.trim_start();
    if is_command(text) {
        text.trim_start_matches(|c: char| c.is_whitespace() || is_invisible(c) || starts_command(c))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same_letters(parts: &[String], text: &str) -> bool {
        let bare = |text: &str| text.split_whitespace().collect::<String>();
        bare(&parts.concat()) == bare(text)
    }

    #[test]
    fn a_text_that_fits_is_one_piece() {
        for text in ["hi", "/help is a command", "a\n\nb", &"é".repeat(500)] {
            assert_eq!(split(text, TWITCH_LIMIT, TWITCH_PARTS), [text]);
        }
        assert!(split("", 500, 3).is_empty() && split("  \n", 500, 3).is_empty());
        assert!(split("hi", 500, 0).is_empty() && split("hi", 0, 3).is_empty());
    }

    #[test]
    fn it_splits_at_a_sentence_if_the_piece_stays_half_full_and_else_at_a_word() {
        assert_eq!(split("One two three. Four five six.", 20, 3), ["One two three.", "Four five six."]);
        assert_eq!(split("One. Two three four five six", 20, 3), ["One. Two three four", "five six"]);
        assert_eq!(split("He said \"no way!\" Then he went away", 20, 3), ["He said \"no way!\"", "Then he went away"]);
        assert_eq!(split("これは長い文です。次の文です", 10, 3), ["これは長い文です。", "次の文です"]);
    }

    #[test]
    fn what_does_not_fit_into_the_last_piece_is_left_out_with_an_ellipsis() {
        let parts = split(&"word ".repeat(1000), TWITCH_LIMIT, TWITCH_PARTS);
        assert_eq!(parts.len(), 3);
        assert!(parts.iter().all(|part| part.chars().count() <= 500));
        assert!(parts[2].ends_with("word…") && !parts[1].ends_with('…'));
        assert_eq!(split("abcdef", 1, 2), ["a", "…"]);
    }

    #[test]
    fn a_grapheme_is_never_split() {
        let family = "👨‍👩‍👧‍👦";
        let parts = split(&family.repeat(60), 100, 5);
        assert!(
            parts.iter().all(|part| part.replace(family, "").is_empty() && part.chars().count() <= 100),
            "{parts:?}"
        );
        assert!(same_letters(&parts, &family.repeat(60)));
        let flags = split(&"🇺🇸".repeat(9), 5, 9);
        assert!(flags.iter().all(|part| part.replace("🇺🇸", "").is_empty()), "{flags:?}");
    }

    #[test]
    fn a_letter_under_a_pile_of_marks_loses_the_excess() {
        let parts = split(&format!("a{} b", "\u{301}".repeat(1200)), 500, 3);
        assert_eq!(parts, [format!("a{} b", "\u{301}".repeat(LONGEST_GRAPHEME - 1))]);
    }

    #[test]
    fn no_later_piece_begins_like_a_command() {
        assert_eq!(split("Please never type /ban alice", 19, 3), ["Please never", "type /ban alice"]);
        assert_eq!(split("aaaa /bbb /ccc /ddd", 10, 3), ["aaaa /bbb", "ccc /ddd"]);
        for text in
            ["/x ".repeat(400), "!".repeat(900), "ab/".repeat(300), "a .".repeat(300), "x".repeat(500) + "  /ban me"]
        {
            let parts = split(&text, 50, 40);
            assert!(parts.iter().skip(1).all(|part| !part.starts_with(['/', '.', '!'])), "{parts:?}");
        }
    }

    #[test]
    fn nothing_is_lost_when_the_pieces_are_enough() {
        let text = "The quick brown fox. It jumps! Does it? \"Yes,\" she said… über die Brücke 👍🏽 ".repeat(12);
        for limit in 12..120 {
            let parts = split(&text, limit, 1000);
            assert!(same_letters(&parts, &text), "{limit}");
            assert!(parts.iter().all(|part| part.chars().count() <= limit && !part.is_empty()));
        }
    }
}
