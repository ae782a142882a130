//! Tags in a question that ask for a plan: `#plan`, `#multi`.

/// The question without the tags among its words, and whether there were any. A question of tags alone keeps them.
pub fn take(text: &str, tags: &[String]) -> (String, bool) {
    let is_tag = |word: &&str| {
        let bare = word.trim_end_matches(['.', ',', '!', '?', ':', ';']).to_lowercase();
        tags.iter().any(|tag| tag.to_lowercase() == bare)
    };
    if !text.split_whitespace().any(|word| is_tag(&word)) {
        return (text.to_owned(), false);
    }
    let rest: Vec<&str> = text.split_whitespace().filter(|word| !is_tag(word)).collect();
    if rest.is_empty() { (text.to_owned(), true) } else { (rest.join(" "), true) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_taken_out_wherever_they_stand_and_only_as_whole_words() {
        let tags = ["#plan".to_owned(), "#multi".to_owned()];
        for (text, rest, tagged) in [
            ("what is new in Go? #plan", "what is new in Go?", true),
            ("#PLAN, what is new?", "what is new?", true),
            ("compare #multi these #plan", "compare these", true),
            ("what is #planning", "what is #planning", false),
            ("#plan", "#plan", true),
            ("two  spaces stay", "two  spaces stay", false),
        ] {
            assert_eq!(take(text, &tags), (rest.to_owned(), tagged), "{text}");
        }
        assert!(!take("x #plan", &[]).1);
    }
}
