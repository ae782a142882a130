//! What steps of a plan tell people: why they brought nothing, and what else there is to know. Ends of sentences that
//! begin with what the step was to do.

/// Nobody is set up to be asked.
pub fn search_not_set_up() -> String {
    "no web search is set up here".to_owned()
}

/// A search without a word in it.
pub fn nothing_to_search_for() -> String {
    "there was nothing to search for".to_owned()
}

/// No search brought anything: so many failed, so many found nothing.
pub fn search_failed(failed: u32, empty: u32) -> String {
    match (failed, empty) {
        (0, 0) => "the web search wants a rest, it can be asked again later".to_owned(),
        (0, _) => "the web search found nothing".to_owned(),
        (_, 0) => "the web search did not work".to_owned(),
        _ => "the web search found nothing, and not all of it worked".to_owned(),
    }
}

/// A search that did not go at once.
pub fn search_went(failed: u32, empty: u32, other_query: bool) -> Option<String> {
    let count = |n: u32, what: &str| format!("{n} {}{what}", if n == 1 { "search " } else { "searches " });
    let before = match (failed, empty) {
        (0, 0) => return None,
        (failed, 0) => count(failed, "failed"),
        (0, empty) => count(empty, "found nothing"),
        (failed, empty) => format!("{}, {empty} found nothing", count(failed, "failed")),
    };
    let with = if other_query { "found with another query" } else { "found with the next" };
    Some(format!("{before}; {with}"))
}

/// Memory could not be searched.
pub fn memory_unavailable() -> String {
    "I could not look into my memory".to_owned()
}

/// Nothing that was said bears on it.
pub fn nothing_remembered() -> String {
    "I remember nothing about it".to_owned()
}

/// Somebody's line as a source.
pub fn said_by(author: &str, when: &str) -> String {
    format!("{author}, {when}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_that_went_at_once_needs_no_word() {
        assert_eq!(search_went(0, 0, false), None);
        for (failed, empty, other, expected) in [
            (2, 0, true, "2 searches failed; found with another query"),
            (1, 0, false, "1 search failed; found with the next"),
            (0, 1, true, "1 search found nothing; found with another query"),
            (1, 2, true, "1 search failed, 2 found nothing; found with another query"),
        ] {
            assert_eq!(search_went(failed, empty, other).as_deref(), Some(expected));
        }
    }
}
