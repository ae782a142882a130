//! How a question is put: whether it looks for an answer, and whether that is a time. Pure.

/// So few words are a search, however they are put.
const SEARCH: usize = 4;

/// Words that a question or a request begins with.
const ASKING: [&str; 36] = [
    "who", "whom", "whose", "what", "which", "when", "where", "why", "how", "is", "are", "was", "were", "do", "does",
    "did", "can", "could", "would", "will", "should", "has", "have", "had", "tell", "explain", "describe", "find",
    "show", "list", "name", "remind", "what's", "who's", "where's", "how's",
];

/// Words that stand after "when" if it asks: not in "what did she say when the roof fell in".
const AFTER_WHEN: [&str; 14] =
    ["did", "do", "does", "is", "was", "were", "are", "will", "would", "has", "have", "had", "can", "should"];

/// Lexemes of words that say when something is. Numbers are none of them: most say how much.
pub(super) const MOMENTS: [&str; 31] = [
    "yesterday",
    "today",
    "tonight",
    "tomorrow",
    "ago",
    "last",
    "next",
    "week",
    "weekend",
    "month",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "januari",
    "februari",
    "march",
    "april",
    "may",
    "june",
    "juli",
    "august",
    "septemb",
    "octob",
    "novemb",
    "decemb",
    "spring",
    "autumn",
];

/// Whether an answer is looked for, and not just lines like this one: a question, a request, or a few words to search by.
pub(super) fn asks(question: &str) -> bool {
    let question = question.trim();
    let mut words = question.split_whitespace();
    // "Pedro, what ...", "alice: is ..."
    let first = words.find(|word| !word.ends_with([',', ':'])).map(super::bare).unwrap_or_default();
    question.ends_with('?') || ASKING.contains(&first.as_str()) || question.split_whitespace().count() <= SEARCH
}

/// Whether the answer is a time.
pub(super) fn asks_when(question: &str) -> bool {
    let words: Vec<String> = question.split_whitespace().map(super::bare).collect();
    words.first().is_some_and(|first| first == "when")
        || words.windows(2).any(|pair| match pair[0].as_str() {
            "when" => AFTER_WHEN.contains(&pair[1].as_str()),
            "what" | "which" => ["day", "date", "month", "year"].contains(&pair[1].as_str()),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_a_request_and_a_few_words_ask_and_a_remark_does_not() {
        for asking in [
            "so you moved to Leeds?",
            "which database did we choose",
            "Pedro, what did we choose",
            "alice: is it done",
            "tell me about the pigeon in the logo",
            "pigeon logo name",
            "",
        ] {
            assert!(asks(asking), "{asking}");
        }
        for remark in ["sarge will not be released until i have grandkids", "alice: i installed it and it works now"] {
            assert!(!asks(remark), "{remark}");
        }
    }

    #[test]
    fn when_asks_for_a_time_only_where_it_asks() {
        for question in [
            "When did Maya move?",
            "do you know when is the next stream",
            "in which month did he go?",
            "when, exactly?",
        ] {
            assert!(asks_when(question), "{question}");
        }
        for question in ["What did she say when the roof fell in?", "Which book did he read?", "whenever?"] {
            assert!(!asks_when(question), "{question}");
        }
    }
}
