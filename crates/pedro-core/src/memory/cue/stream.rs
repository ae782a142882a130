//! Questions about what was streamed. Pure.

use super::bare;

/// Words that make a question one about streams.
const STREAM: [&str; 26] = [
    "stream",
    "streams",
    "streamed",
    "streaming",
    "title",
    "titles",
    "titled",
    "category",
    "categories",
    "play",
    "played",
    "playing",
    "game",
    "games",
    "episode",
    "episodes",
    "topic",
    "topics",
    "show",
    "live",
    "build",
    "built",
    "building",
    "work",
    "worked",
    "working",
];

/// Ways to ask for whatever there was at a time.
const ANYTHING: [&str; 7] = [
    "what happened",
    "what did we do",
    "what did you do",
    "what did she do",
    "what did he do",
    "what did they do",
    "what was on",
];

/// Words that look back to the time before this one.
const BACK: [&str; 7] = ["last", "previous", "previously", "latest", "recent", "recently", "earlier"];

/// Other words of questions about the past.
const PAST: [&str; 10] = ["did", "was", "were", "when", "ever", "played", "streamed", "built", "worked", "first"];

/// Words that say nothing of which stream it was.
const IDLE: [&str; 13] =
    ["time", "times", "first", "ever", "ago", "long", "often", "day", "date", "many", "pedro", "called", "go"];

/// What a question about earlier streams looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamCue {
    /// Words that may stand in a title, separated by spaces; may be empty.
    pub words: String,
    /// It looks back, without saying to when.
    pub back: bool,
}

/// Reads a question from which the time was cut that it names, if it does; `None` if it is not about what was streamed.
pub fn stream_cue(question: &str, names_a_time: bool) -> Option<StreamCue> {
    let words: Vec<String> = question.split_whitespace().map(bare).filter(|word| !word.is_empty()).collect();
    let has_one_of = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let about = has_one_of(&STREAM);
    if !about {
        let line = words.join(" ");
        let anything = names_a_time && ANYTHING.iter().any(|way| line.contains(way));
        return anything.then_some(StreamCue { words: String::new(), back: false });
    }
    let back = has_one_of(&BACK);
    if !names_a_time && !back && !has_one_of(&PAST) {
        return None;
    }
    let tells = |at: &usize| {
        let word = words[*at].as_str();
        // After "stream" or "play" it is the language, or the game.
        let named = word == "go" && at.checked_sub(1).is_some_and(|before| STREAM.contains(&words[before].as_str()));
        named || ![&STREAM[..], &BACK[..], &IDLE[..]].iter().any(|list| list.contains(&word))
    };
    let kept: Vec<&str> = (0..words.len()).filter(tells).map(|at| words[at].as_str()).collect();
    Some(StreamCue { words: kept.join(" "), back })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_about_earlier_streams_are_known_with_what_tells_which() {
        for (question, names_a_time, words, back) in [
            ("what was the title", true, "what was the", false),
            ("what did we stream", true, "what did we", false),
            ("what happened", true, "", false),
            ("when did we last play Factorio?", false, "when did we factorio", true),
            ("when did we last stream go?", false, "when did we go", true),
            ("when did we go live with Rust?", false, "when did we with rust", false),
            ("what was the last title?", false, "what was the", true),
            ("did we ever work on the parser?", false, "did we on the parser", false),
        ] {
            let expected = StreamCue { words: words.to_owned(), back };
            assert_eq!(stream_cue(question, names_a_time), Some(expected), "{question}");
        }
    }

    #[test]
    fn other_questions_are_not() {
        for (question, names_a_time) in [
            ("what did Ann say", true),
            ("what is the stream about?", false),
            ("which game do you like?", false),
            ("what happened to the printer?", false),
            ("", true),
        ] {
            assert_eq!(stream_cue(question, names_a_time), None, "{question}");
        }
    }
}
