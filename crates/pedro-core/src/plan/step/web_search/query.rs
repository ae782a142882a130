//! The words of a search: cleaned, compared, and made better by a plain rule. Pure.

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use crate::plan::step::text;

/// A longer query is cut: search engines do the same, or refuse it.
const QUERY_CHARS: usize = 300;

/// How many words the plain rule leaves, at the first time and at the next.
const TELLING_WORDS: [usize; 2] = [6, 3];

/// Words that say nothing about what is looked for.
#[rustfmt::skip]
const STOP_WORDS: &[&str] = &[
    "a", "about", "all", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did",
    "do", "does", "find", "for", "from", "get", "give", "had", "has", "have", "how", "i", "if", "in", "is", "it", "its",
    "know", "like", "look", "me", "my", "not", "of", "on", "or", "our", "please", "search", "should", "show", "so",
    "some", "tell", "that", "the", "their", "them", "there", "these", "they", "this", "to", "up", "us", "was", "we",
    "were", "what", "when", "where", "which", "who", "why", "will", "with", "would", "you", "your",
];

/// A query as it is sent: one line, nothing hidden, not too long. Models like to put their words between quotes.
pub(super) fn clean(query: &str) -> String {
    let line = text::one_line(query);
    let bare = line.trim_matches(|c| matches!(c, '"' | '\'' | '`' | '“' | '”'));
    // Quotes within stay: `"exact phrase" rust` begins with one and does not end with it.
    let query = if line.matches('"').count() > 2 { line.as_str() } else { bare };
    query.trim().chars().take(QUERY_CHARS).collect::<String>().trim_end().to_owned()
}

/// What two queries share that are the same search.
pub(super) fn hash(query: &str) -> Vec<u8> {
    Sha256::digest(normalised(query).as_bytes()).to_vec()
}

/// Whether a query says something, and something that was not searched for yet.
pub(super) fn is_new(query: &str, tried: &[String]) -> bool {
    let normal = normalised(query);
    normal.chars().any(char::is_alphanumeric) && tried.iter().all(|before| normalised(before) != normal)
}

/// The most telling words of a query, without quotes, operators and words that say nothing; `None` if that would be a
/// search that was made already.
pub(super) fn plainer(query: &str, tried: &[String]) -> Option<String> {
    TELLING_WORDS.iter().map(|count| telling(query, *count)).find(|plain| is_new(plain, tried))
}

fn normalised(query: &str) -> String {
    let lower = query.nfkc().collect::<String>().to_lowercase();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn telling(query: &str, count: usize) -> String {
    let words: Vec<&str> = query.split_whitespace().filter(|word| !is_operator(word)).map(bare).collect();
    let mut kept: Vec<(usize, &str)> = words
        .iter()
        .copied()
        .enumerate()
        .filter(|(at, word)| {
            let lower = word.to_lowercase();
            let again = words[..*at].iter().any(|before| before.to_lowercase() == lower);
            !word.is_empty() && !again && !STOP_WORDS.contains(&lower.as_str())
        })
        .collect();
    // The most telling first, then as they stood.
    kept.sort_by_key(|(at, word)| (std::cmp::Reverse(weight(word)), *at));
    kept.truncate(count);
    kept.sort_by_key(|(at, _)| *at);
    kept.into_iter().map(|(_, word)| word).collect::<Vec<_>>().join(" ")
}

/// Names, versions and identifiers tell more than plain words, and these more than short ones. Of equals the first ones:
/// people name early what they are about.
fn weight(word: &str) -> usize {
    let is_special = word.chars().any(|c| c.is_uppercase() || c.is_numeric() || matches!(c, '_' | '.' | '+' | '#'));
    word.chars().count().min(5) + if is_special { 5 } else { 0 }
}

/// `OR`, `AND`, `NOT`, `-word`, `site:example.org`.
fn is_operator(word: &str) -> bool {
    let named = ["site:", "intitle:", "inurl:", "intext:", "filetype:", "before:", "after:", "lang:"];
    matches!(word, "OR" | "AND" | "NOT" | "|" | "&")
        || (word.starts_with('-') && word.len() > 1)
        || named.iter().any(|name| word.to_lowercase().starts_with(name))
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '+' | '#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_one_line_without_the_quotes_around_it() {
        for (query, expected) in [
            ("  \"go 1.26 release notes\"\n", "go 1.26 release notes"),
            ("`gopls`", "gopls"),
            ("\"exact phrase\" rust \"other\"", "\"exact phrase\" rust \"other\""),
            ("a\u{200b}b\tc", "ab c"),
            ("\"\"", ""),
        ] {
            assert_eq!(clean(query), expected, "{query}");
        }
        assert_eq!(clean(&"é".repeat(400)).chars().count(), QUERY_CHARS);
    }

    #[test]
    fn the_same_search_is_known_however_it_is_spelled() {
        assert_eq!(hash("Go  Release\tNotes"), hash("go release notes"));
        assert_ne!(hash("go release notes"), hash("go notes release"));
        assert_eq!(hash("go").len(), 32);
        assert!(!is_new("GO", &["go".to_owned()]) && !is_new("?!", &[]) && is_new("rust", &["go".to_owned()]));
    }

    #[test]
    fn a_plainer_query_keeps_the_words_that_tell_most_in_their_order() {
        for (query, expected) in [
            ("what is the \"release date\" of Go 1.26 site:go.dev -rust", Some("release date Go 1.26")),
            ("how do I get the borrow checker to accept this OR that", Some("borrow checker accept")),
            (
                "tell me about tokio runtime scheduling work stealing blocking threads shutdown",
                Some("tokio runtime scheduling stealing blocking threads"),
            ),
            ("c++ and c# and c", Some("c++ c# c")),
            ("the of and", None),
            ("gopls", None),
        ] {
            assert_eq!(plainer(query, &[query.to_owned()]).as_deref(), expected, "{query}");
        }
    }

    #[test]
    fn the_next_plainer_query_has_half_the_words() {
        let first = "tokio runtime scheduling stealing blocking shutdown".to_owned();
        let next = plainer(&first, std::slice::from_ref(&first)).unwrap();
        assert_eq!(next, "tokio runtime scheduling");
        assert_eq!(plainer(&first, &[first.clone(), next]), None);
    }
}
