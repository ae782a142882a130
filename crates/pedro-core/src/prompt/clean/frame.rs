//! Small models write the frame of our own prompt before they answer: its headings with what was quoted below them, the
//! question once more, "The answer:". What is left is the answer, if anything is.

use regex::Regex;

use crate::prompt::answer::{SECOND_TRY, UNASKED};

/// Where the answer begins, if it is announced.
const ANSWER: &str =
    r"(?:(?:the|my|your|final|short|here\s+is|here['’]s)\s+){0,3}answer(?:\s+is)?[*_`]*\s*[:：][*_`]*\s*";

// A heading of the prompt, and the quotes below it; where they are not closed the model was cut short in them.
pattern!(
    QUOTES,
    r#"(?is)^[*_`\#>\s]*(?:now|the\s+stream|the\s+event\s+that\s+is\s+on|earlier\s+titles|what\s+was\s+found|from\s+the\s+chat|what\s+people\s+here\s+want|links|the\s+last\s+lines\s+of|(?:the\s+)?question)\b[^\n"]{0,80}[:.][*_`]*\s*""".*?(?:"""|$)"#
);
pattern!(NOW, r"(?i)^now: \w+, \d{4}-\d\d-\d\d \d\d:\d\d \([\w/+\-]+\)\.");
pattern!(NOTHING_FOUND, r"(?i)^from\s+the\s+chat['’]s\s+memory:\s+nothing\s+was\s+found\.?");
pattern!(QUESTION, r"(?i)^[*_`#>\s]*(?:(?:the|my|your)\s+)?question(?:\s+is)?[*_`]*\s*[:：][*_`]*\s*");
pattern!(ANSWER_HERE, &format!(r"(?i)^[*_`#>\s]*{ANSWER}"));
pattern!(ANSWER_LATER, &format!(r#"(?i)(?:^|[\s.?!"'”])[*_`#>\s]*{ANSWER}"#));
pattern!(
    REMINDER,
    r"(?i)^(?:answer\s+(?:this|the)\s+question|the\s+question\s+is\s+answered)\s+in\s+one\s+or\s+two\s+sentences[^.\n]{0,60}(?:\.|$)"
);
pattern!(ANSWER_NEVER, &format!(r"(?i)(?:^|\s){ANSWER}$"));
pattern!(NO_ANSWER, r"(?i)^the\s+answer\s+is\s+(?:in|from)\s+the\s+notes(?:\s+above)?\s*(?:\.|$)");
// The model goes on with the next question of its own.
pattern!(
    NEXT,
    r"(?is)\n[*_`#>\s]*(?:the\s+question\s*:|answer\s+this\s+question\s+in\s+one\s+or\s+two\s+sentences).*$"
);

/// Removes the frame before the answer, and a second one behind it.
pub(super) fn without_frame(text: &str) -> String {
    let mut rest = ANSWER_NEVER.find(text.trim()).map_or(text, |label| &text.trim()[..label.start()]).trim();
    while let Some(shorter) = after_part(rest) {
        rest = shorter.trim();
        // The closing quotation mark of what is gone.
        if rest.chars().all(|c| c.is_ascii_punctuation() || c == '”') {
            return String::new();
        }
    }
    match NEXT.find(rest) {
        Some(next) if !rest[..next.start()].trim().is_empty() => rest[..next.start()].trim().to_owned(),
        _ => rest.to_owned(),
    }
}

/// What follows the first part of the frame; `None` if the text begins with none.
fn after_part(text: &str) -> Option<&str> {
    let after = |pattern: &Regex| pattern.find(text).map(|part| &text[part.end()..]);
    let parts = [&*QUOTES, &*NOW, &*NOTHING_FOUND, &*REMINDER, &*NO_ANSWER, &*ANSWER_HERE];
    parts
        .into_iter()
        .find_map(after)
        .or_else(|| [UNASKED, SECOND_TRY].into_iter().find_map(|said| after_words(text, said)))
        .or_else(|| after(&QUESTION).map(after_question))
}

/// The question ends where the answer is announced, else with its line, else with its question mark.
fn after_question(text: &str) -> &str {
    if let Some(answer) = ANSWER_LATER.find(text) {
        return &text[answer.end()..];
    }
    match text.trim().split_once(['\n', '?', '？']) {
        Some((_, rest)) => rest,
        None => "",
    }
}

fn after_words<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let begin = text.get(..words.trim_end().len())?;
    begin.eq_ignore_ascii_case(words.trim_end()).then(|| &text[begin.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_left() {
        for (text, expected) in [
            ("The question: when is it? The answer: On Thursday.", "On Thursday."),
            ("Question: when is it?\nAnswer: On Thursday.", "On Thursday."),
            ("**The question:** when is it?\n\n**The answer:** On Thursday.", "On Thursday."),
            ("The question:\n\"\"\"\nbob: when is it?\n\"\"\"\nOn Thursday.", "On Thursday."),
            (
                "The question:\n\"\"\"\nbob: when?\n\"\"\"\nAnswer this question in one or two sentences, from the notes above.\nOn Thursday.",
                "On Thursday.",
            ),
            (
                "From the chat's memory, best first:\n\"\"\"\n[x] alice: on Thursday\n\"\"\"\n\nOn Thursday.",
                "On Thursday.",
            ),
            ("From the chat's memory: nothing was found.\nI do not know.", "I do not know."),
            (
                "Now: Tuesday, 2026-11-24 19:30 (America/Denver).\nThe stream: live since Tuesday, 2026-11-24 18:00.\n\"\"\"\ntitle: x\n\"\"\"\nOn Thursday.",
                "On Thursday.",
            ),
            ("The question is: \"When is it?\" The answer is: On Thursday.", "On Thursday."),
            ("bob: when is it The answer is:", "bob: when is it"),
            ("Here is my answer: On Thursday.", "On Thursday."),
            ("The answer: The answer: On Thursday.", "On Thursday."),
            ("The question: when is it? On Thursday.", "On Thursday."),
            ("On Thursday.\nThe question:\n\"\"\"\nbob: and where?\n\"\"\"", "On Thursday."),
            (&format!("{SECOND_TRY} On Thursday."), "On Thursday."),
        ] {
            assert_eq!(without_frame(text), expected, "{text}");
        }
    }

    #[test]
    fn nothing_but_frame_is_nothing() {
        for text in [
            "The question: when is it?",
            "The question:",
            "The answer:",
            "The question:\n\"\"\"\nbob: when is it?\n\"\"\"",
            "The question:\n\"\"\"\nbob: when is it",
            "Answer this question in one or two sentences, from the notes above.",
            "The answer is from the notes above.",
            "The question is answered in one or two sentences from the notes.",
            "The question is: \"When is it?\"",
            "The question is: \"When is it?\" The answer is:",
            "Question: When is it?\nAnswer:",
            "From the chat's memory: nothing was found.",
        ] {
            assert_eq!(without_frame(text), "", "{text}");
        }
    }

    #[test]
    fn what_only_speaks_of_questions_and_answers_stays() {
        for text in [
            "The question is whether it rains.",
            "That question: nobody knows.",
            "The answer is 42.",
            "The answer is in the notes of alice: Thursday.",
            "I question: is it so?",
            "Links: https://go.dev is the best one.",
            "Alice asked a question: when? Bob had the answer: now.",
            "Answer the door!",
            "From the chat I know that it is Thursday.",
            "Now: nothing is on.",
        ] {
            assert_eq!(without_frame(text), text);
        }
    }
}
