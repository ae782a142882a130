//! What a player answers: by a button, or in words.

use crate::chat::GameId;
use crate::speech::Button;
use crate::store::game::Answer;

/// Longer lines are talk, even if they begin with "no".
const MOST_WORDS: usize = 8;

/// What people say before they come to the point.
const FILLERS: [&str; 16] = [
    "well",
    "um",
    "uh",
    "hm",
    "hmm",
    "oh",
    "ah",
    "ok",
    "okay",
    "i think",
    "i guess",
    "i would say",
    "id say",
    "its a",
    "thats a",
    "so",
];

const YES: &str = "yes|y|yep|yeah|yea|yeh|yup|yess|ya|yah|aye|sure|of course|correct|right|true|indeed|affirmative|definitely\
    |absolutely|exactly|totally|certainly|it is|it does|it can|it has|they do|they are|for sure|uh huh|mhm|probably|likely\
    |very much|si|ja|oui|da|👍|✅";
const NO: &str = "no|n|nope|nah|na|naw|nay|noo|never|negative|false|wrong|incorrect|not really|not at all|not quite|not yet\
    |it isnt|it is not|its not|it doesnt|it does not|it cant|it cannot|it hasnt|they dont|they arent|of course not|no way\
    |definitely not|absolutely not|certainly not|probably not|i dont think so|unlikely|nein|non|nyet|👎|❌";
const SOMETIMES: &str = "sometimes|kinda|kind of|sort of|sorta|partly|partially|maybe|perhaps|it depends|depends|that depends\
    |yes and no|yes or no|no and yes|in a way|in a sense|somewhat|occasionally|usually|often|mostly|rarely|not always\
    |not exactly|not usually|at times|more or less|a bit|a little|could be|can be|it can be|it could be|half|both|meh";
const UNKNOWN: &str = "idk|dunno|i dont know|dont know|do not know|i do not know|no idea|i have no idea|no clue|not sure|im not sure\
    |i am not sure|unsure|unknown|who knows|cant say|cannot say|hard to say|dont ask me|beats me|pass|i dont remember|i forgot\
    |no way to know|dk|🤷";

/// Every answer, in the order of the buttons.
const ANSWERS: [(Answer, &str); 4] =
    [(Answer::Yes, YES), (Answer::No, NO), (Answer::Sometimes, SOMETIMES), (Answer::Unknown, UNKNOWN)];

/// The name in buttons' ids, and for the model.
pub(super) const fn name(answer: Answer) -> &'static str {
    match answer {
        Answer::Yes => "yes",
        Answer::No => "no",
        Answer::Sometimes => "sometimes",
        Answer::Unknown => "unknown",
    }
}

/// As people see it.
pub(super) const fn label(answer: Answer) -> &'static str {
    match answer {
        Answer::Yes => "Yes",
        Answer::No => "No",
        Answer::Sometimes => "Sometimes",
        Answer::Unknown => "Don't know",
    }
}

/// The buttons under a question.
pub(super) fn buttons(game: GameId, number: i32) -> Vec<Button> {
    let button =
        |answer| Button { id: format!("game:{game}:{number}:{}", name(answer)), label: label(answer).to_owned() };
    ANSWERS.map(|(answer, _)| button(answer)).into()
}

/// A button that was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Press {
    pub(super) game: GameId,
    pub(super) number: i32,
    pub(super) answer: Answer,
}

/// Reads a button's id; `None` if it is none of a game's.
pub(super) fn pressed(button_id: &str) -> Option<Press> {
    let (game, rest) = button_id.strip_prefix("game:")?.split_once(':')?;
    let (number, said) = rest.split_once(':')?;
    let (answer, _) = ANSWERS.into_iter().find(|(answer, _)| name(*answer) == said)?;
    Some(Press { game: GameId(game.parse().ok()?), number: number.parse().ok()?, answer })
}

/// Reads an answer in words; `None` if the line is something else. `own_names` may stand before it: "Pedro, yes".
pub(super) fn said(text: &str, own_names: &[String]) -> Option<Answer> {
    let lower = text.to_lowercase().replace(['\'', '’', '`'], "");
    let words: Vec<String> = lower
        .split(|c: char| c.is_whitespace() || c.is_ascii_punctuation())
        .filter(|word| !word.is_empty())
        .map(unstretched)
        .collect();
    let is_name = |word: &String| own_names.iter().any(|name| name.to_lowercase() == *word);
    let words = if words.first().is_some_and(is_name) { &words[1..] } else { &words[..] };
    if words.len() > MOST_WORDS {
        return None;
    }
    let words = without_fillers(words);
    let (answer, rest) = first_phrase(words)?;
    // One letter is an answer only by itself, and a line that asks something is a question.
    if !rest.is_empty() && (words[0].chars().count() == 1 && words[0].is_ascii() || text.contains('?')) {
        return None;
    }
    let hedges = rest.iter().any(|word| ["sometimes", "depends", "partly", "kinda"].contains(&word.as_str()));
    Some(if hedges && matches!(answer, Answer::Yes | Answer::No) { Answer::Sometimes } else { answer })
}

