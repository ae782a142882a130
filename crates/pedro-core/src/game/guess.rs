//! Guesses: which questions are one, and whether it is right.

use std::sync::LazyLock;

use regex::Regex;

use super::words::{is_article, words};

/// Texts whose vectors are so near are the same thing. With the shipped embedder "left shoe" and "right shoe" are at 0.88,
/// "laptop" and "laptop computer" at 0.90; what lies below is for the player to decide.
pub(super) const SAME_MEANING: f32 = 0.9;

/// A question that names something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Guess {
    /// What it names, without article.
    pub(super) what: String,
    /// It names one thing and no kind or property of things: a yes to it is the end.
    pub(super) is_specific: bool,
}

#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test")]
static NAMES: LazyLock<Regex> = LazyLock::new(|| {
    let it = "it|this|that|they|these|(?:the|your) (?:thing|object|answer|word|item)|what you(?: are|'re) thinking of";
    let adverbs = "(?:(?:be|perhaps|maybe|possibly|called|just|by any chance) )*";
    Regex::new(&format!(r"(?i)^(?:is|are|was|were|could|might|would|can) (?:{it}) {adverbs}([^?]+?)\s*\?$"))
        .expect("a valid pattern")
});

/// Kinds of things: "is it an animal?" narrows the search and ends nothing.
const KINDS: &str = "thing object item something anything one animal mammal bird fish insect reptile amphibian predator carnivore\
 herbivore omnivore rodent feline canine plant tree flower fruit vegetable food drink beverage dish meal dessert snack tool device\
 machine gadget appliance instrument vehicle transport transportation building place location city country person human man woman\
 child character creature being organism pet material metal liquid solid gas mineral toy game sport hobby activity job profession\
 concept idea emotion feeling event body part clothing garment furniture container weapon word name number color colour shape\
 substance celebrity actor singer company brand product resource phenomenon structure artifact symbol technology software\
 equipment accessory decoration kind type sort form piece group set system lot bit object living";

/// Words of a description, not of a name.
const LINKS: [&str; 26] = [
    "that", "which", "who", "you", "used", "for", "in", "on", "at", "of", "with", "than", "like", "made", "found",
    "from", "or", "and", "usually", "commonly", "people", "to", "as", "by", "when", "where",
];

/// Things that have two names.
const ALIASES: [&str; 34] = [
    "bicycle|bike|push bike|pushbike",
    "car|automobile|motorcar|motor car",
    "motorcycle|motorbike|motor bike",
    "television|tv|telly|television set|tv set",
    "telephone|phone",
    "mobile phone|mobile|cellphone|cell phone|smartphone|smart phone",
    "airplane|aeroplane|plane",
    "refrigerator|fridge",
    "sofa|couch|settee",
    "personal computer|computer|pc",
    "photograph|photo",
    "hippopotamus|hippo",
    "rhinoceros|rhino",
    "cat|kitty|kitty cat|house cat",
    "rabbit|bunny",
    "elevator|lift",
    "truck|lorry",
    "eyeglasses|glasses|spectacles",
    "pants|trousers",
    "flashlight|torch",
    "eggplant|aubergine",
    "zucchini|courgette",
    "cookie|biscuit",
    "movie|film|motion picture",
    "faucet|tap|water tap",
    "garbage can|trash can|rubbish bin|dustbin|trash bin",
    "donut|doughnut",
    "vacuum cleaner|vacuum|hoover",
    "table tennis|ping pong",
    "gasoline|petrol",
    "teddy bear|teddy",
    "bathtub|bath tub",
    "mother|mom|mum",
    "father|dad",
];

/// The guess that a question makes, if it names something.
pub(super) fn guess_of(question: &str) -> Option<Guess> {
    let named = NAMES.captures(question)?.get(1)?.as_str().trim();
    let mut parts: Vec<&str> = named.split_whitespace().collect();
    let has_article = parts.first().is_some_and(|word| is_article(word));
    if has_article {
        parts.remove(0);
    }
    let head = words(parts.last()?).pop()?;
    let is_name = has_article || parts[0].starts_with(char::is_uppercase);
    let is_kind = KINDS.split(' ').any(|kind| kind == head) || head.ends_with("thing");
    let describes = parts.iter().any(|word| LINKS.contains(&word.to_lowercase().as_str()));
    Some(Guess { what: parts.join(" "), is_specific: is_name && parts.len() <= 3 && !is_kind && !describes })
}

/// Whether a guess names the thing: by its words, or by another name of the same thing. A thing may be given with several
/// names: "bicycle / bike", "TV (television)".
pub(super) fn names_thing(guess: &str, thing: &str) -> bool {
    names_of(thing).iter().any(|name| same(&words(guess), name))
}

