//! `pedro eval`: how well retrieval finds what a labelled file says is relevant, by the same code as the bots.

mod dataset;
mod figures;
mod scratch;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::Args;
use pedro_core::boot;
use pedro_core::chat::CommunityId;
use pedro_core::memory::fuse::Weights;
use pedro_core::memory::{Hit, Recall, Retriever};
use pedro_core::service::config::{ConfigProblems, DatabaseArgs, EmbeddingArgs, EmbeddingSettings};
use pedro_core::store::message;
use tokio::signal::unix::{SignalKind, signal};

use self::dataset::{Dataset, Loaded, Query};
use self::figures::{Answer, Figures, Report};
use self::scratch::Scratch;
use crate::progress::Progress;
use crate::settings::settle;
use crate::{embed, output};

/// Lines asked of each query: recall and MRR look at the first ten.
const COUNT: usize = 10;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// JSON lines: {"kind":"message","id","author","ts","text"}, then {"kind":"query","id","text","relevant":["id"],"category"}
    file: PathBuf,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
    /// Share of words in the hybrid ranking, from 0 to 1; meaning gets the rest. Default: what the bots use
    #[arg(long, value_name = "SHARE", value_parser = share)]
    blend: Option<f64>,
    /// Also list the queries of which the hybrid ranking misses something, with what it found instead
    #[arg(long)]
    misses: bool,
    /// Keep the scratch database and say its name
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    embedding: EmbeddingArgs,
}

fn share(value: &str) -> Result<f64, String> {
    let share: f64 = value.parse().map_err(|_| "it is no number".to_owned())?;
    (0.0..=1.0).contains(&share).then_some(share).ok_or_else(|| "it is not between 0 and 1".to_owned())
}

pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let dataset = Dataset::read(&options.file)?;
    let both = |problems: &mut ConfigProblems| {
        (options.database.clone().resolve(problems), options.embedding.clone().resolve(problems))
    };
    let (database, embedding) = settle(both).await?;
    let scratch = Scratch::create(&boot::connect_options(&database)?).await?;
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be heard")?;
    // The scratch database is dropped however this ends.
    let result = tokio::select! {
        result = evaluate(&scratch, &dataset, embedding, &options) => result.map(|()| ExitCode::SUCCESS),
        _ = tokio::signal::ctrl_c() => Ok(ExitCode::from(130)),
        _ = terminate.recv() => Ok(ExitCode::from(143)),
    };
    match options.keep {
        true => output::note(format!("the scratch database is kept: {}", scratch.name())),
        false => scratch.drop().await?,
    }
    result
}

async fn evaluate(
    scratch: &Scratch,
    dataset: &Dataset,
    embedding: EmbeddingSettings,
    options: &Options,
) -> anyhow::Result<()> {
    let pool = scratch.open().await?;
    let (embedder, space) = boot::open_embedder(&pool, embedding).await?;
    let loaded = dataset.load(&pool).await?;
    embed::all(&pool, embedder.as_ref(), space).await?;
    message::analyze(&pool).await?;
    let retriever = Retriever::new(pool, embedder, space);
    let trial = Trial { retriever: &retriever, community: loaded.community, now: dataset.now };
    let hybrid = match options.blend {
        Some(words) => Weights { words, meaning: 1.0 - words, ..Weights::HYBRID },
        None => Weights::HYBRID,
    };
    // The first query reads the word statistics: no figure of a query.
    if let Some(query) = dataset.queries.first() {
        trial.ask(query, hybrid).await?;
    }
    let mut all = Vec::new();
    let modes = [("words", Weights::WORDS), ("meaning", Weights::MEANING), ("hybrid", hybrid)];
    for (mode, weights) in modes {
        all.push((mode, trial.ask_all(dataset, &loaded, weights).await?));
    }
    if dataset.unknown > 0 {
        output::note(format!(
            "{} relevant lines that queries name are no messages of the file: not counted",
            dataset.unknown
        ));
    }
    let below_floor = all.last().map_or(0, |(_, answers)| figures::below(answers, &hybrid));
    let report = Report {
        messages: dataset.messages.len(),
        queries: dataset.queries.len(),
        without_relevant: dataset.without_relevant,
        floor: hybrid.floor,
        below_floor,
        modes: all.iter().map(|(mode, answers)| Figures::new(mode, answers)).collect(),
    };
    report.print(options.json)?;
    if let Some((_, answers)) = all.last().filter(|_| options.misses) {
        figures::print_misses(answers, dataset, &loaded)?;
    }
    Ok(())
}

/// A loaded memory to which queries are put.
struct Trial<'a> {
    retriever: &'a Retriever,
    community: CommunityId,
    /// The moment of the last line: "yesterday" is the day before it.
    now: DateTime<Utc>,
}

impl Trial<'_> {
    /// One after the other, so that each one's time is its own.
    async fn ask_all<'q>(
        &self,
        dataset: &'q Dataset,
        loaded: &Loaded,
        weights: Weights,
    ) -> anyhow::Result<Vec<Answer<'q>>> {
        let progress = Progress::new("queries", dataset.queries.len() as u64);
        let mut answers = Vec::with_capacity(dataset.queries.len());
        for query in &dataset.queries {
            let (hits, took) = self.ask(query, weights).await?;
            let relevant: Vec<_> = query.relevant.iter().filter_map(|id| loaded.rows.get(id)).copied().collect();
            answers.push(Answer { query, hits, relevant, took });
            progress.set(answers.len() as u64, answers.len() as u64);
        }
        progress.finish();
        Ok(answers)
    }

    async fn ask(&self, query: &Query, weights: Weights) -> anyhow::Result<(Vec<Hit>, Duration)> {
        let recall = Recall {
            community: self.community,
            place: None,
            question: &query.text,
            now: self.now,
            zone: chrono_tz::Tz::UTC,
            exclude: None,
            count: COUNT,
            // What lies below the bots' floor is measured too, and counted apart.
            weights: Weights { floor: 0.0, ..weights },
        };
        let began = Instant::now();
        let recalled = self.retriever.recall(&recall).await?;
        Ok((recalled.hits, began.elapsed()))
    }
}
