//! A line as Pedro reads it: in one line, and without what nobody sees.

use unicode_normalization::char::is_combining_mark;

/// The text with white space folded and invisible characters removed. Twitch clients append them to say the same line
/// twice, and they can carry words to a model that no person reads.
pub(super) fn tidy(text: &str) -> String {
    let visible = visible(text);
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(char) = rest.next() {
        let joins = is_joiner(char) && !visible.ends_with(char) && belongs(visible.chars().next_back(), rest.peek());
        if joins || !is_invisible(char) {
            visible.push(char);
        }
    }
    visible
}

/// Joiners make one emoji of several, and belong to the spelling of Persian and Hindi. Between Latin letters and at
/// the edges of a word they only hide something.
fn belongs(before: Option<char>, after: Option<&char>) -> bool {
    let shapes = |char: char| !char.is_ascii() && !char.is_whitespace() && !is_invisible(char);
    before.is_some_and(shapes) && after.copied().is_some_and(shapes)
}

fn is_joiner(char: char) -> bool {
    matches!(char, '\u{200c}' | '\u{200d}')
}

fn is_invisible(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Letters, digits, underscore, and the marks that belong to a letter.
pub(super) fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_' || is_combining_mark(char)
}

/// What follows `wanted` at the start of the text, in whichever case it is written.
pub(super) fn strip_ignoring_case<'a>(text: &'a str, wanted: &str) -> Option<&'a str> {
    let mut wanted = wanted.chars().flat_map(char::to_lowercase).peekable();
    let mut rest = text.chars();
    while wanted.peek().is_some() {
        let lower = rest.next()?.to_lowercase();
        for char in lower {
            if wanted.next() != Some(char) {
                return None;
            }
        }
    }
    Some(rest.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_and_spare_white_space_are_removed() {
        for (written, read) in [
            ("  hello \t\n world  ", "hello world"),
            ("!title \u{e0000}", "!title"),
            ("!title\u{e0000} \u{200b}\u{feff}", "!title"),
            ("\u{200b}!ti\u{200d}tle", "!title"),
            ("hi \u{e0049}\u{e0067}\u{e006e}\u{e006f}\u{e0072}\u{e0065} there", "hi there"),
            ("a\u{202e}b\u{2066}c", "abc"),
            ("twice \u{2800}", "twice"),
            ("a\u{a0}b\u{3000}c", "a b c"),
            ("\u{200d}\u{200d}", ""),
            ("", ""),
        ] {
            assert_eq!(tidy(written), read, "{written:?}");
        }
    }

    #[test]
    fn joiners_stay_where_they_belong_to_the_spelling() {
        for text in ["👩\u{200d}💻 codes", "می\u{200c}خواهم", "❤\u{fe0f}\u{200d}🔥"] {
            assert_eq!(tidy(text), text);
        }
        assert_eq!(tidy("👩\u{200d}"), "👩");
    }

    #[test]
    fn a_prefix_is_found_in_any_case_of_any_alphabet() {
        for (text, wanted, rest) in [
            ("PEDRO hi", "pedro", Some(" hi")),
            ("Ñandú!", "ñANDÚ", Some("!")),
            ("ped", "pedro", None),
            ("İx", "i", None),
            ("x", "", Some("x")),
        ] {
            assert_eq!(strip_ignoring_case(text, wanted), rest, "{text} {wanted}");
        }
    }
}
