//! How well lines are matched, with the model that is shipped and the file that is shipped.

use super::*;

#[test]
fn a_fit_counts_by_meaning_and_shared_words_and_needs_the_words_that_are_demanded() {
    let fit = |similarity, shared, has_word| {
        let (name, example, answer) = (String::new(), String::new(), String::new());
        Match::new(Fit { id: crate::chat::TrainedPromptId(1), name, example, answer, similarity, shared, has_word })
    };
    assert!(fit(0.9, 1.0, true).matches);
    assert!(!fit(0.9, 1.0, false).matches, "a demanded word is not there");
    assert!(fit(0.9, 0.0, true).matches && !fit(0.75, 0.0, true).matches, "meaning alone must be near");
    assert!(fit(0.65, 1.0, true).matches && !fit(0.4, 1.0, true).matches, "words alone are not enough");
    assert!(!fit(-1.0, 1.0, true).matches);
}
