//! What holds for whatever stands in a file of trained prompts.

use proptest::prelude::*;

use super::*;
use crate::testing::cases;
use crate::testing::strange_yaml::{laughter, near};

const VALID: &str = "trained_prompts:\n  - name: desk\n    examples: [what desk?, 'which desk is that']\n    answer: It is \"wood\"\n    words: [desk, table]\n    cooldown: 10m\n  - {name: chair, examples: [x], answer: y}\n";

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(500)) })]

    #[test]
    fn it_is_read_whole_or_refused_in_a_sentence(yaml in near(VALID)) {
        match parse(&yaml) {
            Ok(prompts) => {
                for prompt in prompts {
                    prop_assert!((1..=NAME).contains(&prompt.name.chars().count()) && !prompt.name.contains(char::is_whitespace), "{:?}", prompt);
                    prop_assert!((1..=EXAMPLES).contains(&prompt.examples.len()) && prompt.cooldown_seconds >= 0, "{:?}", prompt);
                    prop_assert!(prompt.examples.iter().all(|text| (1..=EXAMPLE).contains(&text.chars().count())), "{:?}", prompt);
                    prop_assert!((1..=ANSWER).contains(&prompt.answer.chars().count()), "{:?}", prompt);
                    let stored = [&prompt.name, &prompt.answer, &prompt.words].into_iter().chain(&prompt.examples);
                    // PostgreSQL takes no such text.
                    prop_assert!(!stored.into_iter().any(|text| text.contains('\0')), "{:?}", prompt);
                }
            }
            Err(wrong) => {
                let told = wrong.to_string();
                prop_assert!(!told.is_empty() && !told.contains(['\n', '\r']) && told.chars().count() < 600, "{}", told);
            }
        }
    }
}

#[test]
fn a_file_that_would_grow_without_end_is_refused() {
    assert!(parse(&laughter("trained_prompts")).is_err());
}
