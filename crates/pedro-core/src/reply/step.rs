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

/// A plan wants something that is not on the operator's list.
pub fn api_unknown() -> String {
    "there is no such service here".to_owned()
}

/// The model that answers for money has no key.
pub fn model_not_set_up() -> String {
    "no larger model is set up here".to_owned()
}

/// Something that the API needs was not said.
pub fn api_params(api: &str) -> String {
    format!("{api} was not told what it needs")
}

/// It is where Pedro must not ask anybody.
pub fn api_not_allowed(api: &str) -> String {
    format!("{api} leads where I must not go")
}

/// Its key is missing or wrong.
pub fn api_locked(api: &str) -> String {
    format!("{api} does not let me in")
}

/// It costs money, and enough was spent today.
pub fn api_spent(api: &str) -> String {
    format!("{api} was asked enough for today, it can be asked again tomorrow")
}

/// It has no answer.
pub fn api_knows_nothing(api: &str) -> String {
    format!("{api} knows nothing about that")
}

/// It is away, or answers nonsense.
pub fn api_failed(api: &str) -> String {
    format!("{api} did not answer as it should")
}

/// A plan wants to read something that there is not.
pub fn query_unknown() -> String {
    "there is nothing of that name to look up".to_owned()
}

/// A plan gives something that the query does not know.
pub fn query_param_unknown() -> String {
    "it cannot be looked up that way".to_owned()
}

/// A plan leaves out what the query cannot do without.
pub fn query_lacks(param: &str) -> String {
    format!("the {param} to look up was not named")
}

/// A number that is none.
pub fn no_number() -> String {
    "how many to look up was not said with a number".to_owned()
}

/// A time that is not understood.
pub fn no_time() -> String {
    "the time was not understood; \"today\", \"last week\" or \"on 3 June\" would have been".to_owned()
}

/// The database does not answer.
pub fn tables_away() -> String {
    "my memory did not answer".to_owned()
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
