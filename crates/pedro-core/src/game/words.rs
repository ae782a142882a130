//! Words made comparable: what is written differently and is the same.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

const ARTICLES: [&str; 11] = ["a", "an", "the", "some", "any", "my", "your", "his", "her", "our", "their"];

/// Words that end as a plural does and are none, or are another thing without the ending.
const NO_PLURALS: [&str; 16] = [
    "glasses",
    "pants",
    "trousers",
    "scissors",
    "jeans",
    "news",
    "clothes",
    "lens",
    "chess",
    "series",
    "species",
    "gas",
    "bus",
    "canvas",
    "atlas",
    "christmas",
];

const IRREGULAR: [(&str, &str); 20] = [
    ("mice", "mouse"),
    ("men", "man"),
    ("women", "woman"),
    ("children", "child"),
    ("people", "person"),
    ("feet", "foot"),
    ("teeth", "tooth"),
    ("geese", "goose"),
    ("knives", "knife"),
    ("wives", "wife"),
    ("lives", "life"),
    ("wolves", "wolf"),
    ("leaves", "leaf"),
    ("loaves", "loaf"),
    ("shelves", "shelf"),
    ("scarves", "scarf"),
    ("buses", "bus"),
    ("gases", "gas"),
    ("lenses", "lens"),
    ("grey", "gray"),
];

/// The words of a text without case, accents, signs, articles and plurals.
pub(super) fn words(text: &str) -> Vec<String> {
    let plain: String = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
    let plain = plain.replace("'s ", " ").replace("’s ", " ").replace(['\'', '’'], "");
    let words = plain.split(|c: char| !(c.is_alphanumeric() || c == '+' || c == '#')).filter(|word| !word.is_empty());
    words.filter(|word| !ARTICLES.contains(word)).map(singular).collect()
}

/// Whether a word is an article or a possessive.
pub(super) fn is_article(word: &str) -> bool {
    ARTICLES.contains(&word.to_lowercase().as_str())
}

/// One form for a word and its plural; it need not be a word ("cooky").
fn singular(word: &str) -> String {
    if let Some((_, one)) = IRREGULAR.iter().find(|(many, _)| *many == word) {
        return (*one).to_owned();
    }
    if word.len() < 4 || NO_PLURALS.contains(&word) {
        return word.to_owned();
    }
    let stem = |ending| word.strip_suffix(ending);
    let hisses = ["sses", "shes", "ches", "xes"].iter().any(|ending| word.ends_with(ending));
    let is_shoe = ["shoes", "toes", "canoes", "oboes", "horseshoes"].contains(&word);
    if word.len() > 4
        && let Some(stem) = stem("ies").or_else(|| stem("ie"))
    {
        format!("{stem}y")
    } else if hisses || (word.len() > 4 && word.ends_with("oes") && !is_shoe) {
        word[..word.len() - 2].to_owned()
    } else if ["ss", "us", "is"].iter().any(|ending| word.ends_with(ending)) {
        word.to_owned()
    } else {
        stem("s").unwrap_or(word).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_and_its_plural_are_one() {
        for (one, many) in [
            ("car", "cars"),
            ("cookie", "cookies"),
            ("city", "cities"),
            ("box", "boxes"),
            ("potato", "potatoes"),
            ("shoe", "shoes"),
            ("horse", "horses"),
            ("watch", "watches"),
            ("pie", "pies"),
            ("mouse", "mice"),
            ("bus", "buses"),
            ("glass bottle", "glass bottles"),
        ] {
            assert_eq!(words(one), words(many), "{one}");
        }
    }

    #[test]
    fn different_things_stay_different() {
        for (one, other) in [("car", "carpet"), ("car", "cart"), ("glass", "glasses"), ("C", "C++"), ("new", "news")] {
            assert_ne!(words(one), words(other), "{one}");
        }
    }

    #[test]
    fn case_accents_articles_and_signs_do_not_matter() {
        assert_eq!(words("The Café!"), ["cafe"]);
        assert_eq!(words("  an UMBRELLA... "), ["umbrella"]);
        assert_eq!(words("Schrödinger's cat"), ["schrodinger", "cat"]);
    }
}
