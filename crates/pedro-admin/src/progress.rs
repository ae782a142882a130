//! How far long work is: a bar where somebody watches, a plain line now and then where standard error goes to a log.

use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

/// How often a plain line is written.
const EVERY: Duration = Duration::from_secs(3);

/// Work of a known size.
pub(crate) struct Progress {
    /// What is counted, in the plural.
    unit: &'static str,
    /// The size of the work: often that of a file, where what is counted is not known beforehand.
    total: u64,
    began: Instant,
    bar: Option<ProgressBar>,
    /// When the last plain line was written.
    told: Mutex<Instant>,
}

impl Progress {
    /// Work that begins now.
    pub(crate) fn new(unit: &'static str, total: u64) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total);
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}") {
                bar.set_style(style);
            }
            bar
        });
        Self { unit, total, began: Instant::now(), bar, told: Mutex::new(Instant::now()) }
    }

    /// So much of the work is done, and so many things.
    pub(crate) fn set(&self, position: u64, things: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(position);
            bar.set_message(self.words(position, things));
            return;
        }
        let Ok(mut told) = self.told.lock() else { return };
        if told.elapsed() >= EVERY {
            *told = Instant::now();
            output::note(self.words(position, things));
        }
    }

    fn words(&self, position: u64, things: u64) -> String {
        words(self.unit, position, self.total, things, self.began.elapsed())
    }

    /// How long it took.
    pub(crate) fn finish(self) -> Duration {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.began.elapsed()
    }
}

fn words(unit: &str, position: u64, total: u64, things: u64, elapsed: Duration) -> String {
    let rate = per_second(things, elapsed);
    let left = match position {
        0 => "unknown time left".to_owned(),
        _ => {
            let whole = elapsed.mul_f64(total as f64 / position as f64);
            format!("{} left", span(whole.saturating_sub(elapsed)))
        }
    };
    format!("{} {unit}, {}/s, {left}", output::count(things), output::count(rate))
}

/// How many a second.
pub(crate) fn per_second(things: u64, elapsed: Duration) -> u64 {
    (things as f64 / elapsed.as_secs_f64().max(0.001)).round() as u64
}

/// A length of time as people say it.
pub(crate) fn span(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.0} s", time.as_secs_f64()),
        seconds @ 60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_progress_has_count_rate_and_remaining_time() {
        let half = words("lines", 50, 100, 12_000, Duration::from_secs(4));
        assert_eq!(half, "12,000 lines, 3,000/s, 4 s left");
        assert_eq!(words("lines", 0, 100, 0, Duration::ZERO), "0 lines, 0/s, unknown time left");
    }

    #[test]
    fn spans_are_told_in_two_units_at_most() {
        for (seconds, told) in [(5, "5 s"), (65, "1 min 5 s"), (7_260, "2 h 1 min")] {
            assert_eq!(span(Duration::from_secs(seconds)), told);
        }
    }
}
