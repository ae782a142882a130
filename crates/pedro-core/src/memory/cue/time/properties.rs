//! What holds for every time that anybody may write, now or at the ends of the calendar.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::testing::cases;

const SCRAPS: &[&str] = &[
    "today",
    "tonight",
    "yesterday",
    "last night",
    "the day before yesterday",
    "last ",
    "this ",
    "past ",
    "previous ",
    "the ",
    "on ",
    "in ",
    "during ",
    "since ",
    "of ",
    "monday",
    "Sunday",
    "week",
    "weekend",
    "month",
    "year",
    "hours",
    "days",
    "weeks ",
    "years ",
    "ago",
    " ",
    "2 ",
    "999 ",
    "0 ",
    "12 ",
    "31 ",
    "29 ",
    "two ",
    "ten ",
    "few ",
    "couple of ",
    "an ",
    "2024",
    "0000",
    "9999",
    "1999-02-29",
    "2026-13-01",
    "9999-12-31",
    "0000-01-01",
    "2026-11-22",
    "31 february",
    "31st of December",
    "february 29",
    "Feb",
    "may",
    "May 2025",
    "june 3rd, 2025",
    "december ",
    ", ",
    "?",
    "٣",
    "২",
    "\u{0}",
    "é",
    "İ",
    "last 999 years",
    "999 years ago",
];

fn question() -> impl Strategy<Value = String> {
    let scraps = || vec(select(SCRAPS), 0..10).prop_map(|scraps| scraps.concat());
    prop_oneof![3 => scraps(), 1 => any::<String>(), 1 => (scraps(), any::<String>()).prop_map(|(scraps, text)| scraps + &text)]
}

fn now() -> impl Strategy<Value = DateTime<Utc>> {
    let seconds = prop_oneof![
        6 => 0..4_000_000_000i64,
        1 => Just(-62_135_596_800i64),
        1 => Just(253_402_300_799i64),
    ];
    seconds.prop_map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(1_000)) })]

    #[test]
    fn a_time_that_is_found_is_a_range_and_was_said(question in question(), now in now(), zone in select(&chrono_tz::TZ_VARIANTS[..])) {
        let Some(range) = time_range(&question, now, zone) else { return Ok(()) };
        prop_assert!(range.from < range.until || question.contains('0'), "{:?}: {:?}", question, range);
        prop_assert!(range.from <= range.until, "{:?}: {:?}", question, range);
        prop_assert!(question.contains(&range.said) && !range.said.trim().is_empty(), "{:?}: {:?}", question, range);
        let cut = range.cut_from(&question);
        prop_assert!(cut.chars().count() <= question.chars().count() + 1, "{:?}", cut);
        // What is said from today's point of view begins before now, or today.
        prop_assert!(!range.relative || range.from <= now + chrono::Duration::days(7), "{:?}: {:?}", question, range);
    }
}
