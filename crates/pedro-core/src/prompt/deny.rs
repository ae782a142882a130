//! Terms that Pedro never says, however they are spelt.

use regex::{Regex, escape};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::invisible::is_invisible;

/// Longer than any sensible term.
const TERM_LIMIT: usize = 100;
/// Signs that are written for letters.
const LETTER_SIGNS: [char; 4] = ['@', '$', '!', '|'];

/// Terms of the operator and the community. Matches whole words only.
#[derive(Debug, Clone, Default)]
pub struct DenyList {
    terms: Vec<Term>,
    /// Signs that matter; any other character that is no letter and no digit counts as a blank.
    signs: Vec<char>,
}

#[derive(Debug, Clone)]
struct Term {
    pattern: Regex,
    is_number: bool,
}

impl DenyList {
    /// A term is a word or several; a `*` at its begin or end stands for any letters. Empty terms are left out.
    pub fn new(terms: impl IntoIterator<Item = String>) -> Self {
        let terms: Vec<String> =
            terms.into_iter().map(|term| folded(term.trim()).chars().take(TERM_LIMIT).collect()).collect();
        let written = terms.iter().flat_map(|term| term.chars()).filter(|c| !c.is_alphanumeric() && !c.is_whitespace());
        let mut signs: Vec<char> = LETTER_SIGNS.into_iter().chain(written).collect();
        signs.sort_unstable();
        signs.dedup();
        let gap: String = signs.iter().map(|sign| escape(&sign.to_string())).collect();
        let terms = terms.iter().filter_map(|term| Term::new(term, &format!(" {gap}"))).collect();
        Self { terms, signs }
    }

    /// Whether the text says one of the terms.
    pub fn hit(&self, text: &str) -> bool {
        let keep = |c: char| if c.is_alphanumeric() || self.signs.contains(&c) { c } else { ' ' };
        let text: String = folded(text).chars().map(keep).collect();
        self.terms.iter().any(|term| term.is_in(&text))
    }
}

impl Term {
    /// `gap` holds, for a character class, what stands between words.
    fn new(term: &str, gap: &str) -> Option<Self> {
        let bare = term.trim_matches('*').trim();
        let is_number = bare.chars().all(|c| c.is_ascii_digit());
        let words: Vec<String> = bare.split_whitespace().map(|word| word_pattern(word, is_number, gap)).collect();
        let words = words.join(&format!("[{gap}]+"));
        let begin = edge(bare.chars().next()?, term.starts_with('*'), "^", gap);
        let end = edge(bare.chars().next_back()?, term.ends_with('*'), "$", gap);
        // Always compiles: whatever comes from the term is escaped, and it is short.
        let pattern = Regex::new(&format!("{begin}{words}{end}")).ok()?;
        Some(Self { pattern, is_number })
    }

    fn is_in(&self, text: &str) -> bool {
        let mut from = 0;
        while let Some(found) = self.pattern.find_at(text, from) {
            // Digits alone are a number and not a word spelt with digits.
            if self.is_number || found.as_str().contains(|c: char| !c.is_ascii_digit() && c != ' ') {
                return true;
            }
            from = found.start() + text[found.start()..].chars().next().map_or(1, char::len_utf8);
        }
        false
    }
}

/// What stands at an end of a term: a gap or the end of the text, if the term ends with a letter there.
fn edge(c: char, wildcard: bool, anchor: &str, gap: &str) -> String {
    let is_word = c.is_alphanumeric() || LETTER_SIGNS.contains(&c);
    // Chinese, Japanese and Thai do not part their words.
    let has_words = is_word && !matches!(c, '\u{E00}'..='\u{EFF}' | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}');
    if has_words && !wildcard { format!("(?:{anchor}|[{gap}])") } else { String::new() }
}

/// The word in one piece, or all its letters apart (`s.p.a.m`, `s p a m`).
fn word_pattern(word: &str, is_number: bool, gap: &str) -> String {
    if is_number {
        return escape(word);
    }
    let count = word.chars().count();
    let letters: Vec<String> = word.chars().enumerate().map(|(n, c)| letter(c, n > 0 && n + 1 < count)).collect();
    let whole = letters.concat();
    // Two letters with a blank between them are too often innocent.
    if count < 3 { whole } else { format!("(?:{whole}|{})", letters.join(&format!("[{gap}]{{1,3}}"))) }
}

