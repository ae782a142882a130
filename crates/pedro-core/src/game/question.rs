//! What a small model writes, made one short question that can be answered with yes or no; and whether it was asked before.

use super::words::words;

/// Characters of a question.
const LONGEST: usize = 200;
const MOST_WORDS: usize = 30;

/// Words that a yes/no question begins with.
const BEGINNINGS: [&str; 30] = [
    "is", "isn't", "are", "was", "were", "do", "does", "did", "can", "could", "would", "will", "has", "have", "had",
    "should", "may", "might", "must", "doesn't", "don't", "aren't", "can't", "won't", "wouldn't", "hasn't", "haven't",
    "wasn't", "shall", "couldn't",
];

/// Beginnings of what is put to the player and not to the thing.
const TO_THE_PLAYER: [&str; 14] = [
    "are you ready",
    "do you want",
    "would you like",
    "can you tell",
    "could you tell",
    "can you give",
    "could you give",
    "can you describe",
    "could you describe",
    "can you help",
    "can i ",
    "may i ",
    "shall we",
    "do you have any",
];

/// How a model says that it guesses.
const GUESSES: [&str; 12] = [
    "my guess is",
    "my guess:",
    "my final guess is",
    "i guess it is",
    "i guess it's",
    "i guess",
    "guess:",
    "final guess:",
    "i think it is",
    "i think it's",
    "are you thinking of",
    "it must be",
];

/// What says nothing about what is asked.
const EMPTY_WORDS: &str = "is isnt are was were it this that these they thing object item do doe did can could would will ha have had\
 you be of something for in on at to think about than more there usually generally typically often commonly normally ever";

/// The first question in clean text that can be put to the player; `None` if there is none.
pub(super) fn question_in(text: &str) -> Option<String> {
    let bare = text.replace(['*', '_', '`', '"', '“', '”', '#', '>', '<'], "").replace('’', "'");
    bare.lines().flat_map(sentences).find_map(|sentence| as_question(&sentence))
}

/// The sentences of a line, with their marks.
fn sentences(line: &str) -> Vec<String> {
    let mut sentences = vec![String::new()];
    let mut letters = line.chars().peekable();
    while let Some(c) = letters.next() {
        if let Some(last) = sentences.last_mut() {
            last.push(c);
        }
        // "No. 5" and "3.5" are rare enough in what is asked; "1. Is it" is what models write.
        if matches!(c, '?' | '!' | '.') && letters.peek().is_none_or(|next| next.is_whitespace()) {
            sentences.push(String::new());
        }
    }
    sentences
}

fn as_question(sentence: &str) -> Option<String> {
    let bare = sentence.split_whitespace().collect::<Vec<_>>().join(" ");
    let asked = bare.ends_with('?');
    let bare = bare.trim_end_matches(['?', '.', '!', ' ', ':']);
    let body = match guessed(bare) {
        Some(what) => format!("Is it {what}"),
        None => one_part(from_beginning(bare, asked)?).to_owned(),
    };
    let count = body.split(' ').count();
    let lower = body.to_lowercase();
    let strange = TO_THE_PLAYER.iter().any(|beginning| lower.starts_with(beginning))
        || body.contains("://")
        || body.contains('@');
    let question = format!("{}?", capitalised(&body));
    let fits = (2..=MOST_WORDS).contains(&count) && question.chars().count() <= LONGEST;
    (fits && !strange && !meaning(&question).is_empty()).then_some(question)
}

/// What a model says that it is, if it says so without asking.
fn guessed(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    // Lower case may have another length in a few scripts: no such text is cut.
    let of_same_length = lower.len() == text.len();
    let what = GUESSES.iter().filter(|_| of_same_length).find_map(|says| {
        let at = lower.find(says)? + says.len();
        let what = text.get(at..)?.trim_start_matches([':', ' ', ',']);
        let what = ["is it ", "it is ", "it's ", "that it is "].iter().fold(what, |what, is| strip(what, is));
        (!what.is_empty()).then(|| what.to_owned())
    })?;
    (what.split(' ').count() <= 4).then_some(what)
}

fn strip<'a>(text: &'a str, beginning: &str) -> &'a str {
    match text.get(..beginning.len()) {
        Some(begins) if begins.eq_ignore_ascii_case(beginning) => &text[beginning.len()..],
        _ => text,
    }
}

/// The text from the word on that makes it a yes/no question: "Question 3: is it", "Hmm, so is it". Without a question
/// mark it must be the first word.
fn from_beginning(text: &str, asked: bool) -> Option<&str> {
    let mut at = 0;
    for (count, word) in text.split(' ').enumerate() {
        let is_beginning = BEGINNINGS.contains(&word.to_lowercase().as_str());
        let after_pause = at == 0 || text[..at - 1].ends_with([',', ':', ')', '-', '.']);
        let after_so = text[..at].to_lowercase().ends_with("so ");
        if is_beginning && (after_pause || after_so) && (asked || count == 0) {
            return Some(&text[at..]);
        }
        at += word.len() + 1;
    }
    None
}

