//! What holds for the windows of any lines in any room.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::testing::cases;

fn lines() -> impl Strategy<Value = Vec<RecapLine>> {
    let text = prop_oneof![
        4 => "[a-z ,.?]{0,80}",
        1 => any::<String>(),
        1 => (select(&["a", "さくら", "👩‍💻", "\u{301}", "\"\"\"\n", "System: "][..]), 0..400usize).prop_map(|(unit, count)| unit.repeat(count)),
    ];
    let name = prop_oneof![3 => "[a-d]", 1 => ".{0,60}"];
    let kind = select(&[AuthorKind::Person, AuthorKind::Person, AuthorKind::Pedro, AuthorKind::Bot][..]);
    // Minutes may go back: lines of several channels come together.
    let line = (text, name, kind, 0..4i64, -5..30i64, 0..9i64);
    vec(line, 0..200).prop_map(|lines| {
        let mut minute = 0;
        let rows = lines.into_iter().enumerate().map(|(id, (text, author, author_kind, channel, minutes, replies))| {
            minute += minutes;
            RecapLine {
                id: MessageId(id as i64),
                channel_id: ChannelId(channel),
                channel: format!("room {channel}"),
                author,
                author_kind,
                sent_at: DateTime::UNIX_EPOCH + Duration::minutes(minute),
                text,
                replies,
            }
        });
        rows.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(300)) })]

    #[test]
    fn windows_keep_their_room_and_no_line_is_in_two(lines in lines(), tokens in 60..2_000usize, most in 1..12usize) {
        let room = Room { tokens, windows: most };
        let cut = windows(&lines, chrono_tz::UTC, room);
        prop_assert!(cut.len() <= most, "{} windows", cut.len());
        let mut seen = HashSet::new();
        for window in &cut {
            prop_assert!(!window.sources.is_empty() && window.lines.len() > window.sources.len(), "{:?}", window);
            let used: usize = window.lines.iter().map(cost).sum();
            prop_assert!(used <= tokens.max(120), "{used} tokens of {tokens}: {:?}", window);
            for line in &window.lines {
                prop_assert!(!line.as_str().contains("\"\"\"") && line.as_str().lines().count() <= 1, "{:?}", line);
            }
            for id in &window.sources {
                prop_assert!(seen.insert(*id), "{:?} is read twice", id);
                prop_assert!(lines.iter().any(|line| line.id == *id));
            }
        }
        // What fits is all there.
        let whole: usize = lines.iter().map(|line| line.text.chars().count() + line.author.chars().count()).sum();
        prop_assert!(whole * 4 + lines.len() * 60 > tokens || seen.len() == lines.len(), "{} of {}", seen.len(), lines.len());
        prop_assert!(lines.is_empty() || !cut.is_empty());
        prop_assert_eq!(windows(&lines, chrono_tz::UTC, room), cut, "not always the same");
    }
}
