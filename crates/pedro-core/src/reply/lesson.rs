//! What Pedro says when moderators teach it, and take that back.

use crate::store::trained_prompt::Lesson;

/// Somebody taught Pedro what to answer. `name`: what it is called if it is new.
pub fn taught(name: &str, lesson: &Lesson) -> String {
    match lesson {
        Lesson::New => format!("I learned that, thank you! ({name})"),
        Lesson::Replaced(name) => format!("I know better now, thank you! ({name})"),
        Lesson::Example { name, examples } => {
            format!(
                "that answer I knew already: now I give it to this question too, thank you! ({name}, {examples} questions)"
            )
        }
        Lesson::Known(name) => format!("I know that already. ({name})"),
        Lesson::Full(name) => format!("so many questions lead to that answer that I take no more. ({name})"),
    }
}

/// What was taught is taken back; so many other questions still lead to the answer.
pub fn untaught(name: &str, left: i64) -> String {
    match left {
        0 => format!("done: I forgot what I was taught about that. ({name})"),
        1 => format!(
            "done: that question is forgotten. One other still leads to that answer: !unteach {name} takes it back too."
        ),
        _ => format!(
            "done: that question is forgotten. {left} others still lead to that answer: !unteach {name} takes them back too."
        ),
    }
}

/// Nothing of that was taught. `taught`: the names of what was.
pub fn unknown(taught: &[&str]) -> String {
    const SHOWN: usize = 8;
    match taught {
        [] => "nobody has taught me anything here.".to_owned(),
        _ => {
            let more = if taught.len() > SHOWN { ", ..." } else { "" };
            let shown = &taught[..taught.len().min(SHOWN)];
            format!("I was not taught that. What I was taught: {}{more}", shown.join(", "))
        }
    }
}

/// What the operator wrote down moderators do not take back.
pub fn of_the_file(name: &str) -> String {
    format!("that one stands in a file of my operator's: only they can take it back. ({name})")
}

/// What somebody wanted to teach cannot be kept.
pub fn not_taught() -> String {
    "I cannot learn that: a question of some words, => and a short answer, please.".to_owned()
}
