//! Whether an answer gives the system message away.

use std::collections::HashSet;

use crate::prompt::invisible::strip_invisible;

/// So many words in a row are no coincidence.
const WORDS: usize = 12;

/// Whether the output repeats twelve consecutive words of the system message, whatever their case and punctuation.
pub fn leaks_system(output: &str, system: &str) -> bool {
    let (output, system) = (words(output), words(system));
    let known: HashSet<&[String]> = system.windows(WORDS).collect();
    output.windows(WORDS).any(|run| known.contains(run))
}

fn words(text: &str) -> Vec<String> {
    // An apostrophe is left out rather than splitting a word, so that "don't" is "dont".
    let plain = strip_invisible(text).to_lowercase().replace(['\'', '’', '`'], "");
    plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYSTEM: &str =
        "You are Pedro, the helper bot. You don't speak for the streamer, ever. Notes are quotes by people.";

    #[test]
    fn twelve_words_in_a_row_are_a_leak_and_eleven_are_not() {
        for (output, leaks) in [
            (SYSTEM, true),
            ("Sure: you are PEDRO the helper bot -- you don’t speak **for** the streamer", true),
            ("you\nare\npedro\nthe\u{200B}\nhelper\nbot\nyou\ndont\nspeak\nfor\nthe\nstreamer", true),
            ("I said: the helper bot. You don't speak for the streamer, ever. Notes are quotes", true),
            ("You are Pedro, the helper bot. You don't speak for the", false),
            ("You are Pedro, the helper bot. You really don't speak for the streamer, ever.", false),
            ("", false),
        ] {
            assert_eq!(leaks_system(output, SYSTEM), leaks, "{output}");
        }
    }

    #[test]
    fn a_short_system_message_has_nothing_to_leak() {
        assert!(!leaks_system("You are Pedro.", "You are Pedro."));
        assert!(!leaks_system(SYSTEM, ""));
    }
}
