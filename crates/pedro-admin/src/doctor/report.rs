//! What was checked, and what came of it.

use std::process::ExitCode;

use serde::Serialize;

use crate::output;

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warning,
    Wrong,
}

/// One check.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    state: State,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

impl Check {
    fn line(&self) -> String {
        let mark = match self.state {
            State::Ok => '✓',
            State::Warning => '!',
            State::Wrong => '✗',
        };
        let mend = self.mend.as_ref().map_or(String::new(), |mend| format!("\n    → {mend}"));
        format!("{mark} {}: {}{mend}", self.name, self.found)
    }
}

/// All checks. As text each is shown as soon as it is done, for some take their time.
pub(super) struct Report {
    json: bool,
    checks: Vec<Check>,
}

impl Report {
    pub(super) fn new(json: bool) -> Self {
        Self { json, checks: Vec::new() }
    }

    /// It is as it must be.
    pub(super) fn ok(&mut self, name: &'static str, found: impl Into<String>) -> anyhow::Result<()> {
        self.add(Check { name, state: State::Ok, found: found.into(), mend: None })
    }

    /// Pedro runs with it, but somebody should look.
    pub(super) fn warn(
        &mut self,
        name: &'static str,
        found: impl Into<String>,
        mend: impl Into<String>,
    ) -> anyhow::Result<()> {
        self.add(Check { name, state: State::Warning, found: found.into(), mend: Some(mend.into()) })
    }

    /// Pedro does not run with it.
    pub(super) fn fail(
        &mut self,
        name: &'static str,
        found: impl Into<String>,
        mend: impl Into<String>,
    ) -> anyhow::Result<()> {
        self.add(Check { name, state: State::Wrong, found: found.into(), mend: Some(mend.into()) })
    }

    /// The same, unless it was told before: groups of settings share values.
    pub(super) fn fail_once(&mut self, name: &'static str, found: String, mend: String) -> anyhow::Result<()> {
        if self.checks.iter().any(|check| check.name == name && check.found == found) {
            return Ok(());
        }
        self.fail(name, found, mend)
    }

    fn add(&mut self, check: Check) -> anyhow::Result<()> {
        if !self.json {
            output::line(check.line())?;
        }
        self.checks.push(check);
        Ok(())
    }

    /// Whether something is wrong.
    pub(super) fn failed(&self) -> bool {
        self.count(State::Wrong) > 0
    }

    fn count(&self, state: State) -> usize {
        self.checks.iter().filter(|check| check.state == state).count()
    }

    pub(super) fn finish(self) -> anyhow::Result<ExitCode> {
        if self.json {
            output::json(&self.checks)?;
        } else {
            output::line(match (self.count(State::Wrong), self.count(State::Warning)) {
                (0, 0) => "\nall is well".to_owned(),
                (wrong, warnings) => format!("\n{wrong} wrong, {warnings} to look at"),
            })?;
        }
        Ok(if self.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_says_how_to_mend_what_is_wrong_and_only_that_fails() {
        let mut report = Report::new(true);
        report.ok("database", "answers").unwrap();
        report.warn("migrations", "1 pending", "pedro migrate").unwrap();
        assert!(!report.failed());
        report.fail("model", "away", "start it").unwrap();
        assert!(report.failed());
        let lines: Vec<String> = report.checks.iter().map(Check::line).collect();
        assert_eq!(
            lines,
            ["✓ database: answers", "! migrations: 1 pending\n    → pedro migrate", "✗ model: away\n    → start it"]
        );
    }
}
