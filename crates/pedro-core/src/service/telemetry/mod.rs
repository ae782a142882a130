//! Logs, to standard error: standard output belongs to what a command prints.
//!
//! What people say in chat is logged at `debug` or below, never above: an operator's log store must not become a second,
//! unforgettable memory. Above it, name things by their ids (`message.id`, `question.id`, `channel`). An error is logged
//! once, where it ends. Secrets are [`Secret`](super::Secret)s and show as `[secret]`.
//!
//! **One question's life.** What is done for a line happens in a span with its `message.id`, and what is done for a
//! question in one with its `question.id` as well: [`of_message`], [`of_question`]. Whatever is logged inside carries both,
//! tasks that are started there and the adapter's sender included. A question's id is that of its row, the same after a
//! restart.

mod journal;
mod json;

use std::fmt;
use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;
use tracing::{Event, Span, Subscriber, info_span};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{Format, Full, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use self::json::Json;
use super::config::{LogFormat, LogSettings};

/// Ours may say all that the operator wants to know.
const OURS: &str = "pedro";

/// What libraries may say at most, whatever the operator's filter lets through. At `debug` and `trace` they log headers,
/// URLs, whole frames and statements, with the tokens and chat lines in them; these do so above it, too.
const CAPS: [(&str, LevelFilter); 8] = [
    // The body of an answer that it cannot read, and the provider's words.
    ("async_openai", LevelFilter::OFF),
    ("langchain_rust", LevelFilter::ERROR),
    // Why a connection ended, with the line that it could not read.
    ("twitch_irc", LevelFilter::ERROR),
    ("twilight_gateway", LevelFilter::WARN),
    ("twilight_http", LevelFilter::ERROR),
    // The paths of interactions and webhooks, which hold their tokens.
    ("twilight_http_ratelimiting", LevelFilter::OFF),
    // What it does not know of DATABASE_URL, value included.
    ("sqlx_postgres::options", LevelFilter::OFF),
    (OURS, LevelFilter::TRACE),
];

/// The rest.
const OTHERS: LevelFilter = LevelFilter::INFO;

/// Starts logging for the whole process. An error says that somebody did already, which a test may ignore.
pub fn init(settings: &LogSettings) -> Result<(), TryInitError> {
    let log = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    let to_journal = journal::is_stderr();
    let filtered = tracing_subscriber::registry().with(caps()).with(filter(settings));
    match settings.format {
        LogFormat::Text => {
            let format = Text { to_journal, inner: Format::default() };
            filtered.with(log.event_format(format)).try_init()
        }
        LogFormat::Json => {
            filtered.with(log.fmt_fields(JsonFields::new()).event_format(Json { to_journal })).try_init()
        }
    }
}

fn filter(settings: &LogSettings) -> EnvFilter {
    // Checked when the settings were resolved; lossy, because a log with a hole is better than none.
    EnvFilter::builder().parse_lossy(&settings.filter)
}

fn caps() -> Targets {
    Targets::new().with_default(OTHERS).with_targets(CAPS)
}

/// Everything that is done for one line of chat, or for what somebody pressed.
pub fn of_message(platform_message_id: &str) -> Span {
    info_span!("message", message.id = platform_message_id)
}

/// Everything that is done for one question, whoever does it.
pub fn of_question(id: impl fmt::Display, platform_message_id: &str) -> Span {
    info_span!("question", question.id = %id, message.id = platform_message_id)
}

/// For people, and with its priority for journald.
struct Text {
    to_journal: bool,
    inner: Format<Full>,
}

impl<S, N> FormatEvent<S, N> for Text
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if self.to_journal {
            journal::write_priority(&mut writer, *event.metadata().level())?;
        }
        self.inner.format_event(context, writer, event)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn a_second_start_is_an_error_and_not_a_panic() {
        let settings = LogSettings { filter: "warn".to_owned(), format: LogFormat::Json };
        let _ = init(&settings);
        assert!(init(&settings).is_err());
    }

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Written {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    /// What is written of some events, as [`init`] would have it.
    fn written(format: LogFormat, to_journal: bool, events: impl FnOnce()) -> String {
        let written = Written::default();
        let writer = written.clone();
        let settings = LogSettings { filter: "trace".to_owned(), format };
        let log = tracing_subscriber::fmt::layer().with_writer(move || writer.clone()).with_ansi(false);
        let filtered = tracing_subscriber::registry().with(caps()).with(filter(&settings));
        match format {
            LogFormat::Text => {
                let format = Text { to_journal, inner: Format::default() };
                tracing::subscriber::with_default(filtered.with(log.event_format(format)), events);
            }
            LogFormat::Json => {
                let log = log.fmt_fields(JsonFields::new()).event_format(Json { to_journal });
                tracing::subscriber::with_default(filtered.with(log), events);
            }
        }
        written.text()
    }

    #[test]
    fn a_line_of_json_has_the_ids_of_all_spans_around_it_beside_its_own_fields() {
        let text = written(LogFormat::Json, false, || {
            let _message = of_message("abc").entered();
            let _question = of_question(42, "abc").entered();
            let _task = info_span!("task", task = "errand").entered();
            tracing::warn!(task = "own", tokens = 7, error = %"quoted \"words\"\n", "it {}", "happened");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        for (key, expected) in [
            ("level", serde_json::json!("WARN")),
            ("message", "it happened".into()),
            ("question.id", "42".into()),
            ("message.id", "abc".into()),
            ("task", "own".into()),
            ("tokens", 7.into()),
            ("error", "quoted \"words\"\n".into()),
        ] {
            assert_eq!(line[key], expected, "{key} in {text}");
        }
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{text}");
        assert!(line["target"].as_str().unwrap().starts_with("pedro_core::"), "{text}");
    }

    #[test]
    fn journald_is_told_the_priority_of_each_line() {
        let events = || {
            tracing::error!("a");
            tracing::info!("b");
            tracing::trace!("c");
        };
        for format in [LogFormat::Json, LogFormat::Text] {
            let text = written(format, true, events);
            let starts: Vec<&str> = text.lines().map(|line| &line[..3]).collect();
            assert_eq!(starts, ["<3>", "<6>", "<7>"], "{text}");
            assert!(!written(format, false, events).starts_with('<'));
        }
        let text = written(LogFormat::Text, false, || {
            let _question = of_question(42, "abc").entered();
            tracing::info!("said");
        });
        assert!(text.contains("question{question.id=42 message.id=\"abc\"}: "), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn libraries_say_little_whatever_the_operator_wants() {
        let text = written(LogFormat::Text, false, || {
            tracing::trace!(target: "pedro_twitch::reader", "ours");
            tracing::debug!(target: "hyper::proto", "Authorization: secret");
            tracing::info!(target: "hyper::proto", "theirs");
            tracing::trace!(target: "twitch_irc::connection", "PASS secret");
            tracing::info!(target: "twitch_irc::connection", "closing: secret");
            tracing::error!(target: "async_openai::error", "secret");
            tracing::warn!(target: "twilight_http_ratelimiting::actor", "secret");
            tracing::debug!(target: "sqlx::query", "secret");
        });
        assert!(text.contains("ours") && text.contains("theirs") && !text.contains("secret"), "{text}");
    }
}
