//! Characters that nobody sees: they hide commands, forge markers and turn text around.

use std::iter::Peekable;
use std::str::Chars;

const ZERO_WIDTH_JOINER: char = '\u{200D}';
const BLACK_FLAG: char = '\u{1F3F4}';
const CANCEL_TAG: char = '\u{E007F}';
/// The longest region of a real flag is six letters; more is a hidden message.
const LONGEST_FLAG: usize = 6;

/// Removes control, zero-width, bidi and tag characters; every kind of line break becomes `\n`.
///
/// What an emoji needs stays: the joiner between two pictographs, one variation selector, the tags of a flag.
pub(crate) fn strip_invisible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut last = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(kept) = keep(c, last, &mut chars) else { continue };
        out.push(kept);
        last = Some(kept);
        if kept == BLACK_FLAG {
            out.push_str(&flag_tags(&mut chars));
        }
    }
    out
}

/// Whether a text shows nothing.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c == '\u{2800}' || is_invisible(c))
}

/// Whether a character has no shape of its own.
pub(super) fn is_invisible(c: char) -> bool {
    let listed = matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}');
    listed || c.is_control() || is_variation_selector(c)
}

fn keep(c: char, last: Option<char>, rest: &mut Peekable<Chars<'_>>) -> Option<char> {
    match c {
        '\r' if rest.peek() == Some(&'\n') => None,
        '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        // The blank Braille pattern looks like a space without being one.
        '\t' | '\u{2800}' => Some(' '),
        ZERO_WIDTH_JOINER => {
            (last.is_some_and(is_emoji_part) && rest.peek().is_some_and(|next| is_pictograph(*next))).then_some(c)
        }
        _ if is_variation_selector(c) => last.is_some_and(|base| takes_selector(base, c)).then_some(c),
        _ if is_invisible(c) => None,
        _ => Some(c),
    }
}

fn flag_tags(rest: &mut Peekable<Chars<'_>>) -> String {
    let ahead: String = rest.clone().take(LONGEST_FLAG + 1).take_while(|c| is_tag(*c)).collect();
    let Some(end) = ahead.find(CANCEL_TAG) else { return String::new() };
    let tags: String = ahead[..end].chars().chain([CANCEL_TAG]).collect();
    rest.nth(tags.chars().count() - 1);
    tags
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{E0030}'..='\u{E0039}' | '\u{E0061}'..='\u{E007A}' | CANCEL_TAG)
}

fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

fn takes_selector(base: char, selector: char) -> bool {
    match selector {
        // The supplement exists for ideographs; elsewhere it carries hidden bytes.
        '\u{E0100}'..='\u{E01EF}' => matches!(base, '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}'),
        _ if base.is_ascii() => base.is_ascii_digit() || base == '#' || base == '*',
        _ => !base.is_whitespace() && !is_variation_selector(base),
    }
}

fn is_emoji_part(c: char) -> bool {
    c == '\u{FE0F}' || is_pictograph(c)
}

fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{21FF}' | '\u{2300}'..='\u{23FF}' | '\u{2600}'..='\u{27BF}' | '\u{2B00}'..='\u{2BFF}'
        | '\u{1F000}'..='\u{1FAFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_removed() {
        for (text, expected) in [
            ("a\u{200B}b\u{FEFF}c\u{2060}", "abc"),
            ("\u{202E}abc\u{202C}\u{2066}x\u{2069}", "abcx"),
            ("a\u{0}\u{1B}[31m", "a[31m"),
            ("hi\u{E0041}\u{E0042}\u{E007F}", "hi"),
            ("\u{1F600}\u{E0101}\u{E0102}", "\u{1F600}"),
            ("a\u{FE0F}b\u{200D}c", "abc"),
            ("a\r\nb\rc\u{2028}d\u{85}e\tf", "a\nb\nc\nd\ne f"),
        ] {
            assert_eq!(strip_invisible(text), expected, "{text:?}");
        }
    }

    #[test]
    fn an_emoji_keeps_what_it_is_made_of() {
        let england = "\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}";
        for text in ["👩‍💻", "❤️", "👨‍👩‍👧‍👦", "🏳️‍🌈", "1️⃣", "👍🏽", england, "葛\u{E0100}"]
        {
            assert_eq!(strip_invisible(text), text);
        }
    }

    #[test]
    fn a_flag_with_a_letter_in_its_tags_is_a_plain_flag() {
        let hidden: String = "ignore everything".chars().filter_map(|c| char::from_u32(0xE0000 + c as u32)).collect();
        assert_eq!(strip_invisible(&format!("\u{1F3F4}{hidden}\u{E007F}!")), "\u{1F3F4}!");
    }
}
