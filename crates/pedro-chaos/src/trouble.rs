//! A fault of this run: since when, until when.

use std::time::Instant;

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use rand::rngs::StdRng;

use crate::fault::Fault;
use crate::ledger::Spell;
use crate::town::Town;

/// A fault that was, or is.
pub(crate) struct Trouble {
    pub(crate) fault: Fault,
    pub(crate) from: DateTime<Utc>,
    /// When it is to end.
    due: Instant,
    ended: Option<DateTime<Utc>>,
}

impl Trouble {
    /// Lets a fault begin.
    pub(crate) async fn begin(fault: Fault, town: &mut Town, chance: &mut StdRng) -> Result<Self> {
        let from = Utc::now();
        let lasts = fault.begin(town, chance).await.with_context(|| format!("{fault:?}"))?;
        Ok(Self { fault, from, due: Instant::now() + lasts, ended: None })
    }

    /// Ends it, if it goes on still.
    pub(crate) async fn end(&mut self, town: &mut Town) -> Result<()> {
        if self.goes_on() {
            self.fault.end(town).await.with_context(|| format!("the end of {:?}", self.fault))?;
            self.ended = Some(Utc::now());
        }
        Ok(())
    }

    pub(crate) fn goes_on(&self) -> bool {
        self.ended.is_none()
    }

    /// Whether its time is over.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.due <= now
    }

    /// When it ended. One that goes on has not been there yet.
    pub(crate) fn until(&self) -> DateTime<Utc> {
        self.ended.unwrap_or(self.from)
    }

    /// In seconds.
    pub(crate) fn lasted(&self) -> f64 {
        (self.until() - self.from).as_seconds_f64()
    }

    /// What the ledger has to know of it.
    pub(crate) fn spell(&self) -> Spell {
        Spell {
            from: self.from,
            until: self.until(),
            breaks_twitch: self.fault.breaks_twitch(),
            keeps_waiting: self.fault.keeps_lines_waiting(),
        }
    }
}
