//! Which pages a query finds. Pure.

use super::page::Page;

/// How much a word counts, by where it stands.
const IN_TITLE: usize = 4;
const IN_WORDS: usize = 3;
const IN_TEXT: usize = 1;
/// Words that every page shares with every question.
const IDLE: [&str; 40] = [
    "a", "about", "an", "and", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "has", "have", "how",
    "i", "in", "is", "it", "me", "my", "of", "on", "or", "should", "that", "the", "their", "they", "this", "to", "was",
    "what", "when", "which", "why", "with", "you",
];

/// The pages that share words with the query, those that share most first.
pub(super) fn find<'a>(pages: &'a [Page], query: &str) -> Vec<&'a Page> {
    let wanted = telling(query);
    let mut found: Vec<(usize, &Page)> = pages
        .iter()
        .map(|page| (wanted.iter().map(|word| weight(page, word)).sum(), page))
        .filter(|(weight, _)| *weight > 0)
        .collect();
    found.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    found.into_iter().map(|(_, page)| page).collect()
}

/// The words of a query that tell something; all of them where none does.
pub(super) fn telling(query: &str) -> Vec<String> {
    let mut words = words(query);
    words.sort_unstable();
    words.dedup();
    let (idle, telling): (Vec<_>, Vec<_>) = words.into_iter().partition(|word| IDLE.contains(&word.as_str()));
    if telling.is_empty() { idle } else { telling }
}

fn weight(page: &Page, word: &str) -> usize {
    let in_text = |text: &str| words(text).iter().any(|other| other == word);
    let mut weight = 0;
    if in_text(&page.title) {
        weight += IN_TITLE;
    }
    if page.words.iter().any(|other| in_text(other)) {
        weight += IN_WORDS;
    }
    if in_text(&page.text) {
        weight += IN_TEXT;
    }
    weight
}

/// A text's words, in lower case, one and many alike.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(root).collect()
}

/// A word without the `s` of the plural.
pub(super) fn root(word: &str) -> String {
    let word = word.to_lowercase();
    match word.strip_suffix('s') {
        Some(one) if one.len() > 2 && !one.ends_with('s') => one.to_owned(),
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(query: &str) -> Vec<String> {
        let mut pages = vec![
            Page::new("Go by example", "https://go.example/", "Loops and what they are for."),
            Page::new("Keyboards", "https://keys.example/", "Switches, and how to go about them."),
        ];
        pages[1].words = vec!["typing".to_owned()];
        find(&pages, query).into_iter().map(|page| page.title.clone()).collect()
    }

    #[test]
    fn a_word_in_the_title_counts_more_than_one_in_the_text() {
        assert_eq!(titles("GO!"), ["Go by example", "Keyboards"]);
        assert_eq!(titles("go switches typing"), ["Keyboards", "Go by example"]);
    }

    #[test]
    fn a_word_is_found_in_the_plural_too_and_by_what_a_page_is_about() {
        assert_eq!(titles("which keyboard"), ["Keyboards"]);
        assert_eq!(titles("typing"), ["Keyboards"]);
    }

    #[test]
    fn idle_words_find_nothing_beside_others() {
        assert_eq!(titles("what is the weather about"), [""; 0]);
        assert_eq!(titles("how to"), ["Keyboards"]);
        assert_eq!(titles(""), [""; 0]);
    }
}
