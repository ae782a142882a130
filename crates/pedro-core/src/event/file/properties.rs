//! What holds for whatever stands in a file of events.

use proptest::prelude::*;

use super::*;
use crate::testing::cases;
use crate::testing::strange_yaml::{laughter, near};

const VALID: &str = "events:\n  - name: con\n    title: The party\n    from: 2026-11-24 18:00\n    until: 2026-11-25\n    schedule:\n      - {at: \"18:30\", what: Keynote, who: Dana}\n    speakers: [{name: Dana Doe, about: writes compilers}]\n    links: [{name: tickets, url: \"https://example.org/t\"}]\n    notes: [bring a towel]\n  - {name: meetup, title: Meetup, community: two}\n";

fn communities() -> [(String, Tz); 2] {
    [("one".to_owned(), Tz::America__Denver), ("two".to_owned(), Tz::UTC)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(500)) })]

    #[test]
    fn it_is_read_whole_or_refused_in_a_sentence(yaml in near(VALID)) {
        match parse(&yaml, &communities()) {
            Ok(events) => {
                for event in events {
                    prop_assert!((1..=NAME).contains(&event.name.chars().count()) && !event.name.contains(char::is_whitespace), "{:?}", event);
                    prop_assert!(["one", "two"].contains(&event.community.as_str()), "{:?}", event);
                    prop_assert!(event.from.zip(event.until).is_none_or(|(from, until)| from < until), "{:?}", event);
                    prop_assert!(event.lines.iter().map(|line| line.chars().count()).sum::<usize>() <= LONGEST, "{:?}", event);
                }
            }
            Err(told) => {
                prop_assert!(!told.is_empty() && !told.contains(['\n', '\r']) && told.chars().count() < 600, "{}", told);
            }
        }
    }
}

#[test]
fn a_file_that_would_grow_without_end_is_refused() {
    assert!(parse(&laughter("events"), &communities()).is_err());
}
