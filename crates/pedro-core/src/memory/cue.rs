//! What a question tells about where to look: whose lines, from when, and which words carry its meaning. Pure.

mod form;
mod stream;
mod time;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

pub use stream::{StreamCue, stream_cue};
pub use time::{TimeRange, time_range};

/// A question, read for retrieval.
#[derive(Debug, Clone, PartialEq)]
pub struct Cue {
    /// What is embedded: the question without the names of people who are preferred by it.
    pub meaning: String,
    /// What is searched by words: the same, without words about time.
    pub words: String,
    /// When it is about.
    pub range: Option<TimeRange>,
    /// Whether it looks for an answer: a remark looks for lines like itself.
    pub asks: bool,
    /// Whether the answer is a time.
    pub asks_when: bool,
}

impl Cue {
    /// Whether a line with these lexemes names a time, and that is asked for.
    pub fn is_told_by(&self, lexemes: &[String]) -> bool {
        self.asks_when && lexemes.iter().any(|word| form::MOMENTS.contains(&word.as_str()))
    }
}

/// Lower-case words of a question that may be somebody's name, without `@` and possessive `'s`; pairs of neighbouring
/// words too ("Mary Ann"). At most 64, so that a page of text asks no more than a question does.
pub fn possible_names(question: &str) -> Vec<String> {
    let words: Vec<String> = question.split_whitespace().map(bare).filter(|word| word.chars().count() > 1).collect();
    let pairs = words.windows(2).map(|pair| pair.join(" "));
    let mut names: Vec<String> = words.iter().cloned().chain(pairs).take(64).collect();
    names.sort();
    names.dedup();
    names
}

/// How a question says a word that somebody is called by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Said {
    /// `do`, or at the beginning, where every word is written large.
    Plain,
    /// `Do` within a sentence, or just as the person writes it and not all small: `gopherGal`.
    AsName,
    /// `@do`.
    Addressed,
}

/// How a question says a name: `name` in lower case, `written` as the person writes it.
pub fn how_said(question: &str, name: &str, written: &str) -> Said {
    let words: Vec<&str> = question.split_whitespace().collect();
    let said = words.iter().enumerate().filter(|(_, word)| name.split(' ').next() == Some(bare(word).as_str()));
    said.map(|(at, word)| {
        let begins = at == 0 || words[at - 1].ends_with(['.', '!', '?']);
        let letters = word.trim_start_matches(|c: char| !c.is_alphanumeric());
        let large = letters.chars().next().is_some_and(char::is_uppercase);
        match () {
            () if word.contains('@') => Said::Addressed,
            () if large && !begins => Said::AsName,
            () if written.chars().any(char::is_uppercase) && letters.starts_with(written) => Said::AsName,
            () => Said::Plain,
        }
    })
    .max()
    .unwrap_or(Said::Plain)
}

/// Reads a question: `names` are those of its words that name people, lower-case.
pub fn read(question: &str, names: &[String], now: DateTime<Utc>, zone: Tz) -> Cue {
    let range = time_range(question, now, zone);
    let without_names = without(question, names);
    let words = match &range {
        Some(range) => range.cut_from(&without_names),
        None => without_names.clone(),
    };
    // A question that is nothing but a name, or a time, is searched as it stands.
    let filled = |text: String| if text.chars().any(char::is_alphanumeric) { text } else { question.to_owned() };
    let (asks, asks_when) = (form::asks(question), form::asks_when(question));
    Cue { meaning: filled(without_names), words: filled(words), range, asks, asks_when }
}

/// Takes names out of a text: "What does @alice's dog eat?" becomes "What does dog eat?".
fn without(text: &str, names: &[String]) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut kept = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        let pair = words.get(at + 1).map(|next| format!("{} {}", bare(words[at]), bare(next)));
        if pair.is_some_and(|pair| names.contains(&pair)) {
            at += 2;
        } else if names.contains(&bare(words[at])) {
            at += 1;
        } else {
            kept.push(words[at]);
            at += 1;
        }
    }
    kept.join(" ")
}

/// A word without what surrounds it: `@Alice's,` is `alice`.
fn bare(word: &str) -> String {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '_').to_lowercase();
    let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(&word);
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cue(question: &str, names: &[&str]) -> Cue {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        read(question, &names, "2026-11-22T12:00:00Z".parse().unwrap(), chrono_tz::UTC)
    }

    #[test]
    fn a_name_is_taken_out_of_the_meaning_however_it_is_written() {
        for question in
            ["What does Alice play?", "What does @alice play?", "What does ALICE's play?", "What does alice’s, play?"]
        {
            assert_eq!(cue(question, &["alice"]).meaning, "What does play?", "{question}");
        }
    }

    #[test]
    fn a_name_of_two_words_is_taken_out_whole() {
        assert_eq!(cue("Where did Mary Ann go?", &["mary ann"]).meaning, "Where did go?");
    }

    #[test]
    fn a_question_that_is_only_a_name_stays_as_it_is() {
        assert_eq!(cue("@alice?", &["alice"]).meaning, "@alice?");
    }

    #[test]
    fn words_about_time_are_not_searched_for_but_stay_in_the_meaning() {
        let cue = cue("what did we say about gopls last week?", &[]);
        assert_eq!(cue.words, "what did we say about gopls");
        assert_eq!(cue.meaning, "what did we say about gopls last week?");
        assert!(cue.range.is_some());
    }

    #[test]
    fn a_line_tells_a_time_only_if_that_is_asked_for() {
        let (when, what) = (cue("When did Maya move?", &["maya"]), cue("What did Maya move?", &["maya"]));
        let (own, told) = (["move".to_owned()], ["yesterday".to_owned()]);
        assert!(when.is_told_by(&told) && !when.is_told_by(&own) && !what.is_told_by(&told));
    }

    #[test]
    fn a_word_is_said_as_a_name_when_it_is_written_like_one() {
        for (question, name, written, said) in [
            ("how do I install it?", "do", "do", Said::Plain),
            ("what does @do think?", "do", "do", Said::Addressed),
            ("what does Caroline play?", "caroline", "Caroline", Said::AsName),
            ("Caroline's dog is called?", "caroline", "Caroline", Said::AsName),
            ("Will it work?", "will", "will", Said::Plain),
            ("It works. Will it hold?", "will", "will", Said::Plain),
            ("what about caroline?", "caroline", "Caroline", Said::Plain),
            ("what did Mary Ann say?", "mary ann", "Mary Ann", Said::AsName),
        ] {
            assert_eq!(how_said(question, name, written), said, "{question}");
        }
    }

    #[test]
    fn possible_names_are_words_and_pairs_and_not_too_many() {
        let names = possible_names("Did @Bob's dog bite Mary Ann?");
        for name in ["bob", "mary", "ann", "mary ann"] {
            assert!(names.contains(&name.to_owned()), "{name}");
        }
        assert!(possible_names(&"many words ".repeat(500)).len() <= 64);
    }
}
