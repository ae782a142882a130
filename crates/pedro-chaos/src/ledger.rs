//! Holds what is stored and what was answered against what was said. Pure: what it judges is in [`Facts`].

use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use crate::record::Gap;

/// Lines so young at the moment of a kill may be lost on Twitch.
const YOUNG: TimeDelta = TimeDelta::seconds(1);

/// After a trouble of the database, lines may still wait in memory for so long: until it is tried again.
const BACKLOG: TimeDelta = TimeDelta::seconds(12);

/// How far the moments of two programs may differ that look at the same thing.
const SLACK: TimeDelta = TimeDelta::milliseconds(250);

/// A line as it was said.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) on_twitch: bool,
    pub(crate) channel: String,
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) at: DateTime<Utc>,
    /// It was written to a bot's connection (Twitch).
    pub(crate) heard: bool,
    /// It was deleted afterwards.
    pub(crate) deleted: bool,
}

/// A time in which something went wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spell {
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
    /// What was on its way from Twitch was lost.
    pub(crate) breaks_twitch: bool,
    /// Lines waited in memory.
    pub(crate) keeps_waiting: bool,
}

/// A question that was accepted, and what people see of it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) what: String,
    pub(crate) on_twitch: bool,
    pub(crate) status: String,
    /// When each copy of its answer, or of the word that there is none, was said.
    pub(crate) told: Vec<DateTime<Utc>>,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let platform = if self.on_twitch { "Twitch" } else { "Discord" };
        write!(f, "{platform}, {}, told at {:?}: {}", self.status, self.told, self.what)
    }
}

/// What is left of a run.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) said: Vec<Said>,
    /// Ids and texts of people's lines, as often as they are stored.
    pub(crate) stored: Vec<(String, String)>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) spells: Vec<Spell>,
    pub(crate) asked: Vec<Asked>,
}

/// The judgement.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    pub(crate) said: usize,
    pub(crate) stored: usize,
    /// On Twitch, while nobody listened, and within a recorded gap.
    pub(crate) unheard: usize,
    /// On Twitch, on their way or in memory at a kill or a broken connection, and within a recorded gap.
    pub(crate) excused: usize,
    pub(crate) accepted: usize,
    pub(crate) answered_once: usize,
    /// On Twitch, in the window between sending and noting.
    pub(crate) answered_twice: usize,
    /// Ended without an answer, and told so.
    pub(crate) told: usize,
    pub(crate) complaints: Vec<String>,
}

/// Judges.
pub(crate) fn judge(facts: &Facts) -> Ledger {
    let mut ledger = Ledger { said: facts.said.len(), accepted: facts.asked.len(), ..Ledger::default() };
    lines(facts, &mut ledger);
    for asked in &facts.asked {
        question(facts, asked, &mut ledger);
    }
    ledger
}

fn lines(facts: &Facts, ledger: &mut Ledger) {
    let mut stored: HashMap<&str, Vec<&str>> = HashMap::new();
    for (id, text) in &facts.stored {
        stored.entry(id).or_default().push(text);
    }
    for said in &facts.said {
        let found = stored.remove(said.id.as_str()).unwrap_or_default();
        match (found.as_slice(), said.deleted) {
            ([], true) => {}
            ([], false) if said.on_twitch => missing(facts, said, ledger),
            ([], false) => ledger.complain(format!("lost: {said:?}")),
            (_, true) => ledger.complain(format!("deleted, and still stored: {said:?}")),
            ([text], false) if *text == said.text => ledger.stored += 1,
            ([text], false) => ledger.complain(format!("stored as {text:?}: {said:?}")),
            (_, false) => ledger.complain(format!("stored {} times: {said:?}", found.len())),
        }
    }
    for (id, texts) in stored {
        ledger.complain(format!("stored, and never said: {id} {texts:?}"));
    }
}

/// A line of Twitch that is not stored.
fn missing(facts: &Facts, said: &Said, ledger: &mut Ledger) {
    let in_gap = facts.gaps.iter().any(|gap| {
        gap.channel == said.channel
            && gap.began_at.is_none_or(|began| began <= said.at + SLACK)
            && said.at <= gap.ended_at + SLACK
    });
    if !in_gap {
        ledger.complain(format!("missing, and no gap is recorded: {said:?}"));
    } else if !said.heard {
        ledger.unheard += 1;
    } else if facts.is_excused(said.at) {
        ledger.excused += 1;
    } else {
        ledger.complain(format!("heard, and lost: {said:?}"));
    }
}

fn question(facts: &Facts, asked: &Asked, ledger: &mut Ledger) {
    let is_answered = asked.status == "answered";
    match asked.told.as_slice() {
        _ if !["answered", "failed", "expired"].contains(&asked.status.as_str()) => {
            ledger.complain(format!("left open: {asked}"));
        }
        [] => ledger.complain(format!("never told: {asked}")),
        [_] if is_answered => ledger.answered_once += 1,
        [_] => ledger.told += 1,
        copies if asked.on_twitch && copies.windows(2).all(|pair| facts.may_be_said_again(pair[0], pair[1])) => {
            ledger.answered_twice += 1;
        }
        _ => ledger.complain(format!("told more than once: {asked}")),
    }
}

impl Facts {
    /// Whether a line that was heard at this moment may be lost: it was young when something broke, or it waited in
    /// memory for the database when the process was killed.
    fn is_excused(&self, at: DateTime<Utc>) -> bool {
        self.spells.iter().filter(|spell| spell.breaks_twitch).any(|broken| {
            // A half-open connection breaks when it begins and when it ends.
            [broken.from, broken.until].into_iter().any(|moment| {
                let waited = self
                    .spells
                    .iter()
                    .filter(|spell| spell.keeps_waiting && spell.from <= moment && moment <= spell.until + BACKLOG);
                let since = waited.map(|spell| spell.from).min().unwrap_or(moment);
                since - YOUNG <= at && at <= moment + SLACK
            })
        })
    }

    /// Whether a copy may follow: between Twitch's taking the first and the note of it, the process was killed or the
    /// connection broke.
    fn may_be_said_again(&self, first: DateTime<Utc>, second: DateTime<Utc>) -> bool {
        self.spells.iter().filter(|spell| spell.breaks_twitch).any(|broken| {
            [broken.from, broken.until].into_iter().any(|moment| {
                let waited = self
                    .spells
                    .iter()
                    .any(|spell| spell.keeps_waiting && spell.from <= first + YOUNG && moment <= spell.until + BACKLOG);
                let noted = if waited { moment } else { first + YOUNG };
                first - SLACK <= moment && moment <= noted && moment <= second
            })
        })
    }
}

impl Ledger {
    fn complain(&mut self, complaint: String) {
        self.complaints.push(complaint);
    }
}

#[cfg(test)]
mod tests;
