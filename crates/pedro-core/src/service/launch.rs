//! How a bot's program begins, the same on every platform.

use std::fmt::Display;
use std::process::ExitCode;

use super::config::{BotSettings, BotTask, ConfigProblems, LogSettings};
use super::shutdown::{self, Signals};
use super::{http, telemetry};

/// Sets up the log, waits for the settings, and does what the command line asks for. `run` gets the platform's settings and
/// those of every bot. A signal that comes while the settings are waited for ends the program; what keeps it from starting
/// is logged.
pub async fn launch<T, E: Display>(
    program: &str,
    log: &LogSettings,
    settings: impl Future<Output = Result<BotTask<T>, ConfigProblems>>,
    run: impl AsyncFnOnce(T, BotSettings, Signals) -> Result<ExitCode, E>,
) -> ExitCode {
    if let Err(error) = telemetry::init(log) {
        tracing::warn!(%error, "logging was set up before");
    }
    let cannot_start = |error: &dyn Display| {
        tracing::error!("{program} cannot start: {error:#}");
        ExitCode::FAILURE
    };
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => return cannot_start(&error),
    };
    shutdown::notify_starting();
    // What is kept in 1Password may have to be waited for.
    let task = tokio::select! {
        () = signals.next() => return ExitCode::SUCCESS,
        task = settings => task,
    };
    match task {
        Ok(BotTask::Health(address)) => http::health_probe(address).await,
        Ok(BotTask::Run(settings)) => {
            let (platform, bot) = *settings;
            run(platform, bot, signals).await.unwrap_or_else(|error| cannot_start(&error))
        }
        Err(problems) => cannot_start(&problems),
    }
}
