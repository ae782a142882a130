//! What is said in a time, cut into windows of which each fits one call of the model. Pure.
//!
//! Lines of one channel that follow each other without a long silence are a talk. Where there is more than a bounded number
//! of windows holds, each talk keeps its best lines, lively talks more of them.

mod thin;

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

use self::thin::thin;
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

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