/// A letter and what is written for it, once or stretched (`spaaaam`; two are not one: `boot` is not `bot`).
fn letter(c: char, inside: bool) -> String {
    let class = match c {
        'a' | '4' | '@' => "[a4@]",
        'e' | '3' => "[e3]",
        'o' | '0' => "[o0]",
        's' | '5' | '$' => "[s5$]",
        't' | '7' => "[t7]",
        // At the end of a word an exclamation mark is one.
        'i' if inside => "[i1!|]",
        'l' if inside => "[l1|]",
        'i' => "[i1]",
        'l' => "[l1]",
        '1' => "[il1]",
        _ if c.is_alphabetic() => return format!("(?:{c}|{c}{{3,}})"),
        _ => return escape(&c.to_string()),
    };
    format!("(?:{class}|{class}{{3,}})")
}

/// Compatibility forms, accents, case, hidden characters and letters that look alike are all one.
fn folded(text: &str) -> String {
    let plain = text.nfkd().flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c) && !is_hidden(*c));
    plain.map(|c| if c.is_whitespace() { ' ' } else { look_alike(c) }).collect()
}

fn is_hidden(c: char) -> bool {
    is_invisible(c) && !c.is_whitespace()
}

/// Cyrillic and Greek letters with the shape of Latin ones, and Latin ones that are not made of parts.
fn look_alike(c: char) -> char {
    match c {
        'а' | 'α' => 'a',
        'в' => 'b',
        'с' => 'c',
        'е' | 'ε' => 'e',
        'н' => 'h',
        'і' | 'ı' | 'ι' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'ł' => 'l',
        'м' => 'm',
        'о' | 'ο' | 'ø' => 'o',
        'р' | 'ρ' => 'p',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' => 'u',
        'ν' => 'v',
        'х' | 'χ' => 'x',
        'у' => 'y',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(terms: &[&str]) -> DenyList {
        DenyList::new(terms.iter().map(|term| (*term).to_owned()))
    }

    #[test]
    fn a_term_is_found_however_it_is_spelt() {
        let list = list(&["spam", "Crypto Giveaway", "silly"]);
        for text in [
            "spam",
            "this is SPAM!",
            "spam, eggs",
            "#spam",
            "sp@m",
            "$p4m",
            "5PAM",
            "s.p.a.m",
            "s p a m",
            "s-p_a*m",
            "S. P. A. M.",
            "s\u{200B}pam",
            "s\u{200D}p\u{200D}a\u{200D}m",
            "spám",
            "ｓｐａｍ",
            "ⓢⓟⓐⓜ",
            "s\u{336}p\u{336}a\u{336}m\u{336}",
            "spaaaam",
            "sраm",
            "s.p.4.m",
            "spam's",
            "(spam)",
            "a_spam_b",
            "s\u{AD}pam",
            "eggs\nspam",
            "𝓼𝓹𝓪𝓶",
            "crypto giveaway",
            "CRYPT0  g1veaway now",
            "crypto-giveaway",
            "crypto\ngiveaway",
            "c r y p t o  g i v e a w a y",
            "51lly",
            "si11y",
            "s!lly",
        ] {
            assert!(list.hit(text), "{text}");
        }
    }

    #[test]
    fn innocent_words_are_no_hit() {
        let list = list(&["spam", "crypto giveaway", "bot", "so", "ass", "fail", "hi", "the rapist"]);
        for text in [
            "spamalot and antispam",
            "crypto and a giveaway",
            "cryptography",
            "boot, bots",
            "50 of 45",
            "class, assess, glass",
            "I fall",
            "455 lines",
            "oh!",
            "therapist",
            "sp am",
            "s.p.a",
            "h i",
            "",
            "😀",
            "it is as simple as that",
        ] {
            assert!(!list.hit(text), "{text}");
        }
    }

    #[test]
    fn terms_with_signs_numbers_wildcards_and_other_scripts_work() {
        let list = list(&["c++", "1488", "hate*", "🍆", "広告", "f*rt", "évil.example"]);
        for text in ["I like C++!", "1488", "haters", "hate", "hi🍆you", "これは広告です", "f*rt", "see evil.example"]
        {
            assert!(list.hit(text), "{text}");
        }
        for text in ["c", "C", "14888", "whatever", "fart", "the evil example"] {
            assert!(!list.hit(text), "{text}");
        }
    }

    #[test]
    fn strange_terms_neither_panic_nor_hit_everything() {
        let long = "x".repeat(10_000);
        let list = list(&["", "  ", "*", "**", "\u{200B}", "[", "(?i)", "\\", "]^-", "--", &long]);
        assert!(!list.hit("hello there, nothing to see"));
        assert!(!list.hit(""));
        assert!(!DenyList::default().hit("spam"));
    }
}
