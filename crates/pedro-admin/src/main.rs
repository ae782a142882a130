//! `pedro`, the operator's command: reads the options and hands over to one file per command.

mod channels;
mod chat;
mod doctor;
mod embed;
mod eval;
mod import;
mod links;
mod login;
mod memory;
mod migrate;
mod model;
mod output;
mod progress;
mod prompts;
mod settings;
mod target;
mod titles;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use pedro_core::service::config::{ConfigProblems, LogArgs, OnePasswordArgs, text};
use pedro_core::service::telemetry;

/// Pedro's operator's command: check, migrate, import, ask and measure.
///
/// Every option in capitals can be given as an environment variable; an empty variable counts as unset.
#[derive(Debug, Parser)]
#[command(name = "pedro", version)]
#[command(mut_arg("pedro_log", |log| log.help("What is logged: a level, or levels per module. Default: warnings")))]
struct Options {
    #[command(flatten)]
    log: LogArgs,
    #[command(flatten)]
    one_password: OnePasswordArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check everything Pedro needs and say how to mend what is wrong; exit code 1 if something is
    Doctor(Box<doctor::Options>),
    /// Bring the tables up to date
    Migrate(migrate::Options),
    /// Talk to Pedro in the terminal
    Chat(Box<chat::Options>),
    /// Have Pedro plan and answer one question, and watch
    Plan(Box<chat::PlanOptions>),
    /// What happened in the last stream, or in the last hours
    Recap(Box<chat::RecapOptions>),
    /// Load chat lines from a file of JSON lines
    Import(Box<import::Options>),
    /// The channels of a community and what is set for them
    #[command(subcommand)]
    Channels(Box<channels::Command>),
    /// The helpful links of a community
    #[command(subcommand)]
    Links(Box<links::Command>),
    /// What Pedro was taught to answer in a community
    #[command(subcommand)]
    Prompts(Box<prompts::Command>),
    /// The stream titles of a community
    #[command(subcommand)]
    Titles(Box<titles::Command>),
    /// What Pedro remembers
    #[command(subcommand)]
    Memory(Box<memory::Command>),
    /// Let Pedro into a platform
    #[command(subcommand)]
    Login(login::Command),
    /// The embedding model
    #[command(subcommand)]
    Model(model::Command),
    /// Look at the bots and the model servers, and tell a Discord channel when one is down
    Watch(Box<watch::Options>),
    /// Measure retrieval on a labelled file
    Eval(Box<eval::Options>),
}

fn main() -> ExitCode {
    let Options { log, one_password, command } = Options::parse();
    settings::init(one_password);
    let mut problems = ConfigProblems::default();
    // Whoever types a command wants its result; what the tasks behind it note on their way is for bots' logs.
    let filter = text(log.pedro_log.as_ref()).unwrap_or("warn,sqlx=error").to_owned();
    let log = LogArgs { pedro_log: Some(filter), ..log }.resolve(&mut problems);
    if let Err(error) = telemetry::init(&log) {
        tracing::warn!(%error, "logging was set up before");
    }
    let result = problems.into_result(()).map_err(anyhow::Error::from).and_then(|()| run(command));
    result.unwrap_or_else(|error| output::failure(&error))
}

/// The runtime is not waited for at the end: the embedder's loading, or a terminal that is read, may take its time.
fn run(command: Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new()?;
    let result = runtime.block_on(carry_out(command));
    runtime.shutdown_background();
    result
}

async fn carry_out(command: Command) -> anyhow::Result<ExitCode> {
    let done = |()| ExitCode::SUCCESS;
    match command {
        Command::Doctor(options) => doctor::run(*options).await,
        Command::Migrate(options) => migrate::run(options).await.map(done),
        Command::Chat(options) => chat::run(*options).await,
        Command::Plan(options) => chat::plan(*options).await,
        Command::Recap(options) => chat::recap(*options).await,
        Command::Import(options) => import::run(*options).await,
        Command::Channels(command) => channels::run(*command).await.map(done),
        Command::Links(command) => links::run(*command).await.map(done),
        Command::Prompts(command) => prompts::run(*command).await.map(done),
        Command::Titles(command) => titles::run(*command).await.map(done),
        Command::Memory(command) => memory::run(*command).await.map(done),
        Command::Login(command) => login::run(command).await.map(done),
        Command::Model(command) => model::run(command).await.map(done),
        Command::Watch(options) => watch::run(*options).await,
        Command::Eval(options) => eval::run(*options).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_fit_together_and_each_has_a_line_of_help() {
        Options::command().debug_assert();
        check_help(&Options::command());
    }

    #[test]
    fn every_secret_may_be_in_a_file() {
        let nothing: [String; 0] = [];
        assert_eq!(pedro_core::testing::secrets_without_file(&Options::command()), nothing);
    }

    fn check_help(command: &clap::Command) {
        assert!(command.get_about().is_some(), "{} has no line of help", command.get_name());
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{} {} has no line of help", command.get_name(), argument.get_id());
        }
        command.get_subcommands().for_each(check_help);
    }
}
