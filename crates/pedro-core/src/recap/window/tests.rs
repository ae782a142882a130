//! Which lines are read of a time, and how they are cut.

use super::*;

fn line(id: i64, channel: i64, minutes: i64, author: &str, text: &str) -> RecapLine {
    RecapLine {
        id: MessageId(id),
        channel_id: ChannelId(channel),
        channel: format!("room{channel}"),
        author: author.into(),
        author_kind: AuthorKind::Person,
        sent_at: DateTime::UNIX_EPOCH + Duration::minutes(minutes),
        text: text.into(),
        replies: 0,
    }
}

fn cut(lines: &[RecapLine], tokens: usize, windows: usize) -> Vec<Window> {
    super::windows(lines, Tz::UTC, Room { tokens, windows })
}

fn tokens(window: &Window) -> usize {
    window.lines.iter().map(cost).sum()
}

/// A day on which `people` people say something about every second minute, in bursts.
fn day(lines: i64, people: i64) -> Vec<RecapLine> {
    let text = "the borrow checker does not like what I did there, and I wonder why it would";
    (0..lines)
        .map(|id| {
            line(
                id,
                id % 3,
                id / 4 + id / 60 * 11,
                &format!("person{}", id % people),
                &text[..10 + id as usize * 7 % 60],
            )
        })
        .collect()
}

#[test]
fn few_lines_are_one_window_that_tells_where_when_and_who() {
    let lines = [line(2, 1, 5, "Bob", "it is nice"), line(1, 1, 3, "Ann", "a new parser")];
    let windows = cut(&lines, 400, 12);
    let said: Vec<&str> = windows[0].lines.iter().map(Quoted::as_str).collect();
    assert_eq!(said, ["In room1, from Thu 00:03:", "Ann: a new parser", "Bob: it is nice"]);
    assert_eq!(windows[0].sources, [MessageId(1), MessageId(2)]);
    assert_eq!(windows.len(), 1);
}

#[test]
fn nothing_said_is_no_window() {
    assert!(cut(&[], 400, 12).is_empty());
}

#[test]
fn a_window_ends_at_a_silence_rather_than_within_a_talk() {
    let mut lines: Vec<RecapLine> =
        (0..12).map(|id| line(id, 1, id, "Ann", "about the keyboard that dana got")).collect();
    lines.extend((20..32).map(|id| line(id, 1, id + 30, "Bob", "about the printer that caught fire")));
    let windows = cut(&lines, 250, 12);
    assert_eq!(windows.len(), 2, "{windows:?}");
    assert!(windows[0].sources.iter().all(|id| id.0 < 20));
    assert!(windows[1].sources.iter().all(|id| id.0 >= 20));
}

#[test]
fn channels_are_not_mixed_line_by_line() {
    let lines: Vec<RecapLine> = (0..20).map(|id| line(id, id % 2, id, "Ann", "hello there")).collect();
    let windows = cut(&lines, 2_000, 12);
    let heads = windows[0].lines.iter().filter(|line| line.as_str().starts_with("In room")).count();
    assert_eq!((windows.len(), heads), (1, 2));
}

#[test]
fn whatever_there_is_no_window_is_too_long_nor_are_there_too_many() {
    for (count, people) in [(1, 1), (90, 3), (700, 5), (5_000, 300), (20_000, 4)] {
        let lines = day(count, people);
        for (size, most) in [(100, 3), (250, 12), (2_000, 12)] {
            let windows = cut(&lines, size, most);
            assert!(!windows.is_empty() && windows.len() <= most, "{count} lines: {} windows", windows.len());
            assert!(windows.iter().all(|window| tokens(window) <= size), "{count} lines in {size}");
        }
    }
}

#[test]
fn a_long_day_is_covered_from_its_morning_to_its_evening_and_its_windows_are_full() {
    let lines = day(5_000, 40);
    let windows = cut(&lines, 2_000, 12);
    let filled: usize = windows.iter().map(tokens).sum();
    assert!(filled > 12 * 2_000 * 3 / 4, "{filled}");
    let mut sources: Vec<i64> = windows.iter().flat_map(|window| &window.sources).map(|id| id.0).collect();
    sources.sort_unstable();
    assert!(sources[0] < 500 && sources[sources.len() - 1] > 4_500);
    assert!(sources.windows(2).all(|pair| pair[1] - pair[0] < 500), "a part of the day is missing");
}

#[test]
fn the_longest_and_most_replied_lines_of_a_talk_are_kept() {
    let mut lines: Vec<RecapLine> = (0..300).map(|id| line(id, 1, id, "Ann", "lol")).collect();
    lines[40].text = "GopherCon moves to november, they have just said so on the site".into();
    lines[200] = RecapLine { replies: 4, ..line(200, 1, 200, "Bob", "pizza?") };
    lines[250] = RecapLine {
        author_kind: AuthorKind::Bot,
        ..line(250, 1, 250, "Nightbot", "follow me on all the social media that there are")
    };
    let kept: Vec<MessageId> = cut(&lines, 200, 2).into_iter().flat_map(|window| window.sources).collect();
    assert!(kept.contains(&MessageId(40)) && kept.contains(&MessageId(200)), "{kept:?}");
    assert!(!kept.contains(&MessageId(250)));
}

#[test]
fn lively_talks_keep_more_than_monologues() {
    let mut lines: Vec<RecapLine> =
        (0..200).map(|id| line(id, 1, id, "Ann", &format!("counting sheep number {id}"))).collect();
    lines.extend(
        (200..400).map(|id| line(id, 1, id + 60, &format!("p{}", id % 20), &format!("counting goats number {id}"))),
    );
    let kept: Vec<i64> = cut(&lines, 250, 4).into_iter().flat_map(|window| window.sources).map(|id| id.0).collect();
    let lively = kept.iter().filter(|id| **id >= 200).count();
    assert!(lively > kept.len() / 2 && lively < kept.len(), "{lively} of {}", kept.len());
}

#[test]
fn lines_of_any_script_fit() {
    let lines: Vec<RecapLine> = (0..50).map(|id| line(id, 1, id, "さくら", &"配信をありがとう".repeat(60))).collect();
    assert!(cut(&lines, 200, 3).iter().all(|window| tokens(window) <= 200));
}