/// The longest phrase that the words begin with, and what comes after it.
fn first_phrase(words: &[String]) -> Option<(Answer, &[String])> {
    let phrases = ANSWERS.iter().flat_map(|(answer, phrases)| phrases.split('|').map(move |phrase| (*answer, phrase)));
    let found = phrases.filter_map(|(answer, phrase)| Some((answer, begins_with(words, phrase.trim())?)));
    let (answer, length) = found.max_by_key(|(_, length)| *length)?;
    Some((answer, &words[length..]))
}

/// How many words the phrase has, if the words begin with it.
fn begins_with(words: &[String], phrase: &str) -> Option<usize> {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    let begins = words.len() >= phrase.len() && words.iter().zip(&phrase).all(|(word, expected)| word == expected);
    begins.then_some(phrase.len())
}

fn without_fillers(mut words: &[String]) -> &[String] {
    while let Some(length) = FILLERS.iter().filter_map(|filler| begins_with(words, filler)).max() {
        // "I think so" and "it's a bit" must not be eaten up.
        if first_phrase(words).is_some() || length == words.len() {
            break;
        }
        words = &words[length..];
    }
    words
}

/// `yesss` is `yes`, `nooo` is `no`, and a thumb is a thumb in any colour and number.
fn unstretched(word: &str) -> String {
    let is_dress = |c: &char| matches!(c, '\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}' | '…');
    let letters: Vec<char> = word.chars().filter(|c| !is_dress(c)).collect();
    let kept = |run: &[char]| if run.len() > 2 || !run[0].is_alphanumeric() { 1 } else { run.len() };
    letters.chunk_by(|a, b| a == b).flat_map(|run| std::iter::repeat_n(run[0], kept(run))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(text: &str) -> Option<Answer> {
        said(text, &["pedro".to_owned()])
    }

    #[test]
    fn people_answer_in_many_words() {
        let table: [(Answer, &[&str]); 4] = [
            (
                Answer::Yes,
                &[
                    "yes",
                    "Yes!",
                    "yep",
                    "y",
                    "Yesss",
                    "YEAH",
                    "yes it is",
                    "well, yes",
                    "Pedro, yes",
                    "sure",
                    "👍",
                    "👍🏽👍🏽",
                    "yes?",
                ],
            ),
            (
                Answer::No,
                &[
                    "no",
                    "nope",
                    "n",
                    "Nooooo",
                    "nah",
                    "no, it isn't",
                    "it isn’t",
                    "not really",
                    "hmm no",
                    "of course not",
                    "definitely not",
                    "I don't think so",
                    "no, you cannot eat it",
                    "@pedro no",
                ],
            ),
            (
                Answer::Sometimes,
                &[
                    "sometimes",
                    "kinda",
                    "kind of",
                    "it depends",
                    "yes and no",
                    "maybe?",
                    "yes, but only sometimes",
                    "not always",
                    "usually yes",
                ],
            ),
            (
                Answer::Unknown,
                &[
                    "idk",
                    "I don't know",
                    "dunno",
                    "no idea",
                    "no idea, sorry",
                    "not sure",
                    "I'm not sure",
                    "🤷",
                    "hmm, i dont know",
                    "No clue",
                ],
            ),
        ];
        for (answer, texts) in table {
            for text in texts {
                assert_eq!(heard(text), Some(answer), "{text}");
            }
        }
    }

    #[test]
    fn talk_is_no_answer() {
        for text in [
            "",
            "ok",
            "haha",
            "what do you mean?",
            "no wait, what was the question again?",
            "y u no guess",
            "I know",
            "nobody",
            "yesterday was nice",
            "no but seriously this is such a great stream I love it here",
            "notable",
            "pedro",
            "well",
        ] {
            assert_eq!(heard(text), None, "{text}");
        }
    }

    #[test]
    fn a_button_is_read_back_and_strange_ids_are_not() {
        let buttons = buttons(GameId(i64::MAX), 20);
        assert_eq!(buttons.len(), 4);
        assert!(buttons.iter().all(|button| button.id.len() <= 100 && button.label.len() <= 80));
        let press = Press { game: GameId(i64::MAX), number: 20, answer: Answer::Sometimes };
        assert_eq!(pressed(&buttons[2].id), Some(press));
        for id in [
            "",
            "game:",
            "game:1",
            "game:1:2",
            "game:1:2:",
            "game:x:2:yes",
            "game:1:2:yes:",
            "plan:1:2:yes",
            "game:1:-:no",
        ] {
            assert_eq!(pressed(id), None, "{id}");
        }
    }
}
