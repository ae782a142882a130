//! Measures the reading of lines on chat that a person has labelled: `tests/data/README.md` says how.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{Asks, Earlier, asks};

#[derive(Deserialize)]
struct Stretch {
    names: Vec<String>,
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    id: String,
    who: String,
    at: DateTime<Utc>,
    text: String,
    asks: Option<Label>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Label {
    /// A question to the room that stands by itself.
    Room,
    /// A question to the room that leans on an earlier line.
    Leaning,
    /// Anything else.
    No,
}

#[derive(Default)]
struct Tally {
    right: usize,
    wrong: usize,
    missed: usize,
    missed_leaning: usize,
}

/// The file that was labelled line by line.
const STRETCHES: &str = include_str!("../../../tests/data/questions-to-the-room.jsonl");

fn read_line(stretch: &Stretch, at: usize) -> Asks {
    let line = &stretch.lines[at];
    let earlier: Vec<Earlier<'_>> = stretch.lines[..at]
        .iter()
        .map(|earlier| Earlier {
            who: &earlier.who,
            text: &earlier.text,
            ago: (line.at - earlier.at).to_std().unwrap_or(Duration::ZERO),
        })
        .collect();
    asks(&line.text, &line.who, &earlier, &stretch.names)
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are what the test is for")]
fn most_questions_to_the_room_are_found_and_hardly_anything_else() {
    let mut tally = Tally::default();
    let mut labelled = 0;
    for stretch in STRETCHES.lines().map(|line| serde_json::from_str::<Stretch>(line).unwrap()) {
        for (at, line) in stretch.lines.iter().enumerate() {
            let Some(label) = line.asks else { continue };
            labelled += 1;
            let found = read_line(&stretch, at) == Asks::TheRoom;
            match (found, label) {
                (true, Label::Room | Label::Leaning) => tally.right += 1,
                (true, Label::No) => tally.wrong += 1,
                (false, Label::Room) => tally.missed += 1,
                (false, Label::Leaning) => tally.missed_leaning += 1,
                (false, Label::No) => continue,
            }
            let wrong = found == (label == Label::No);
            if wrong {
                println!("{} {}> {}", if found { "taken for one:" } else { "missed:" }, line.who, line.text);
            }
        }
    }
    let Tally { right, wrong, missed, missed_leaning } = tally;
    let precision = right as f64 / (right + wrong) as f64;
    let standing = right as f64 / (right + missed) as f64;
    let all = right as f64 / (right + missed + missed_leaning) as f64;
    println!(
        "{labelled} lines: {right} found, {wrong} wrongly, {missed} missed that stand by themselves, {missed_leaning} that lean: \
         precision {precision:.2}, recall {standing:.2} (all {all:.2})"
    );
    assert_eq!(labelled, 320);
    assert!(precision >= 0.85, "precision {precision:.2}");
    assert!(standing >= 0.75, "recall {standing:.2}");
}
