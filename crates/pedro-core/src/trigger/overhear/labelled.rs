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
    labelled: usize,
    right: usize,
    wrong: usize,
    missed: usize,
    missed_leaning: usize,
}

/// Read while the rules were written.
const DEV: &str = include_str!("../../../tests/data/room-questions-dev.jsonl");

/// Labelled before the rules were run on it, and not looked at to change them.
const HELD_OUT: &str = include_str!("../../../tests/data/room-questions-held-out.jsonl");

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
fn most_questions_to_the_room_are_found_and_hardly_anything_else() {
    for (name, file) in [("dev", DEV), ("held out", HELD_OUT)] {
        let tally = measure(name, file);
        assert!(tally.precision() >= 0.85, "{name}: precision {:.2}", tally.precision());
        assert!(tally.recall() >= 0.75, "{name}: recall {:.2}", tally.recall());
    }
}

impl Tally {
    /// Of what is taken for a question to the room, the share that is one.
    fn precision(&self) -> f64 {
        self.right as f64 / (self.right + self.wrong).max(1) as f64
    }

    /// Of the questions to the room that stand by themselves, the share that is found.
    fn recall(&self) -> f64 {
        self.right as f64 / (self.right + self.missed).max(1) as f64
    }

    /// The same of all questions to the room.
    fn recall_of_all(&self) -> f64 {
        self.right as f64 / (self.right + self.missed + self.missed_leaning).max(1) as f64
    }
}

fn measure(name: &str, file: &str) -> Tally {
    let mut tally = Tally::default();
    for stretch in file.lines().map(|line| serde_json::from_str::<Stretch>(line).unwrap()) {
        for (at, line) in stretch.lines.iter().enumerate() {
            let Some(label) = line.asks else { continue };
            tally.labelled += 1;
            let found = read_line(&stretch, at) == Asks::TheRoom;
            match (found, label) {
                (true, Label::Room | Label::Leaning) => tally.right += 1,
                (true, Label::No) => tally.wrong += 1,
                (false, Label::Room) => tally.missed += 1,
                (false, Label::Leaning) => tally.missed_leaning += 1,
                (false, Label::No) => {}
            }
            if found == (label == Label::No) {
                println!("{name}, {}: {}> {}", if found { "taken for one" } else { "missed" }, line.who, line.text);
            }
        }
    }
    println!(
        "{name}: {} lines, {} found, {} wrongly, {} missed that stand by themselves, {} that lean: \
         precision {:.2}, recall {:.2}, of all {:.2}",
        tally.labelled,
        tally.right,
        tally.wrong,
        tally.missed,
        tally.missed_leaning,
        tally.precision(),
        tally.recall(),
        tally.recall_of_all()
    );
    tally
}