fn names_of(thing: &str) -> Vec<Vec<String>> {
    let thing = thing.replace(" or ", "/");
    let names = thing.split(['/', '|', '(', ')']).map(words);
    names.chain([words(&thing)]).filter(|name| !name.is_empty()).collect()
}

fn same(guess: &[String], name: &[String]) -> bool {
    let joined = |words: &[String]| words.concat();
    let (guess, name) = (joined(guess), joined(name));
    let is_alias_of = |alias: &str, of: &str| joined(&words(alias)) == of;
    guess == name
        || ALIASES.iter().any(|group| {
            group.split('|').any(|alias| is_alias_of(alias, &guess))
                && group.split('|').any(|alias| is_alias_of(alias, &name))
        })
}

/// The cosine of two vectors of length one.
pub(super) fn likeness(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::embedder::{CandleEmbedder, Embedder};

    fn guess(question: &str) -> Option<(String, bool)> {
        guess_of(question).map(|guess| (guess.what, guess.is_specific))
    }

    #[test]
    fn a_question_that_names_one_thing_is_a_guess() {
        for (question, what) in [
            ("Is it a bicycle?", "bicycle"),
            ("Is it an electric guitar?", "electric guitar"),
            ("Could it be the Eiffel Tower?", "Eiffel Tower"),
            ("Is the thing a car?", "car"),
            ("is it Batman?", "Batman"),
            ("Might it be perhaps a hot dog ?", "hot dog"),
        ] {
            assert_eq!(guess(question), Some((what.to_owned(), true)), "{question}");
        }
    }

    #[test]
    fn kinds_and_properties_are_no_guesses() {
        for question in [
            "Is it an animal?",
            "Is it a living thing?",
            "Is it a wild animal?",
            "Is it a kind of fruit?",
            "Is it a tool you can hold?",
            "Is it a part of a computer?",
            "Is it alive?",
            "Is it bigger than a car?",
            "Is it made of metal?",
            "Is it a very very long thing name?",
            "Are they musical instruments?",
        ] {
            assert!(!guess_of(question).is_some_and(|guess| guess.is_specific), "{question}");
        }
        for question in ["Does it have wheels?", "Can you eat it?", "It is a car", "Is it?", "Is it a?", ""] {
            assert!(guess_of(question).is_none(), "{question}");
        }
    }

    #[test]
    fn a_guess_is_right_by_its_words_or_another_name() {
        for (guess, thing) in [
            ("bicycle", "Bicycle"),
            ("bicycles", "a bicycle!"),
            ("toothbrush", "tooth brush"),
            ("hot dogs", "Hotdog"),
            ("bike", "my bicycle"),
            ("bicycle", "a bike"),
            ("TV", "the television"),
            ("cafe", "Café"),
            ("smartphone", "cell phones"),
            ("bike", "pushbike / velocipede"),
            ("velocipede", "pushbike / velocipede"),
            ("NASA", "NASA (space agency)"),
            ("cookie", "biscuits"),
            ("C++", "c++"),
        ] {
            assert!(names_thing(guess, thing), "{guess} is {thing}");
        }
    }

    #[test]
    fn a_carpet_is_not_a_car() {
        for (guess, thing) in [
            ("car", "carpet"),
            ("carpet", "car"),
            ("cat", "caterpillar"),
            ("pen", "pencil"),
            ("glass", "glasses"),
            ("bicycle", "motorcycle"),
            ("car", "toy car"),
            ("phone", "phone booth"),
            ("C", "C++"),
            ("", "car"),
            ("the", "car"),
        ] {
            assert!(!names_thing(guess, thing), "{guess} is not {thing}");
        }
    }

    #[tokio::test]
    async fn meaning_ends_a_game_only_where_it_is_beyond_doubt() {
        let dir = std::env::var_os("EMBEDDINGS_MODEL_DIR").map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.local/models/all-minilm-l6-v2")),
            PathBuf::from,
        );
        let embedder = CandleEmbedder::load(&dir).unwrap();
        let embed = async |text: &str| embedder.embed_query(text).await.unwrap();
        for (guess, thing, is_same) in [
            ("laptop", "laptop computer", true),
            ("bike", "bicycle", true),
            ("car", "carpet", false),
            ("cat", "dog", false),
            ("left shoe", "right shoe", false),
            ("north pole", "south pole", false),
            ("guitar", "electric guitar", false),
            ("iPhone 14", "iPhone 15", false),
            ("crocodile", "alligator", false),
        ] {
            let likeness = likeness(&embed(guess).await, &embed(thing).await);
            assert_eq!(likeness >= SAME_MEANING, is_same, "{guess} / {thing}: {likeness}");
        }
    }
}
