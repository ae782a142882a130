//! Logs, to standard error: standard output belongs to what a command prints.
//!
//! What people say in chat is logged at `debug` or below, never above: an operator's log store must not become a second,
//! unforgettable memory. Above it, name things by their ids (`message_id`, `question_id`, `channel`). An error is logged
//! once, where it ends. Secrets are [`Secret`](super::Secret)s and show as `[secret]`.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use super::config::{LogFormat, LogSettings};

/// Starts logging for the whole process. An error says that somebody did already, which a test may ignore.
pub fn init(settings: &LogSettings) -> Result<(), TryInitError> {
    // Checked when the settings were resolved; lossy, because a log with a hole is better than none.
    let filter = EnvFilter::builder().parse_lossy(&settings.filter);
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match settings.format {
        LogFormat::Text => subscriber.with_ansi(io::stderr().is_terminal()).finish().try_init(),
        // Flat fields are what Loki's JSON stage turns into labels and columns.
        LogFormat::Json => subscriber.json().flatten_event(true).with_current_span(true).finish().try_init(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_start_is_an_error_and_not_a_panic() {
        let settings = LogSettings { filter: "warn".to_owned(), format: LogFormat::Json };
        let _ = init(&settings);
        assert!(init(&settings).is_err());
    }
}
