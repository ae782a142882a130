//! Small models get stuck and say the same thing again and again.

use std::collections::HashMap;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// Words of the longest phrase that is looked for.
const LONGEST_PHRASE: usize = 60;
/// So often may a unit stand in one word (`hahaha`, `----`).
const MOST_IN_A_WORD: usize = 20;
const LONGEST_UNIT: usize = 12;
/// A sentence said so often, even with others between, is said once.
const MOST_SENTENCES: usize = 3;

/// Cuts a sentence or a phrase that is repeated many times to one. Code between fences is left alone.
pub fn collapse_repetition(text: &str) -> String {
    let pieces = text.split("```").enumerate().map(|(n, piece)| match n % 2 {
        0 => collapse(piece),
        _ => piece.to_owned(),
    });
    pieces.collect::<Vec<_>>().join("```")
}

fn collapse(text: &str) -> String {
    let shortened = remove(text, &stuck_words(text));
    let once = remove(&shortened, &repeated_phrases(&shortened));
    remove(&once, &repeated_sentences(&once))
}

fn remove(text: &str, gone: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = 0;
    for range in gone {
        out.push_str(&text[rest..range.start]);
        rest = range.end;
    }
    out + &text[rest..]
}

/// Parts of words like `hahahaha...` without end, also of scripts that use no spaces.
fn stuck_words(text: &str) -> Vec<Range<usize>> {
    let graphemes: Vec<(usize, &str)> = text.grapheme_indices(true).collect();
    let byte = |n: usize| graphemes.get(n).map_or(text.len(), |(at, _)| *at);
    let mut gone = vec![];
    let mut at = 0;
    while at < graphemes.len() {
        let repeated = (1..=LONGEST_UNIT).find_map(|unit| {
            let count = repeats(&graphemes[at..], unit, |a, b| a.1 == b.1);
            (count >= MOST_IN_A_WORD && !graphemes[at].1.trim().is_empty()).then_some((unit, count))
        });
        let Some((unit, count)) = repeated else {
            at += 1;
            continue;
        };
        // Three dashes are still a rule, three dots still an ellipsis.
        let kept = if unit == 1 { 3 } else { 1 };
        gone.push(byte(at + unit * kept)..byte(at + unit * count));
        at += unit * count;
    }
    gone
}

/// How often the first `unit` items stand in a row.
fn repeats<T>(items: &[T], unit: usize, same: impl Fn(&T, &T) -> bool) -> usize {
    if items.len() < unit {
        return 0;
    }
    let first = &items[..unit];
    items.chunks_exact(unit).take_while(|chunk| chunk.iter().zip(first).all(|(a, b)| same(a, b))).count()
}

struct Word<'a> {
    range: Range<usize>,
    text: &'a str,
    key: String,
}

fn words(text: &str) -> Vec<Word<'_>> {
    text.split_whitespace()
        .map(|word| {
            let start = word.as_ptr() as usize - text.as_ptr() as usize;
            let bare = word.trim_matches(|c: char| c.is_ascii_punctuation());
            let key = if bare.is_empty() { word } else { bare }.to_lowercase();
            Word { range: start..start + word.len(), text: word, key }
        })
        .collect()
}

fn repeated_phrases(text: &str) -> Vec<Range<usize>> {
    let words = words(text);
    let mut gone = vec![];
    let mut at = 0;
    while at < words.len() {
        let found = (1..=LONGEST_PHRASE.min(words.len() - at)).find_map(|length| {
            let count = repeats(&words[at..], length, |a, b| a.key == b.key);
            (count >= enough(length) && says_something(&words[at..at + length])).then_some((length, count))
        });
        let Some((length, count)) = found else {
            at += 1;
            continue;
        };
        let end = at + length * count + begun_again(&words[at..], length, count);
        gone.push(words[at + length - 1].range.end..words[end - 1].range.end);
        at = end;
    }
    gone
}

/// Short phrases are repeated for fun, whole sentences are not.
fn enough(length: usize) -> usize {
    match length {
        1 => 5,
        2 => 4,
        3..=4 => 3,
        _ => 2,
    }
}

/// The columns of a table are no phrase.
fn says_something(phrase: &[Word<'_>]) -> bool {
    phrase.iter().any(|word| word.text.contains(|c: char| !c.is_ascii_punctuation()))
}

/// Where the output was cut off, the phrase may have begun once more.
fn begun_again(words: &[Word<'_>], length: usize, count: usize) -> usize {
    let tail = &words[length * count..];
    let begun = tail.len() < length && tail.iter().zip(words).all(|(a, b)| a.key == b.key);
    if begun { tail.len() } else { 0 }
}

fn repeated_sentences(text: &str) -> Vec<Range<usize>> {
    let sentences: Vec<(Range<usize>, String)> = text
        .split_inclusive(['.', '!', '?', '\n'])
        .scan(0, |at, sentence| {
            let start = *at;
            *at += sentence.len();
            Some((start..*at, sentence.trim().to_lowercase()))
        })
        .filter(|(_, key)| key.split_whitespace().nth(2).is_some())
        .collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (_, key) in &sentences {
        *counts.entry(key).or_default() += 1;
    }
    let mut seen = HashMap::new();
    let is_again = |key: &str| counts.get(key).is_some_and(|count| *count >= MOST_SENTENCES);
    sentences
        .iter()
        .filter(|(_, key)| is_again(key) && seen.insert(key, ()).is_some())
        .map(|(range, _)| range.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_many_times_is_said_once() {
        for (text, expected) in [
            ("I like Go. I like Go. I like Go. I like", "I like Go."),
            ("go go go go go go", "go"),
            ("Yes! I am here. I am here. I am here. I am here. Bye", "Yes! I am here. Bye"),
            ("the stream is on Tuesday. The stream is on Tuesday!", "the stream is on Tuesday."),
            (
                "I do not know. Sorry about that. I do not know. Really! I do not know.",
                "I do not know. Sorry about that. Really!",
            ),
            ("soypet2Hug soypet2Hug soypet2Hug soypet2Hug soypet2Hug soypet2Hug", "soypet2Hug"),
        ] {
            assert_eq!(collapse_repetition(text).trim(), expected, "{text}");
        }
        assert_eq!(collapse_repetition(&"😂".repeat(50)), "😂😂😂");
        assert_eq!(collapse_repetition(&"ha".repeat(500)), "ha");
        assert_eq!(collapse_repetition(&"知りません。".repeat(40)), "知りません。");
        assert_eq!(collapse_repetition(&"what a loop ".repeat(400)).trim(), "what a loop");
    }

    #[test]
    fn what_is_repeated_for_fun_or_in_code_stays() {
        for text in [
            "no no no, never",
            "it is very very very good",
            "hahaha",
            "bye bye",
            "| a | b | c | d | e | f |",
            "",
            "```\n}\n}\n}\n}\n}\n}\n}\n```",
            "I like Go. You like Go. We like Go.",
            "one\n\ntwo\n\nthree",
            "---------- x",
        ] {
            assert_eq!(collapse_repetition(text), text);
        }
    }
}
