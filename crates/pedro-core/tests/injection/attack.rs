//! The attacks, as they are written down.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The ways by which what others wrote reaches the model.
pub(crate) const VIAS: [&str; 11] =
    ["chat", "question", "display_name", "link", "title", "web", "api", "trained", "event", "relay", "recap"];

/// One attack.
#[derive(Debug, Clone)]
pub(crate) struct Attack {
    pub(crate) number: usize,
    pub(crate) via: &'static str,
    pub(crate) text: String,
}

impl Attack {
    /// All of them.
    pub(crate) fn all() -> Result<Vec<Self>> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/injections.jsonl");
        let lines = std::fs::read_to_string(path)?;
        let attacks: Vec<Self> =
            lines.lines().enumerate().map(|(number, line)| Self::read(number, line)).collect::<Result<_>>()?;
        let vias: BTreeSet<&str> = attacks.iter().map(|attack| attack.via).collect();
        ensure!(vias.len() == VIAS.len(), "nothing comes by some way: {vias:?}");
        Ok(attacks)
    }

    fn read(number: usize, line: &str) -> Result<Self> {
        let line: Value = serde_json::from_str(line).with_context(|| format!("line {}", number + 1))?;
        let (via, text) = (line["via"].as_str().context("no via")?, line["text"].as_str().context("no text")?);
        let via = VIAS.into_iter().find(|known| *known == via).with_context(|| format!("unknown: {via}"))?;
        Ok(Self { number, via, text: text.to_owned() })
    }

    /// A word by which the attack is found again, wherever it went.
    pub(crate) fn mark(&self) -> String {
        format!("canary{}x", self.number)
    }

    /// The text with its mark, which a capped line keeps.
    pub(crate) fn marked(&self) -> String {
        format!("{} {}", self.mark(), self.text)
    }

    /// The text and then its mark: it begins as the attacker wants it to.
    pub(crate) fn bare(&self) -> String {
        format!("{} {}", self.text, self.mark())
    }
}
