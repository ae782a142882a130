//! What is said in a time, cut into windows of which each fits one call of the model. Pure.
//!
//! Lines of one channel that follow each other without a long silence are a talk. Where there is more than a bounded number
//! of windows holds, each talk keeps its best lines, lively talks more of them.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

use crate::chat::{AuthorKind, ChannelId, MessageId};
use crate::prompt::{Quoted, estimate_tokens};
use crate::store::recap::RecapLine;

/// How long nobody says anything between two talks.
const SILENCE: Duration = Duration::minutes(10);

/// Lines of one talk: where nobody is ever silent, every part of the day still has its share.
const TALK_LINES: usize = 120;

/// Characters of a line: what somebody means to say is in its beginning.
const LINE_LIMIT: usize = 160;

/// No line takes more than this part of a window.
const PART_OF_WINDOW: usize = 4;

/// Tokens below which it is not worth telling where and when a talk was.
const LEAST_OF_A_TALK: usize = 80;

/// The golden section of 2^32: its multiples lie far apart.
const SPREAD: u32 = 2_654_435_769;

/// How many letters of a line count when lines are compared: who says more says it at length.
const LETTERS_THAT_COUNT: i64 = 80;

/// What a reply is worth, in letters, and how many count.
const REPLY_WORTH: i64 = 40;
const REPLIES_THAT_COUNT: i64 = 5;

/// How much there may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Tokens of a window, by [`estimate_tokens`].
    pub tokens: usize,
    /// Windows.
    pub windows: usize,
}

/// As much as the model reads at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    /// Lines to quote: where and when before each talk, then who said what.
    pub lines: Vec<Quoted>,
    /// The messages among them.
    pub sources: Vec<MessageId>,
}

/// Cuts lines into windows, oldest first, at most as many as there is room for.
pub(super) fn windows(lines: &[RecapLine], zone: Tz, room: Room) -> Vec<Window> {
    let mut talks = talks(lines, zone, room);
    let packed = pack(&talks, room.tokens, true);
    if packed.len() <= room.windows {
        return packed;
    }
    // Filled to the brim each window holds at least so much.
    let longest = talks.iter().flat_map(|talk| &talk.lines).map(|line| line.tokens).max().unwrap_or(0);
    let head = talks.iter().map(|talk| talk.head_tokens).max().unwrap_or(0);
    thin(&mut talks, room.windows * room.tokens.saturating_sub(longest + 2 * head));
    let mut packed = pack(&talks, room.tokens, false);
    packed.truncate(room.windows);
    packed
}

/// Lines of one channel without a long silence between them.
struct Talk<'a> {
    began_at: DateTime<Utc>,
    head: Quoted,
    head_tokens: usize,
    lines: Vec<Line<'a>>,
}

struct Line<'a> {
    row: &'a RecapLine,
    quoted: Quoted,
    tokens: usize,
}

impl Talk<'_> {
    fn tokens(&self) -> usize {
        self.head_tokens + self.lines.iter().map(|line| line.tokens).sum::<usize>()
    }

    /// How much of a whole day it deserves: many people, many lines.
    fn liveliness(&self) -> f64 {
        let people = self.lines.iter().filter(|line| line.row.author_kind == AuthorKind::Person);
        let people: HashSet<&str> = people.map(|line| line.row.author.as_str()).collect();
        (people.len().max(1) as f64 * self.lines.len() as f64).sqrt()
    }
}

fn talks<'a>(lines: &'a [RecapLine], zone: Tz, room: Room) -> Vec<Talk<'a>> {
    let mut channels: BTreeMap<ChannelId, Vec<&'a RecapLine>> = BTreeMap::new();
    for line in lines {
        channels.entry(line.channel_id).or_default().push(line);
    }
    let mut talks = Vec::new();
    for mut lines in channels.into_values() {
        lines.sort_by_key(|line| (line.sent_at, line.id));
        for talk in lines.chunk_by(|one, next| next.sent_at - one.sent_at < SILENCE) {
            talks.extend(talk.chunks(TALK_LINES).filter_map(|talk| self::talk(talk, zone, room)));
        }
    }
    talks.sort_by_key(|talk| talk.began_at);
    talks
}

fn talk<'a>(lines: &[&'a RecapLine], zone: Tz, room: Room) -> Option<Talk<'a>> {
    let first = lines.first()?;
    let local = first.sent_at.with_timezone(&zone).format("%a %H:%M");
    let head = Quoted::text(&format!("In {}, from {local}:", first.channel), LINE_LIMIT / 3);
    let quoted = |row: &&'a RecapLine| {
        let quoted = quoted(row, room.tokens / PART_OF_WINDOW);
        Line { row, tokens: cost(&quoted), quoted }
    };
    Some(Talk { began_at: first.sent_at, head_tokens: cost(&head), head, lines: lines.iter().map(quoted).collect() })
}

/// `alice: text`, within so many tokens: scripts differ in how many a letter takes.
fn quoted(row: &RecapLine, tokens: usize) -> Quoted {
    // Pedro's own lines and other bots' are the thread of a talk, never the source of a fact: the reader is told.
    let author = match row.author_kind {
        AuthorKind::Person => row.author.clone(),
        AuthorKind::Pedro => "Pedro (you)".to_owned(),
        AuthorKind::Bot => format!("{} (a bot)", row.author),
    };
    let mut limit = LINE_LIMIT;
    loop {
        let quoted = Quoted::said(&author, &row.text, limit);
        if cost(&quoted) <= tokens || limit < 16 {
            return quoted;
        }
        limit /= 2;
    }
}

