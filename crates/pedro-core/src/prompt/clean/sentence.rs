//! An answer that was cut by the limit of tokens ends in the middle of a sentence: it is cut back to a whole one.

const FENCE: &str = "```";

/// Behind the end of a sentence, and still part of it.
const CLOSERS: [char; 9] = ['"', '\'', ')', ']', '*', '_', '`', '”', '’'];

/// A text that was cut: up to its last whole sentence, or line, if that is in its latter half, else with an ellipsis. One
/// that happens to end with a sentence stays as it is.
pub fn whole_sentences(text: &str) -> String {
    let text = text.trim_end();
    if text.matches(FENCE).count() % 2 == 1 {
        // In the middle of code no sentence ends.
        let before = text.rfind(FENCE).map_or("", |fence| text[..fence].trim_end());
        return if is_latter_half(before.len(), text) { before.to_owned() } else { format!("{text}\n{FENCE}\n…") };
    }
    match ends(text).last() {
        Some(end) if end == text.len() => text.to_owned(),
        Some(end) if is_latter_half(end, text) => text[..end].trim_end().to_owned(),
        _ if text.is_empty() => String::new(),
        _ => format!("{}…", text.trim_end_matches([',', ';', ':', '-', '.', ' '])),
    }
}

fn is_latter_half(end: usize, text: &str) -> bool {
    text[..end].chars().count() * 2 >= text.chars().count()
}

/// Where sentences and lines end, in order.
fn ends(text: &str) -> impl Iterator<Item = usize> {
    text.char_indices().filter_map(move |(at, sign)| {
        let after = at + sign.len_utf8();
        match sign {
            '\n' => Some(at),
            '。' | '！' | '？' => Some(after),
            '.' | '!' | '?' | '…' if !(sign == '.' && is_no_end(&text[..at])) => {
                let end = after
                    + text[after..].chars().take_while(|c| CLOSERS.contains(c)).map(char::len_utf8).sum::<usize>();
                text[end..].chars().next().is_none_or(char::is_whitespace).then_some(end)
            }
            _ => None,
        }
    })
}

/// The dot of a list's number (`2.`), of `e.g.` and the like.
fn is_no_end(before: &str) -> bool {
    let word = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let is_number = !word.is_empty() && word.len() <= 2 && word.chars().all(|c| c.is_ascii_digit());
    is_number || matches!(word.to_lowercase().as_str(), "e.g" | "i.e" | "etc" | "vs" | "mr" | "ms" | "dr" | "e" | "i")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_ends_with_a_whole_sentence() {
        for (text, expected) in [
            ("It is oak. It came from the attic. And the le", "It is oak. It came from the attic."),
            ("It is oak. It came from the attic.", "It is oak. It came from the attic."),
            ("She said \"it is oak.\" And then she we", "She said \"it is oak.\""),
            ("Is it oak? Yes! **It is.** The legs, how", "Is it oak? Yes! **It is.**"),
            ("- the desk is oak\n- the chair is new\n- the la", "- the desk is oak\n- the chair is new"),
            ("机は木です。椅子は新", "机は木です。"),
        ] {
            assert_eq!(whole_sentences(text), expected, "{text}");
        }
    }

    #[test]
    fn where_no_sentence_ends_in_the_latter_half_there_is_an_ellipsis() {
        for (text, expected) in [
            ("the desk is made of oak that came from", "the desk is made of oak that came from…"),
            (
                "Yes. The desk is made of oak that came from the attic,",
                "Yes. The desk is made of oak that came from the attic…",
            ),
            ("The version is 1.7 and it is good, e.g. for", "The version is 1.7 and it is good, e.g. for…"),
            ("First of all the desk, then the chair, and 2. the", "First of all the desk, then the chair, and 2. the…"),
            ("", ""),
        ] {
            assert_eq!(whole_sentences(text), expected, "{text}");
        }
    }

    #[test]
    fn code_is_closed_or_left_out() {
        assert_eq!(whole_sentences("```rust\nlet a = 1.0;\nlet b"), "```rust\nlet a = 1.0;\nlet b\n```\n…");
        assert_eq!(whole_sentences("This is how it goes, see here:\n```\nlet a"), "This is how it goes, see here:");
        assert_eq!(whole_sentences("```\na\n```\nThat is all. And"), "```\na\n```\nThat is all.");
    }
}
