//! Whether a line says Pedro's name.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::ear::Ear;
use super::line::{is_word, strip_ignoring_case};

/// Addresses and emotes: a name inside them calls nobody. A dot between two words makes a host name, with or without
/// a scheme (`pedro.dev`, `x.dev/pedro`).
static NOT_PROSE: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a constant, compiled in a test")]
    Regex::new(
        r"(?xi)
        [a-z][a-z0-9+.-]* :// [^\s<>]+
        | www\. [^\s<>]+
        | \w (?: [\w.+-]* [\w+-] )? @ [\w-] [\w.-]*
        | (?: [\w-]+ \. )+ \p{L}{2,} (?: [:/?\#] [^\s<>]* )?
        | <a? :\w+: \d+>
        | :\w+:",
    )
    .expect("valid")
});

/// Whether the line says one of Pedro's names as a word of its own.
pub(super) fn is_named(text: &str, ear: &Ear) -> bool {
    let skipped: Vec<Range<usize>> = NOT_PROSE.find_iter(text).map(|found| found.range()).collect();
    text.char_indices()
        .filter(|(at, _)| name_at(text, *at, ear).is_some())
        .any(|(at, _)| !skipped.iter().any(|range| range.contains(&at)))
}

/// Where a name that begins at `at` ends; the longest, as one name may begin another.
pub(super) fn name_at(text: &str, at: usize, ear: &Ear) -> Option<usize> {
    if text[..at].chars().next_back().is_some_and(is_word) {
        return None;
    }
    let ends = ear.spoken_names().filter_map(|name| {
        let rest = strip_ignoring_case(&text[at..], name)?;
        (!rest.starts_with(is_word)).then_some(text.len() - rest.len())
    });
    ends.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ear() -> Ear {
        let mut ear = Ear::new("pedro_bot");
        ear.names.extend(["@Señor P".to_owned(), "pe-dro".to_owned(), " ".to_owned()]);
        ear
    }

    #[test]
    fn a_name_as_a_word_of_its_own_is_heard() {
        for text in [
            "Pedro",
            "@pedro_bot, hi",
            "hey PEDRO!",
            "Pedro's answer was good",
            "pedro’s",
            "(pedro)",
            "¿pedro?",
            "who made pedro?",
            "pedro,https://x.dev",
            "see https://x.dev pedro",
            "@alice ask pedro",
            "x, señor p: hi",
            "SEÑOR P",
            "pe-dro",
            "pedro...what",
            ".@pedro hi",
            "#pedro",
            "pedro❤️",
            "alice/pedro",
            "👋pedro👋",
            "well...@pedro",
        ] {
            assert!(is_named(text, &ear()), "{text}");
        }
    }

    #[test]
    fn a_name_inside_another_word_or_an_address_is_not_heard() {
        for text in [
            "pedroland",
            "stpedro",
            "pedro_fan",
            "@pedro_fan hi",
            "pedro2",
            "2pedro",
            "_pedro",
            "pedroñ",
            "ñpedro",
            "pedro\u{301}",
            "педроpedro",
            "pedro_bot2",
            "xpedro_bot",
            "https://x.dev/pedro",
            "HTTP://pedro.dev/",
            "(https://x.dev/pedro)",
            "pedro@x.dev",
            "mail a.pedro+x@y.org",
            "me@pedro.com",
            "www.pedro.com",
            "x.dev/pedro",
            "x.dev/a?u=pedro",
            "pedro.dev is down",
            ":pedro:",
            "<:pedro:123>",
            "<a:pedro:123> hi",
            "",
            "ped ro",
            "irc://chat/pedro",
            "alice@pedro",
        ] {
            assert!(!is_named(text, &ear()), "{text}");
        }
    }
}
