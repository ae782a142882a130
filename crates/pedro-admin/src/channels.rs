//! `pedro channels`: the channels of a community and what is set for them.

use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};
use pedro_core::store::channel::{self, ChannelSettings};

use crate::output;
use crate::target::{ListArgs, Target, TargetArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show all channels and what is set for them
    List(ListArgs),
    /// Switch planning on or off in a channel, as `!pedro-agentic-mode` does
    AgenticMode(AgenticMode),
    /// Set after how many days the lines of a channel are deleted
    Retention(Retention),
}

#[derive(Debug, Args)]
pub(crate) struct AgenticMode {
    /// Its name, with or without `#`, or the platform's id of it
    channel: String,
    /// Whether harder questions are planned there
    mode: Switch,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Retention {
    /// Its name, with or without `#`, or the platform's id of it
    channel: String,
    /// Days, 1 to 36500; or `default`, as the YAML file has it for the community
    #[arg(value_parser = retention_days)]
    days: Days,
    #[command(flatten)]
    target: TargetArgs,
}

/// `None`: as the community has it.
#[derive(Debug, Clone, Copy)]
struct Days(Option<i32>);

fn retention_days(value: &str) -> Result<Days, String> {
    if value == "default" {
        return Ok(Days(None));
    }
    let days = value.parse().ok().filter(|days| (1..=36_500).contains(days));
    days.map(|days| Days(Some(days))).ok_or_else(|| "give days from 1 to 36500, or default".to_owned())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(options) => list(options).await,
        Command::AgenticMode(AgenticMode { channel, mode, target }) => {
            let target = target.find().await?;
            let channel = find(&target, &channel).await?;
            let on = mode == Switch::On;
            channel::set_agentic(&target.pool, channel.id, on).await?;
            let state = if on { "on" } else { "off" };
            output::line(format!("planning is {state} in {} ({})", channel.name, channel.platform.as_str()))
        }
        Command::Retention(Retention { channel, days: Days(days), target }) => {
            let target = target.find().await?;
            let channel = find(&target, &channel).await?;
            channel::set_retention(&target.pool, channel.id, days).await?;
            let (name, platform) = (channel.name, channel.platform.as_str());
            output::line(match days {
                Some(days) => format!("lines of {name} ({platform}) are deleted after {days} days, within a day"),
                None => format!("lines of {name} ({platform}) are kept as retention_days of its community says"),
            })
        }
    }
}

async fn list(options: ListArgs) -> anyhow::Result<()> {
    let target = options.target.find().await?;
    let channels = channel::settings(&target.pool, target.id).await?;
    if options.json {
        return output::json(&channels);
    }
    if channels.is_empty() {
        return output::line(none(&target));
    }
    let local = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&target.zone).format("%Y-%m-%d %H:%M").to_string();
    let now = chrono::Utc::now();
    let rows: Vec<_> = channels
        .into_iter()
        .map(|channel| {
            let paused = channel.paused_until.filter(|until| *until > now).map_or("-".to_owned(), local);
            let planning = if channel.agentic { "on" } else { "off" };
            [
                channel.platform.as_str().to_owned(),
                channel.name,
                channel.platform_channel_id,
                channel.chattiness.as_str().to_owned(),
                planning.to_owned(),
                channel.retention_days.map_or("-".to_owned(), |days| format!("{days} days")),
                paused,
            ]
        })
        .collect();
    output::table(["platform", "name", "id", "chattiness", "planning", "kept for", "paused until"], &rows)
}

/// The only channel that is called so.
async fn find(target: &Target, called: &str) -> anyhow::Result<ChannelSettings> {
    let channels = channel::settings(&target.pool, target.id).await?;
    if channels.is_empty() {
        bail!(none(target));
    }
    let name = called.trim().trim_start_matches('#').to_lowercase();
    let mut fitting = channels.into_iter().filter(|channel| {
        channel.platform_channel_id == name || channel.name.trim_start_matches('#').to_lowercase() == name
    });
    match (fitting.next(), fitting.next()) {
        (Some(channel), None) => Ok(channel),
        (None, _) => bail!("{} has no channel {called:?}: `pedro channels list` shows all", target.name),
        (Some(_), Some(_)) => {
            bail!(
                "several channels of {} are called {called:?}: give the id that `pedro channels list` shows",
                target.name
            )
        }
    }
}

fn none(target: &Target) -> String {
    format!("{} has no channel yet: a bot notes its channels when it starts", target.name)
}
