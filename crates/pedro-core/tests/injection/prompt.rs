//! What the model is asked, and whether all that others wrote stands in quotes.

use anyhow::{Result, ensure};
use serde_json::Value;

/// Everything that was asked in one call of the model.
#[derive(Debug)]
pub(crate) struct Prompt(pub(crate) Value);

impl Prompt {
    /// The one system message.
    pub(crate) fn system(&self) -> String {
        let messages = self.0["messages"].as_array().unwrap();
        let systems: Vec<&Value> = messages.iter().filter(|message| message["role"] == "system").collect();
        assert_eq!(systems.len(), 1, "{:?}", self.0);
        systems[0]["content"].as_str().unwrap().to_owned()
    }

    /// Fails if anything that others wrote stands outside of a quote. Returns whether the mark stands in one.
    pub(crate) fn check(&self, mark: &str) -> Result<bool> {
        let mut found = false;
        ensure!(!self.system().contains(mark), "in the system message: {}", self.system());
        for message in self.0["messages"].as_array().unwrap() {
            let text = message["content"].as_str().unwrap_or_default();
            if message["role"] == "assistant" {
                // A plan that is to be repaired: what the model itself wrote, as one line.
                ensure!(text.lines().count() <= 1, "{text}");
                continue;
            }
            for marker in ["<|", "|>", "[INST]", "[/INST]", "<<SYS>>", "<think>", "</s>", "### "] {
                ensure!(message["role"] == "system" || !text.contains(marker), "{marker} in {text}");
            }
            let mut quoted = false;
            for line in text.lines() {
                if line == "\"\"\"" {
                    quoted = !quoted;
                    continue;
                }
                ensure!(!line.contains("\"\"\""), "a fence within a line: {line}");
                ensure!(quoted || !line.contains(mark), "outside of a quote: {line}");
                found |= quoted && line.contains(mark);
                let turn = line.to_lowercase();
                ensure!(
                    !["system:", "assistant:", "user:"].iter().any(|role| turn.starts_with(role)),
                    "a turn: {line}"
                );
            }
            ensure!(!quoted, "a quote is left open: {text}");
        }
        Ok(found)
    }
}