/// "Is it a car or a bike" can be answered with neither yes nor no: what stands before the "or" can.
fn one_part(text: &str) -> &str {
    match text.split_once(" or ") {
        Some((first, _)) if first.split(' ').count() >= 3 => first.trim_end_matches(','),
        _ => text,
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The words of a question that carry what it asks.
fn meaning(question: &str) -> Vec<String> {
    let mut words: Vec<String> = words(question)
        .into_iter()
        .filter(|word| !EMPTY_WORDS.split(' ').any(|empty| empty == word))
        .map(|word| root(&word))
        .collect();
    words.sort();
    words.dedup();
    words
}

/// Forms of a word that ask the same.
fn root(word: &str) -> String {
    match word {
        "living" | "live" => "alive".to_owned(),
        "large" | "larger" | "big" => "bigger".to_owned(),
        "small" => "smaller".to_owned(),
        "humans" | "human" | "man" => "person".to_owned(),
        "indoor" | "indoors" => "inside".to_owned(),
        "outdoor" | "outside" => "outdoors".to_owned(),
        "electrical" | "electric" | "electronic" => "electricity".to_owned(),
        _ => word.to_owned(),
    }
}

/// Whether two questions ask the same: nearly all words that carry something are in both.
pub(super) fn asks_same(one: &str, other: &str) -> bool {
    let (one, other) = (meaning(one), meaning(other));
    let common = one.iter().filter(|word| other.contains(word)).count();
    let all = one.len() + other.len() - common;
    // One word in five may differ; "is it bigger than a cat" and "... a dog" are two questions.
    common * 5 >= all * 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_question_is_found_whatever_is_around_it() {
        for (output, question) in [
            ("Is it alive?", "Is it alive?"),
            ("1. Is it alive? 2. Is it big?", "Is it alive?"),
            ("Question 3: is it *alive*?", "Is it alive?"),
            ("Great! Let me think.\nHmm, so is it made of metal? I bet it is.", "Is it made of metal?"),
            ("\"Does it have wheels?\" would be my question.", "Does it have wheels?"),
            ("Is it bigger than a car", "Is it bigger than a car?"),
            ("Is it a car or a bike?", "Is it a car?"),
            ("What is it? Can you eat it?", "Can you eat it?"),
            ("I think it's a bicycle!", "Is it a bicycle?"),
            ("My guess: a bicycle.", "Is it a bicycle?"),
            ("Are you thinking of a cat?", "Is it a cat?"),
            ("- Can you eat it?", "Can you eat it?"),
            ("Okay, is it a hot dog?", "Is it a hot dog?"),
        ] {
            assert_eq!(question_in(output).as_deref(), Some(question), "{output}");
        }
    }

    #[test]
    fn what_cannot_be_answered_with_yes_or_no_is_no_question() {
        for output in [
            "",
            "?",
            "What colour is it?",
            "How big is it?",
            "I do not know.",
            "Are you ready to play?",
            "Can you tell me what it is?",
            "Is it?",
            "Is it a thing?",
            "Is it https://evil.example?",
            "That is nice",
            "The answer is no. It is not alive.",
        ] {
            assert_eq!(question_in(output), None, "{output}");
        }
        assert_eq!(question_in(&format!("Is it {}?", "very ".repeat(100))), None);
        assert_eq!(question_in(&format!("Is it {}?", "x".repeat(300))), None);
    }

    #[test]
    fn the_same_question_in_other_words_is_known() {
        for (one, other) in [
            ("Is it alive?", "is it ALIVE??"),
            ("Is it alive?", "Is it a living thing?"),
            ("Does it have wheels?", "Does the thing have a wheel?"),
            ("Is it a car?", "Could it be a car?"),
            ("Is it bigger than a person?", "Is it larger than a human?"),
            ("Can you hold it in one hand?", "Could you hold it in one hand?"),
        ] {
            assert!(asks_same(one, other), "{one} / {other}");
        }
        for (one, other) in [
            ("Is it bigger than a person?", "Is it smaller than a person?"),
            ("Is it bigger than a car?", "Is it bigger than a house?"),
            ("Is it a car?", "Is it a carpet?"),
            ("Is it made of metal?", "Is it made of wood?"),
            ("Is it found inside a house?", "Is it found in a kitchen?"),
        ] {
            assert!(!asks_same(one, other), "{one} / {other}");
        }
    }

    #[test]
    fn the_questions_in_reserve_are_all_good_and_all_different() {
        let reserve: Vec<&str> = crate::prompt::game_fallbacks().collect();
        for (at, question) in reserve.iter().enumerate() {
            assert_eq!(question_in(question).as_deref(), Some(*question));
            for other in &reserve[..at] {
                assert!(!asks_same(question, other), "{question} / {other}");
            }
        }
    }
}
