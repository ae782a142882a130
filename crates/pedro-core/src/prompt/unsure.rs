//! Whether an answer says that it is none. To a question that nobody put to Pedro silence is better.

use std::sync::LazyLock;

use regex::Regex;

/// What the model writes if it has nothing to say to a question to the room.
pub(super) const PASS: &str = "PASS";

static UNSURE: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a constant, compiled in a test")]
    Regex::new(
        r"(?ix)
        ^\W*pass\W*$ | \bPASS\b\W*$
        | \b(?:do\s+not|don['’]?t|cannot|can['’]?t|could\s+not|couldn['’]?t|did\s+not|didn['’]?t)\s+(?:really\s+|actually\s+|currently\s+)?
            (?:know|find|tell|say\s+for\s+sure|recall|remember|see\s+(?:any|that|it)|have\s+(?:any|that|the|enough|access|information|an?\s+answer|details))\b
        | \b(?:i['’]?m|i\s+am)\s+(?:not\s+(?:sure|certain|aware)|unsure|afraid)\b
        | \bno\s+(?:idea|information|mention|clue|notes?)\b
        | \bnotes?\b[^.]{0,40}\b(?:do\s+not|don['’]?t|does\s+not|doesn['’]?t)\b
        | \b(?:does|do)(?:\s+not|n['’]?t)\s+(?:say|mention|tell|specify)\b
        | \bnot\s+(?:mentioned|specified|known|in\s+(?:my|the)\s+(?:notes|memory))\b
        | ^\W*(?:sorry|i\s+apologi[sz]e|unfortunately)\b",
    )
    .expect("valid")
});

/// Whether an answer says that Pedro does not know.
pub fn is_unsure(answer: &str) -> bool {
    UNSURE.is_match(answer)
}

/// Whether an answer says the whole question again, as small models do that have nothing to say.
pub fn is_echo(answer: &str, question: &str) -> bool {
    let (answer, question) = (words(answer), words(question));
    question.len() >= 3 && answer.windows(question.len()).any(|said| said == question)
}

/// What follows the question, where an answer begins by saying it again, after the name of whoever asked or not; empty if
/// that is all. `None`: it does not begin so. A greeting that is returned is an answer.
pub fn after_the_question<'a>(answer: &'a str, question: &str) -> Option<&'a str> {
    let asked = words(question);
    let asks = question.contains('?') || asked.first().is_some_and(|word| ASKING.contains(&word.as_str()));
    if !asks || asked.is_empty() {
        return None;
    }
    (0..=NAME_WORDS).find_map(|name| {
        let begin = after_words(answer, name)?;
        // Before the question there is a name and a colon, or nothing.
        if name > 0 && (asked.len() < 3 || !answer[..begin].trim_end().ends_with(':')) {
            return None;
        }
        let end = begin + after_words(&answer[begin..], asked.len())?;
        let same = words(&answer[begin..end]) == asked;
        let rest = &answer[end..];
        let is_whole = !rest.starts_with(' ') || rest.trim_start().is_empty();
        (same && is_whole).then(|| rest.trim_start_matches(|c: char| !c.is_alphanumeric()))
    })
}

/// Words of a name, at most.
const NAME_WORDS: usize = 2;

/// Where so many words of a text end, and with what follows a name.
fn after_words(text: &str, count: usize) -> Option<usize> {
    let mut end = 0;
    for _ in 0..count {
        let begin = end + text[end..].find(char::is_alphanumeric)?;
        end = text[begin..].find(|c: char| !c.is_alphanumeric()).map_or(text.len(), |length| begin + length);
    }
    if count > 0 && text[end..].starts_with(':') { Some(end + 1) } else { Some(end) }
}

/// Words that a question without its sign begins with.
const ASKING: [&str; 22] = [
    "what", "when", "where", "who", "whose", "why", "how", "which", "is", "are", "was", "were", "do", "does", "did",
    "can", "could", "will", "tell", "write", "explain", "show",
];

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_said_again_is_no_answer() {
        let question = "does anybody know when the meetup is?";
        assert!(is_echo("carol: Does anybody know when the meetup is? Well:", question));
        assert!(!is_echo("The meetup is on Thursday.", question));
        assert!(!is_echo("When, you ask? On Thursday.", "when?"));
    }

    #[test]
    fn the_question_said_first_is_left_out_and_a_greeting_is_not() {
        let question = "when is the stream?";
        for (answer, expected) in [
            ("When is the stream?", Some("")),
            ("bob: when is the stream", Some("")),
            ("\"when is the stream?\"", Some("")),
            ("bob the builder: when is the stream?", None),
            ("When is the stream? On Thursday.", Some("On Thursday.")),
            ("bob: When is the stream?\nOn Thursday.", Some("On Thursday.")),
            ("When is the stream on? On Thursday.", None),
            ("On Thursday.", None),
            ("The stream is when alice has time.", None),
            ("", None),
        ] {
            assert_eq!(after_the_question(answer, question), expected, "{answer}");
        }
        assert_eq!(after_the_question("tell me a joke", "tell me a joke"), Some(""));
        assert_eq!(after_the_question("Tell me a joke about what?", "tell me a joke"), None);
        assert_eq!(after_the_question("Why?", "why?"), Some(""));
        assert_eq!(after_the_question("Because: why?", "why?"), None);
        assert_eq!(after_the_question("Good morning everybody!", "good morning everybody"), None);
        assert_eq!(after_the_question("x", "?"), None);
    }

    #[test]
    fn an_answer_that_is_none_is_recognised() {
        for answer in [
            "PASS",
            "pass.",
            "I do not know, sorry!",
            "I don’t know that one.",
            "The notes do not say when it is.",
            "I'm not sure.",
            "Sorry, that is not in my notes.",
            "I have no idea.",
            "There is no information about that.",
            "I can't find anything about it.",
            "Nobody here talked about it. PASS",
        ] {
            assert!(is_unsure(answer), "{answer}");
        }
    }

    #[test]
    fn an_answer_is_taken_for_one() {
        for answer in [
            "Thursday at 19:30, alice said: it moved because of the meetup.",
            "You pass the flag --release.",
            "Dana uses a split keyboard.",
            "Go to https://go.dev/tour, it does not cost anything.",
            "Note that it is on Tuesday.",
        ] {
            assert!(!is_unsure(answer), "{answer}");
        }
    }
}
