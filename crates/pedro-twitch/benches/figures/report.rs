//! Figures as they are printed and as they are written into the page.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

const BEGIN: &str = "<!-- figures: written by `make bench`, which replaces everything up to the end mark -->";
const END: &str = "<!-- end of figures -->";
const LOAD: &str = "One run. The load at the start is other people's work on the machine: unless it is near 0, every figure is worse \
                    than it would be alone.";
const PREAMBLE: &str = "# Benchmarks\n\nHow fast Pedro is, and how much it needs.\n";

/// Everything that was measured.
pub(crate) struct Report {
    facts: Vec<(&'static str, String)>,
    parts: Vec<Part>,
}

/// Figures of one kind.
pub(crate) struct Part {
    title: &'static str,
    notes: Vec<String>,
    rows: Vec<Row>,
}

struct Row {
    what: String,
    value: String,
    aim: Option<(String, bool)>,
}

impl Report {
    /// An empty report; the facts are about the machine.
    pub(crate) fn new(facts: Vec<(&'static str, String)>) -> Self {
        let mut report = Self { facts: Vec::new(), parts: Vec::new() };
        facts.into_iter().for_each(|(what, fact)| report.fact(what, fact));
        report
    }

    /// Adds a fact, and prints it.
    pub(crate) fn fact(&mut self, what: &'static str, fact: String) {
        println!("{what:24} {fact}");
        self.facts.push((what, fact));
    }

    /// Adds a part, and prints it.
    pub(crate) fn add(&mut self, part: Part) {
        println!("\n== {}", part.title);
        for Row { what, value, aim } in &part.rows {
            let verdict = aim.as_ref().map(|(aim, met)| format!("  (aim {aim}: {})", verdict(*met)));
            println!("{what:64} {value:>26}{}", verdict.unwrap_or_default());
        }
        for note in &part.notes {
            println!("   {note}");
        }
        self.parts.push(part);
    }

    /// Writes the page; what stands outside the marks stays.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let old = std::fs::read_to_string(path).unwrap_or_else(|_| format!("{PREAMBLE}\n{BEGIN}\n{END}\n"));
        let marks = "the page has lost its marks: put them back, or delete it";
        let (before, rest) = old.split_once(BEGIN).context(marks)?;
        let (_, after) = rest.split_once(END).context(marks)?;
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)?;
        }
        std::fs::write(path, format!("{before}{BEGIN}\n{}\n{END}{after}", self.markdown()))?;
        println!("\nwritten to {}", path.display());
        Ok(())
    }

    fn markdown(&self) -> String {
        let mut text = format!("\n## Speed\n\n{LOAD}\n\n| machine | |\n| --- | --- |\n");
        for (what, fact) in &self.facts {
            text.push_str(&format!("| {what} | {fact} |\n"));
        }
        for part in &self.parts {
            text.push_str(&format!(
                "\n### {}\n\n| figure | measured | aim | |\n| --- | ---: | --- | --- |\n",
                part.title
            ));
            for Row { what, value, aim } in &part.rows {
                let (aim, met) = aim.as_ref().map_or(("", ""), |(aim, met)| (aim.as_str(), verdict(*met)));
                text.push_str(&format!("| {what} | {value} | {aim} | {met} |\n"));
            }
            for note in &part.notes {
                text.push_str(&format!("\n{note}\n"));
            }
        }
        text
    }
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "**missed**" }
}

impl Part {
    /// A part without figures.
    pub(crate) fn new(title: &'static str) -> Self {
        Self { title, notes: Vec::new(), rows: Vec::new() }
    }

    /// A figure.
    pub(crate) fn row(&mut self, what: impl Into<String>, value: impl Into<String>) {
        self.rows.push(Row { what: what.into(), value: value.into(), aim: None });
    }

    /// A figure with an aim.
    pub(crate) fn aimed(&mut self, what: impl Into<String>, value: impl Into<String>, aim: &str, met: bool) {
        self.rows.push(Row { what: what.into(), value: value.into(), aim: Some((aim.to_owned(), met)) });
    }

    /// A sentence about how it was measured.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

/// Durations, from the shortest to the longest.
pub(crate) struct Spread(Vec<Duration>);

impl Spread {
    pub(crate) fn of(durations: impl IntoIterator<Item = Duration>) -> Self {
        let mut durations: Vec<Duration> = durations.into_iter().collect();
        durations.sort();
        Self(durations)
    }

    /// The duration that so many of a hundred do not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let at = (self.0.len() * percent).div_ceil(100).max(1) - 1;
        self.0.get(at).copied().unwrap_or_default()
    }

    pub(crate) fn median(&self) -> Duration {
        self.percentile(50)
    }

    pub(crate) fn p95(&self) -> Duration {
        self.percentile(95)
    }

    pub(crate) fn longest(&self) -> Duration {
        self.percentile(100)
    }
}

/// Milliseconds, with as many digits as say something.
pub(crate) fn ms(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1000.0;
    if ms < 100.0 { format!("{ms:.1} ms") } else { format!("{ms:.0} ms") }
}

/// So many a second.
pub(crate) fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}
