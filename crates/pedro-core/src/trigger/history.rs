//! Questions that want a time told again: a recap, or a text about it. Pure.
//!
//! `!recap` and `/recap` put such a question, too, so that it is read in one place, after a crash as well.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use regex::Regex;

/// Hours that a recap may be of: a week.
pub const HOURS: RangeInclusive<u16> = 1..=168;

/// What is "today" where nobody says more.
const TODAY: u16 = 24;

/// What a question wants made of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// What is to be made.
    pub what: Retold,
    /// Of which time.
    pub when: When,
}

/// What is made of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retold {
    /// A recap.
    Recap,
    /// A text that the question describes, such as a post.
    Text,
}

/// A time that people name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Since the stream began, or the last one if there is none now.
    Stream,
    /// So many hours back from now.
    Hours(u16),
}

/// The question that asks for a recap; [`read`] reads it back.
pub fn recap_question(hours: Option<u16>) -> String {
    match hours {
        None => "recap of the last stream".to_owned(),
        Some(1) => "recap of the last hour".to_owned(),
        Some(hours) => format!("recap of the last {hours} hours"),
    }
}

/// Reads a question. `None`: it asks for something else, and is answered as any other.
pub fn read(question: &str) -> Option<History> {
    let lower = question.to_lowercase().replace('’', "'");
    let words: Vec<&str> = lower.split_whitespace().collect();
    let text = words.join(" ");
    let text = text.trim_end_matches(['?', '!', '.', ' ']).trim_end_matches(" please").trim_end_matches(',');
    let found = |pattern: &Regex, what| {
        let found = pattern.captures(text)?;
        Some(History { what, when: when(found.name("when").map_or("", |when| when.as_str()))? })
    };
    RECAPS.iter().find_map(|pattern| found(pattern, Retold::Recap)).or_else(|| found(&TEXT, Retold::Text))
}

fn when(text: &str) -> Option<When> {
    if let Some(found) = BACK.captures(text) {
        let hours = found.get(1).map_or(Some(1), |hours| hours.as_str().parse().ok());
        return hours.filter(|hours| HOURS.contains(hours)).map(When::Hours);
    }
    Some(if text.ends_with("today") && !text.contains("stream") { When::Hours(TODAY) } else { When::Stream })
}

/// How people name a time: "tonight's stream", "the last 3 hours".
const TIME: &str = r"(?:(?:the |this |that |our |your |tonight's |today's |yesterday's |last night's )?(?:last |latest |past )?stream(?: (?:today|tonight|last night|so far))?|(?:the )?(?:last|past) (?:\d{1,3} )?(?:hours?|h)|today|tonight)";

#[expect(clippy::expect_used, reason = "constant patterns, compiled by every test")]
static RECAPS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let asks = r"^(?:please )?(?:(?:can|could|would|will) you (?:please )?)?";
    let near = format!(r"(?: (?:of|for|in|on|about|over|during|from))?(?: (?P<when>{TIME}))");
    [
        format!(r"{asks}(?:recap|summari[sz]e|sum up){near}?$"),
        format!(r"{asks}(?:(?:give|write|make|do|post|tell)(?: me| us)? )?(?:a |the )?(?:short |quick |little )?(?:recap|summary){near}?$"),
        format!(r"^what (?:did|have|has) (?:i|we) miss(?:ed)?{near}?$"),
        format!(r"^what (?:has )?happened{near}$"),
    ]
    .map(|pattern| Regex::new(&pattern).expect("a valid pattern"))
    .into()
});

#[expect(clippy::expect_used, reason = "constant pattern, compiled by every test")]
static TEXT: LazyLock<Regex> = LazyLock::new(|| {
    let time = TIME.replacen(
        "(?:the |this |that |our |your |tonight's |today's |yesterday's |last night's )?(?:last |latest |past )?stream",
        "(?:the |this |that |our |your |tonight's |today's |yesterday's |last night's |last )(?:last |latest |past )?stream",
        1,
    );
    let pattern = format!(
        r"^(?:please )?(?:(?:can|could|would|will) you (?:please )?)?(?:write|draft|compose|make|create|prepare)\b.{{0,40}}\b(?:tweet|post|toot|skeet|thread|announcement|blog post|newsletter|description|caption|poem|haiku|limerick|song|text|paragraph)s?\b.{{0,60}}\b(?:about|on|of|for|from)(?: how| what happened(?: in| on)?)? (?P<when>{time})(?: went| was)?$"
    );
    Regex::new(&pattern).expect("a valid pattern")
});

#[expect(clippy::expect_used, reason = "constant pattern, compiled by every test")]
static BACK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:last|past) (?:(\d+) )?h(?:ours?)?$").expect("a valid pattern"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_commands_put_is_read_back() {
        assert_eq!(read(&recap_question(None)), Some(History { what: Retold::Recap, when: When::Stream }));
        for hours in [1, 2, 12, 168] {
            let when = When::Hours(hours);
            assert_eq!(read(&recap_question(Some(hours))), Some(History { what: Retold::Recap, when }));
        }
    }

    #[test]
    fn people_ask_for_a_recap_in_many_words() {
        for (text, when) in [
            ("recap", When::Stream),
            ("Recap, please!", When::Stream),
            ("can you recap tonight's stream?", When::Stream),
            ("give us a quick recap of the last stream", When::Stream),
            ("write a summary of the last 3 hours", When::Hours(3)),
            ("summarize the past hour", When::Hours(1)),
            ("what did I miss?", When::Stream),
            ("what have we missed in the last 2 hours?", When::Hours(2)),
            ("what happened in the last stream?", When::Stream),
            ("what happened today", When::Hours(24)),
            ("what happened on stream today?", When::Stream),
        ] {
            assert_eq!(read(text), Some(History { what: Retold::Recap, when }), "{text}");
        }
    }

    #[test]
    fn a_text_about_a_stream_or_a_time_is_wanted() {
        for (text, when) in [
            ("write a tweet about tonight's stream", When::Stream),
            ("please draft a short post about the last stream", When::Stream),
            ("could you write us a funny Mastodon post about how the stream went?", When::Stream),
            ("make a haiku about the last 4 hours", When::Hours(4)),
            ("write a text about today", When::Hours(24)),
        ] {
            assert_eq!(read(text), Some(History { what: Retold::Text, when }), "{text}");
        }
    }

    #[test]
    fn other_questions_are_left_alone() {
        for text in [
            "what is a recap?",
            "recap of the war of the roses",
            "what happened to dana's keyboard?",
            "what did we say about GopherCon?",
            "write a tweet about Rust",
            "write a function that makes a stream of posts",
            "how do I write a post about stream processing?",
            "did you like the stream today?",
            "what happened",
            "recap of the last 900 hours",
            "",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
