//! `pedro titles`: what the streams of a community are called, and were.

use clap::{Args, Subcommand};
use pedro_core::store::stream_title;

use crate::output;
use crate::target::TargetArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the latest titles, newest first
    List(List),
    /// Print all titles as JSON
    Export(TargetArgs),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// How many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    let (target, limit, json) = match command {
        Command::List(List { limit, json, target }) => (target, limit.into(), json),
        Command::Export(target) => (target, i64::MAX, true),
    };
    let target = target.find().await?;
    let titles = stream_title::latest(&target.pool, target.id, limit).await?;
    if json {
        return output::json(&titles);
    }
    if titles.is_empty() {
        return output::line(format!(
            "no title of {} is known yet: the bot notes it when it has TWITCH_ID",
            target.name
        ));
    }
    let local = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&target.zone).format("%Y-%m-%d %H:%M").to_string();
    let rows: Vec<_> = titles
        .into_iter()
        .map(|title| {
            let until = title.ended_at.map_or("now".to_owned(), local);
            let live = if title.live { "live" } else { "offline" };
            [local(title.began_at), until, live.to_owned(), title.channel, title.category, title.title]
        })
        .collect();
    output::table(["from", "until", "state", "channel", "category", "title"], &rows)
}
