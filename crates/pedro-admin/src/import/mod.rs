//! `pedro import`: chat lines from a file of JSON lines, each stored once however often the file is read.

mod line;
mod reader;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use pedro_core::boot;
use pedro_core::chat::{ChannelId, ChannelKey, ChatMessage, Chattiness, Platform};
use pedro_core::service::config::{CommunityArgs, ConfigProblems, EmbeddingArgs};
use pedro_core::store::message::{self, NewLine};
use pedro_core::store::{StoreError, channel, embedding};

use self::line::Record;
use self::reader::{Batch, Reader};
use crate::progress::{self, Progress};
use crate::settings::settle;
use crate::target::{Target, TargetArgs};
use crate::{embed, output};

/// The first unreadable lines are told one by one.
const TOLD: usize = 5;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// JSON lines, plain or gzip: {"id","channel","author","ts","text","reply_to"}
    file: PathBuf,
    /// Put all lines into this channel, whatever the file says
    #[arg(long, value_name = "NAME")]
    channel: Option<String>,
    /// Author whose lines are a bot's: context, never evidence. May be given several times
    #[arg(long, value_name = "NAME")]
    bot: Vec<String>,
    /// Fail if a single line cannot be read
    #[arg(long)]
    strict: bool,
    /// Embed all lines that wait now. Without it the bots do so in the background
    #[arg(long)]
    embed: bool,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    embedding: EmbeddingArgs,
}

/// What became of the lines.
#[derive(Debug, Default)]
struct Tally {
    new: u64,
    known: u64,
    unreadable: u64,
    /// The first of them, with their numbers and what is wrong.
    told: Vec<String>,
}

impl Tally {
    fn lines(&self) -> u64 {
        self.new + self.known + self.unreadable
    }

    fn note_unreadable(&mut self, batch: &mut Batch) {
        self.unreadable += batch.unreadable.len() as u64;
        let room = TOLD.saturating_sub(self.told.len());
        self.told.extend(batch.unreadable.drain(..).take(room));
    }
}

pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let Options { file, channel, bot, strict, embed, target, embedding } = options;
    // What is wrong with the file or the options is told before anything is made.
    let reader = Reader::open(&file)?;
    let both = |problems: &mut ConfigProblems| (embedding.clone().resolve(problems), bots(&target, &bot, problems));
    let (embedding, bots) = settle(both).await?;

    let target = target.find_or_make().await?;
    let mut import = Import { target: &target, channel, bots, channels: HashMap::new(), tally: Tally::default() };
    let (ending, took) = import.read_all(reader).await;
    let Import { tally, .. } = import;
    message::analyze(&target.pool).await?;
    report(&tally, took)?;
    match ending {
        Ending::Interrupted => {
            output::note("interrupted: run it again to go on, no line is stored twice");
            return Ok(ExitCode::from(130));
        }
        Ending::Failed(error) => return Err(error.context("run it again to go on, no line is stored twice")),
        Ending::Read => {}
    }
    if tally.lines() == 0 {
        bail!("{} is empty", file.display());
    }
    if tally.new + tally.known == 0 {
        bail!("no line of {} could be read; {}", file.display(), line::SHAPE);
    }
    if strict && tally.unreadable > 0 {
        bail!("{} lines of {} cannot be read (--strict)", tally.unreadable, file.display());
    }
    if embed {
        let (embedder, space) = boot::open_embedder(&target.pool, embedding).await?;
        // Whoever once listened for Ctrl-C goes on listening: it no longer ends the process by itself.
        tokio::select! {
            embedded = embed::all(&target.pool, embedder.as_ref(), space) => {
                output::line(format!("{} lines embedded", output::count(embedded?)))?;
            }
            _ = tokio::signal::ctrl_c() => {
                output::note("interrupted: the bots embed the rest in the background, --embed goes on");
                return Ok(ExitCode::from(130));
            }
        }
    } else {
        let waiting = u64::try_from(embedding::lag(&target.pool).await?).unwrap_or(0);
        if waiting > 0 {
            let waiting = output::count(waiting);
            output::line(format!(
                "{waiting} lines wait for their embedding: the bots make it in the background, --embed makes it now"
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Lower-case names of authors who are bots: those of the community's configuration, and those that were given.
fn bots(target: &TargetArgs, given: &[String], problems: &mut ConfigProblems) -> HashSet<String> {
    let config: CommunityArgs = target.config.clone();
    let config = config.resolve(problems);
    let known = config.communities.iter().flat_map(|community| community.other_bots.clone());
    known.chain(given.iter().map(|name| name.to_lowercase())).collect()
}

fn report(tally: &Tally, took: Duration) -> anyhow::Result<()> {
    for told in &tally.told {
        output::note(told);
    }
    let more = tally.unreadable.saturating_sub(tally.told.len() as u64);
    if more > 0 {
        output::note(format!("and {} more lines cannot be read", output::count(more)));
    }
    let [new, known, unreadable] = [tally.new, tally.known, tally.unreadable].map(output::count);
    let rate = output::count(progress::per_second(tally.lines(), took));
    output::line(format!(
        "{new} new, {known} known, {unreadable} unreadable ({}, {rate} lines/s)",
        progress::span(took)
    ))
}

/// How reading the file ended.
enum Ending {
    Read,
    Interrupted,
    Failed(anyhow::Error),
}

/// An import that goes on.
struct Import<'a> {
    target: &'a Target,
    /// The channel for all lines, if one was given.
    channel: Option<String>,
    bots: HashSet<String>,
    channels: HashMap<String, (ChannelKey, ChannelId)>,
    tally: Tally,
}

impl Import<'_> {
    async fn read_all(&mut self, mut reader: Reader) -> (Ending, Duration) {
        let progress = Progress::new("lines", reader.size());
        let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
        let ending = loop {
            let mut batch = tokio::select! {
                batch = reader.next() => match batch {
                    Some(Ok(batch)) => batch,
                    Some(Err(error)) => break Ending::Failed(error),
                    None => break Ending::Read,
                },
                _ = &mut interrupt => break Ending::Interrupted,
            };
            self.tally.note_unreadable(&mut batch);
            if let Err(error) = self.write(&batch.records).await {
                break Ending::Failed(error);
            }
            progress.set(reader.position(), self.tally.lines());
        };
        (ending, progress.finish())
    }

    /// Writes a batch in one statement.
    async fn write(&mut self, records: &[Record]) -> anyhow::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let mut rows = Vec::with_capacity(records.len());
        let mut lines: Vec<ChatMessage> = Vec::with_capacity(records.len());
        for record in records {
            let (key, row) = self.place(record).await?;
            rows.push(row);
            lines.push(record.message(key, &self.target.name, &self.bots));
        }
        let lines: Vec<NewLine<'_>> =
            lines.iter().zip(rows).map(|(message, channel)| NewLine { channel, message, generation: None }).collect();
        let mut connection = self.target.pool.acquire().await.map_err(StoreError::from)?;
        let written = message::insert_lines(&mut connection, &lines).await;
        let written = written.with_context(|| {
            let [first, last] =
                [records.first(), records.last()].map(|record| record.map_or(0, |record| record.number));
            format!("the lines {first} to {last} could not be stored")
        })?;
        self.tally.new += written.len() as u64;
        self.tally.known += (records.len() - written.len()) as u64;
        Ok(())
    }

    /// The channel of a line, made when it is first seen.
    async fn place(&mut self, record: &Record) -> anyhow::Result<(ChannelKey, ChannelId)> {
        let name = self.channel.as_deref().or(record.channel.as_deref()).unwrap_or("import");
        if let Some(known) = self.channels.get(name) {
            return Ok(known.clone());
        }
        let platform_channel_id = format!("{}/{name}", self.target.name);
        let key = ChannelKey { platform: Platform::Import, platform_channel_id };
        let seen = channel::Seen::public(key.clone(), name);
        let row = channel::ensure(&self.target.pool, self.target.id, &seen, Chattiness::Quiet).await?;
        self.channels.insert(name.to_owned(), (key.clone(), row.id));
        Ok((key, row.id))
    }
}