/// With its line break.
fn cost(quoted: &Quoted) -> usize {
    estimate_tokens(quoted.as_str()) + 1
}

/// Puts talks into windows, one after the other. `whole`: a talk that does not fit begins a new window if the one before is
/// at least half full.
fn pack(talks: &[Talk<'_>], tokens: usize, whole: bool) -> Vec<Window> {
    let mut windows = Vec::new();
    let (mut window, mut used) = (Window { lines: Vec::new(), sources: Vec::new() }, 0);
    for talk in talks {
        if whole && used + talk.tokens() > tokens && used >= tokens / 2 {
            windows.push(std::mem::replace(&mut window, Window { lines: Vec::new(), sources: Vec::new() }));
            used = 0;
        }
        let mut has_head = false;
        for line in &talk.lines {
            let head = if has_head { 0 } else { talk.head_tokens };
            if used + head + line.tokens > tokens && !window.lines.is_empty() {
                windows.push(std::mem::replace(&mut window, Window { lines: Vec::new(), sources: Vec::new() }));
                (used, has_head) = (0, false);
            }
            if !has_head {
                window.lines.push(talk.head.clone());
                used += talk.head_tokens;
                has_head = true;
            }
            window.lines.push(line.quoted.clone());
            window.sources.push(line.row.id);
            used += line.tokens;
        }
    }
    if !window.lines.is_empty() {
        windows.push(window);
    }
    windows
}

/// Leaves so many tokens of all talks together. Where there are too many talks the least lively are left out.
fn thin(talks: &mut Vec<Talk<'_>>, tokens: usize) {
    let most = (tokens / LEAST_OF_A_TALK).max(1);
    if talks.len() > most {
        talks.sort_by(|one, other| other.liveliness().total_cmp(&one.liveliness()));
        talks.truncate(most);
        talks.sort_by_key(|talk| talk.began_at);
    }
    let shares = shares(talks, tokens);
    for (talk, share) in talks.iter_mut().zip(shares) {
        keep_best(talk, share);
    }
    talks.retain(|talk| !talk.lines.is_empty());
}

/// By how lively they are. What a short talk does not need is for the others.
fn shares(talks: &[Talk<'_>], tokens: usize) -> Vec<usize> {
    let wants: Vec<(usize, f64)> = talks.iter().map(|talk| (talk.tokens(), talk.liveliness())).collect();
    let mut order: Vec<usize> = (0..talks.len()).collect();
    let need = |at: &usize| wants[*at].0 as f64 / wants[*at].1;
    order.sort_by(|one, other| need(one).total_cmp(&need(other)));
    let mut left = tokens as f64;
    let mut weight: f64 = wants.iter().map(|(_, weight)| weight).sum();
    let mut shares = vec![0; talks.len()];
    for at in order {
        let (cost, own) = wants[at];
        let share = (left * own / weight).min(cost as f64).max(0.0);
        shares[at] = share as usize;
        left -= share;
        weight -= own;
    }
    shares
}

/// The lines that tell most, in their order.
fn keep_best(talk: &mut Talk<'_>, tokens: usize) {
    let mut said: HashMap<String, usize> = HashMap::new();
    let worth: Vec<i64> = talk.lines.iter().map(|line| worth(line.row, &mut said)).collect();
    let mut order: Vec<usize> = (0..talk.lines.len()).collect();
    // Of equals some from everywhere, always the same.
    order.sort_by_key(|at| (-worth[*at], (*at as u32).wrapping_mul(SPREAD)));
    let mut left = tokens.saturating_sub(talk.head_tokens);
    let mut kept = vec![false; talk.lines.len()];
    for at in order {
        if let Some(rest) = left.checked_sub(talk.lines[at].tokens) {
            kept[at] = true;
            left = rest;
        }
    }
    let mut kept = kept.into_iter();
    talk.lines.retain(|_| kept.next().unwrap_or_default());
}

/// Long lines and those that people replied to tell most; what is said again, and what bots say, least.
fn worth(row: &RecapLine, said: &mut HashMap<String, usize>) -> i64 {
    let text = row.text.trim().to_lowercase();
    let letters = text.chars().filter(|char| char.is_alphanumeric()).count() as i64;
    let before = said.entry(text).or_default();
    *before += 1;
    let worth = letters.min(LETTERS_THAT_COUNT) + REPLY_WORTH * row.replies.min(REPLIES_THAT_COUNT);
    match row.author_kind {
        AuthorKind::Person if *before == 1 => worth,
        AuthorKind::Person => worth / 5,
        // It is context, where there is room for it.
        AuthorKind::Pedro | AuthorKind::Bot => worth / 5 - LETTERS_THAT_COUNT,
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
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
        let lines: Vec<RecapLine> =
            (0..50).map(|id| line(id, 1, id, "さくら", &"配信をありがとう".repeat(60))).collect();
        assert!(cut(&lines, 200, 3).iter().all(|window| tokens(window) <= 200));
    }
}
