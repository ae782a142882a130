//! Watches bots and platforms while a run goes on.

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};

use crate::town::Town;
use crate::trouble::Trouble;

/// A bot that was killed, or could not note what it did, may do the same once more so long afterwards.
const MAY_REPEAT_FOR: TimeDelta = TimeDelta::seconds(45);

/// What a platform says of a message that is the same as one before, and of a request that it asked to put off: a process
/// that is new knows neither.
const NEW_TO_IT: [&str; 3] = ["an edit that changes nothing", "duplicate: ", "sooner than a 429 allowed"];

/// What it says of an interaction that was answered too late.
const LATE: &str = "an answer to an interaction after";

/// What was seen that should not be.
#[derive(Default)]
pub(crate) struct Watch {
    complaints: Vec<String>,
    punished: Vec<(DateTime<Utc>, String)>,
    on_twitch: usize,
    on_discord: usize,
}

impl Watch {
    /// Looks. A bot that ended by itself is a complaint, and is started again, as systemd would.
    pub(crate) fn look(&mut self, town: &mut Town) -> Result<()> {
        let now = Utc::now();
        for bot in &mut town.bots {
            if let Some(status) = bot.look()? {
                self.complaints.push(format!("{} ended by itself at {now}: {status}", bot.name));
                bot.start()?;
            }
        }
        let (twitch, discord) = (town.twitch.violations(), town.discord.violations());
        let new = twitch[self.on_twitch..].iter().map(|what| (now, format!("Twitch: {what}")));
        self.punished.extend(new);
        self.punished.extend(discord[self.on_discord..].iter().map(|what| (now, format!("Discord: {what}"))));
        (self.on_twitch, self.on_discord) = (twitch.len(), discord.len());
        Ok(())
    }

    pub(crate) fn complain(&mut self, complaint: String) {
        self.complaints.push(complaint);
    }

    /// All complaints. The same may be said again after a fault in which its note was lost.
    pub(crate) fn complaints(self, troubles: &[Trouble]) -> Vec<String> {
        let mut complaints = self.complaints;
        for (at, what) in self.punished {
            let has_cause = troubles.iter().any(|trouble| {
                let fault = trouble.fault;
                let loses_a_note = fault.kills() || fault.keeps_lines_waiting() || fault.breaks_twitch();
                let repeats = loses_a_note && NEW_TO_IT.iter().any(|one| what.contains(one));
                // An interaction that came late with a resumed session is answered late.
                let is_late = fault.delays_discord() && what.contains(LATE);
                (repeats || is_late) && trouble.from <= at && at <= trouble.until() + MAY_REPEAT_FOR
            });
            if !has_cause {
                complaints.push(format!("would be punished at {at} by {what}"));
            }
        }
        complaints
    }
}
