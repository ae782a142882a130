//! `pedro memory`: what is found, and why, how much there is, and what becomes of it.

mod person;
mod reembed;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use clap::{Args, Subcommand};
use pedro_core::boot;
use pedro_core::chat::MessageId;
use pedro_core::memory::fuse::Why;
use pedro_core::memory::{Recall, Recalled, Retriever};
use pedro_core::service::config::EmbeddingArgs;
use pedro_core::store::channel;
use pedro_core::store::message::{self, MemoryStats, MessageRow};
use serde::Serialize;

use crate::output;
use crate::settings::settle;
use crate::target::{Target, TargetArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find lines as the bots find them, and show why
    Search(Search),
    /// How much is remembered
    Stats(Stats),
    /// Make every embedding anew, with the model in use
    Reembed(reembed::Reembed),
    /// Delete everything of a person, and what was made from it, as `!forgetme` does
    Forget(person::Forget),
    /// Print everything that is stored of a person as JSON, as `/privacy export` gives it
    Export(person::Export),
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    /// The question, as somebody would ask it in chat
    query: String,
    /// How many lines
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// Also show so many lines before and after each
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=1000))]
    around: u16,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    embedding: EmbeddingArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Search(options) => search(options).await,
        Command::Stats(options) => stats(options).await,
        Command::Reembed(options) => reembed::run(options).await,
        Command::Forget(options) => person::forget(options).await,
        Command::Export(options) => person::export(options).await,
    }
}

/// A line as it is shown.
#[derive(Serialize)]
struct Shown {
    id: MessageId,
    at: DateTime<Utc>,
    author: String,
    text: String,
}

impl Shown {
    fn new(row: &MessageRow) -> Self {
        Self { id: row.id, at: row.sent_at, author: row.author.clone(), text: row.text.clone() }
    }

    fn line(&self, zone: Tz) -> String {
        let at = self.at.with_timezone(&zone).format("%Y-%m-%d %H:%M");
        format!("{at}  {}: {}", output::one_line(&self.author), output::one_line(&self.text))
    }
}

/// A hit as it is shown.
#[derive(Serialize)]
struct Found {
    #[serde(flatten)]
    line: Shown,
    why: Why,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    around: Vec<Shown>,
}

/// How the question was read.
#[derive(Serialize)]
struct Reading {
    words: String,
    meaning: String,
    people: Vec<String>,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

async fn search(options: Search) -> anyhow::Result<()> {
    let embedding = settle(|problems| options.embedding.clone().resolve(problems)).await?;
    let target = options.target.find().await?;
    let (embedder, space) = boot::open_embedder(&target.pool, embedding).await?;
    let retriever = Retriever::new(target.pool.clone(), embedder, space);
    let recall = Recall {
        community: target.id,
        place: None,
        question: &options.query,
        now: Utc::now(),
        zone: target.zone,
        exclude: None,
        count: options.limit.into(),
        weights: Default::default(),
    };
    let recalled = retriever.recall(&recall).await?;
    let found = found(&retriever, &recalled, options.around.into()).await?;
    let reading = Reading {
        words: recalled.cue.words,
        meaning: recalled.cue.meaning,
        people: recalled.people,
        from: recalled.cue.range.as_ref().map(|range| range.from),
        until: recalled.cue.range.as_ref().map(|range| range.until),
    };
    match options.json {
        true => output::json(&serde_json::json!({ "read_as": reading, "hits": found })),
        false => show(&reading, &found, &target),
    }
}

async fn found(retriever: &Retriever, recalled: &Recalled, around: i64) -> anyhow::Result<Vec<Found>> {
    let lines = retriever.windows(&recalled.hits, 0).await?;
    let lines: HashMap<MessageId, &MessageRow> =
        lines.iter().flat_map(|window| &window.lines).map(|row| (row.id, row)).collect();
    let mut found = Vec::with_capacity(recalled.hits.len());
    for hit in &recalled.hits {
        // A line that was forgotten this moment is no hit any more.
        let Some(line) = lines.get(&hit.id) else { continue };
        let around = match around {
            0 => Vec::new(),
            around => {
                let windows = retriever.windows(std::slice::from_ref(hit), around).await?;
                windows.iter().flat_map(|window| &window.lines).map(Shown::new).collect()
            }
        };
        found.push(Found { line: Shown::new(line), why: hit.why, around });
    }
    Ok(found)
}

fn show(reading: &Reading, found: &[Found], target: &Target) -> anyhow::Result<()> {
    output::line(format!("words:   {}", reading.words))?;
    output::line(format!("meaning: {}", reading.meaning))?;
    if !reading.people.is_empty() {
        output::line(format!("people:  {}", reading.people.join(", ")))?;
    }
    if let (Some(from), Some(until)) = (reading.from, reading.until) {
        let local = |at: DateTime<Utc>| at.with_timezone(&target.zone).format("%Y-%m-%d %H:%M %Z").to_string();
        output::line(format!("time:    {} to {}", local(from), local(until)))?;
    }
    if found.is_empty() {
        return output::line("\nnothing reaches the floor: Pedro would answer without memory");
    }
    output::line("\nscore = words, meaning, neighbours, how telling, preference")?;
    for hit in found {
        let Why { words, meaning, neighbours, telling, preference, score } = hit.why;
        // An empty sum is -0.
        let scores =
            [score, words, meaning, neighbours, telling, preference].map(|figure| format!("{:.2}", figure + 0.0));
        let [score, words, meaning, neighbours, telling, preference] = scores;
        let sum = format!("{score} = {words} {meaning} {neighbours} {telling} {preference}");
        output::line(format!("{sum}  {}", hit.line.line(target.zone)))?;
        for line in &hit.around {
            let mark = if line.id == hit.line.id { '>' } else { ' ' };
            output::line(format!("    {mark} {}", line.line(target.zone)))?;
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct Remembered {
    community: String,
    #[serde(flatten)]
    stats: MemoryStats,
}

async fn stats(options: Stats) -> anyhow::Result<()> {
    let mut all = Vec::new();
    if options.target.community.is_some() {
        let target = options.target.find().await?;
        all.push(Remembered { stats: message::stats(&target.pool, target.id).await?, community: target.name });
    } else {
        let pool = crate::target::open_database(options.target.database).await?;
        for community in channel::community_names(&pool).await? {
            let Some((id, _)) = channel::find_community(&pool, &community).await? else { continue };
            all.push(Remembered { stats: message::stats(&pool, id).await?, community });
        }
    }
    if options.json {
        return output::json(&all);
    }
    if all.is_empty() {
        return output::line("nothing is remembered yet: start a bot, or `pedro import` a file");
    }
    let number = |count: i64| output::count(count.unsigned_abs());
    let day = |at: Option<DateTime<Utc>>| at.map_or("-".to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string());
    let rows: Vec<_> = all
        .into_iter()
        .map(|Remembered { community, stats }| {
            let [lines, authors, waiting] = [stats.messages, stats.authors, stats.unembedded].map(number);
            [community, lines, authors, waiting, day(stats.first), day(stats.last)]
        })
        .collect();
    output::table(["community", "lines", "authors", "waiting for embedding", "first (UTC)", "last (UTC)"], &rows)
}
