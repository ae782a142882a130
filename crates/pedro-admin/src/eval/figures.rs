//! From hits to figures. Pure but for the printing.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use pedro_core::chat::MessageId;
use pedro_core::memory::Hit;
use pedro_core::memory::fuse::Weights;
use serde::Serialize;

use super::dataset::{Dataset, Loaded, Query};
use crate::output;

/// What came of a query.
pub(super) struct Answer<'a> {
    pub(super) query: &'a Query,
    /// Best first, at most ten.
    pub(super) hits: Vec<Hit>,
    /// The rows that it should have found.
    pub(super) relevant: Vec<MessageId>,
    pub(super) took: Duration,
}

impl Answer<'_> {
    /// Which share of what is relevant is among the first `count` hits.
    fn recall(&self, count: usize) -> f64 {
        let found = self.relevant.iter().filter(|id| self.hits.iter().take(count).any(|hit| hit.id == **id)).count();
        found as f64 / self.relevant.len() as f64
    }

    /// One over the place of the first relevant hit.
    fn reciprocal_rank(&self) -> f64 {
        let first = self.hits.iter().position(|hit| self.relevant.contains(&hit.id));
        first.map_or(0.0, |place| 1.0 / (place + 1) as f64)
    }
}

/// Everything that was measured.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    pub(super) messages: usize,
    pub(super) queries: usize,
    /// Queries that name no relevant line: not asked.
    pub(super) without_relevant: usize,
    /// The bots' floor, which was not in force.
    pub(super) floor: f64,
    /// Queries to which the bots would have found nothing.
    pub(super) below_floor: usize,
    /// How fast the lines were embedded, storing the vectors included.
    pub(super) embeddings_per_second: f64,
    pub(super) modes: Vec<Figures<'a>>,
}

/// The figures of one way to rank.
#[derive(Serialize)]
pub(super) struct Figures<'a> {
    mode: &'a str,
    overall: Quality,
    categories: BTreeMap<&'a str, Quality>,
    p50_ms: f64,
    p95_ms: f64,
}

/// Means over queries.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Quality {
    queries: usize,
    recall_at_5: f64,
    recall_at_10: f64,
    mrr: f64,
}

impl Quality {
    fn of(answers: &[&Answer<'_>]) -> Self {
        let mean = |of: &dyn Fn(&Answer<'_>) -> f64| {
            answers.iter().map(|answer| of(answer)).sum::<f64>() / answers.len().max(1) as f64
        };
        Self {
            queries: answers.len(),
            recall_at_5: mean(&|answer| answer.recall(5)),
            recall_at_10: mean(&|answer| answer.recall(10)),
            mrr: mean(&|answer| answer.reciprocal_rank()),
        }
    }
}

impl<'a> Figures<'a> {
    pub(super) fn new(mode: &'a str, answers: &[Answer<'a>]) -> Self {
        let mut by_category: BTreeMap<&str, Vec<&Answer<'_>>> = BTreeMap::new();
        for answer in answers {
            by_category.entry(answer.query.category.as_str()).or_default().push(answer);
        }
        let mut times: Vec<Duration> = answers.iter().map(|answer| answer.took).collect();
        times.sort();
        Self {
            mode,
            overall: Quality::of(&answers.iter().collect::<Vec<_>>()),
            categories: by_category.into_iter().map(|(name, answers)| (name, Quality::of(&answers))).collect(),
            p50_ms: percentile(&times, 0.50),
            p95_ms: percentile(&times, 0.95),
        }
    }
}

/// The time, in milliseconds, within which so large a share of the queries was done (nearest rank).
fn percentile(sorted: &[Duration], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

/// How many answers have no hit that reaches a score.
pub(super) fn below(answers: &[Answer<'_>], weights: &Weights) -> usize {
    let reaches = |hit: &Hit| hit.why.own(weights) >= weights.floor;
    answers.iter().filter(|answer| !answer.hits.iter().any(reaches)).count()
}

impl Report<'_> {
    pub(super) fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            return output::json(self);
        }
        output::line(format!(
            "{} messages, {} queries; {} without a relevant line are skipped\n",
            self.messages, self.queries, self.without_relevant
        ))?;
        let rows: Vec<_> = self.modes.iter().flat_map(Figures::rows).collect();
        output::table(["ranking", "category", "queries", "recall@5", "recall@10", "MRR", "p50 ms", "p95 ms"], &rows)?;
        output::line(format!(
            "\nThe bots' floor ({}) would have left {} of {} queries with nothing (hybrid).",
            self.floor, self.below_floor, self.queries
        ))?;
        output::line(format!("{:.0} lines were embedded a second.", self.embeddings_per_second))?;
        if cfg!(debug_assertions) {
            output::note("times are of a debug build: measure speed with `cargo run --release -p pedro-admin -- eval`");
        }
        Ok(())
    }
}

impl Figures<'_> {
    fn rows(&self) -> Vec<[String; 8]> {
        let row = |category: &str, quality: &Quality, times: [String; 2]| {
            let [p50, p95] = times;
            let figure = |value: f64| format!("{value:.3}");
            [
                self.mode.to_owned(),
                category.to_owned(),
                quality.queries.to_string(),
                figure(quality.recall_at_5),
                figure(quality.recall_at_10),
                figure(quality.mrr),
                p50,
                p95,
            ]
        };
        let times = [format!("{:.1}", self.p50_ms), format!("{:.1}", self.p95_ms)];
        let overall = row("(all)", &self.overall, times);
        let categories = self.categories.iter().map(|(name, quality)| row(name, quality, Default::default()));
        std::iter::once(overall).chain(categories).collect()
    }
}

/// Lists the queries that miss something among their first ten: what was missed, and what came first instead.
pub(super) fn print_misses(answers: &[Answer<'_>], dataset: &Dataset, loaded: &Loaded) -> anyhow::Result<()> {
    let texts: HashMap<MessageId, (&str, &str)> = dataset
        .messages
        .iter()
        .filter_map(|message| Some((*loaded.rows.get(&message.id)?, (message.id.as_str(), message.text.as_str()))))
        .collect();
    let told = |id: &MessageId| texts.get(id).map_or(String::new(), |(id, text)| format!("{id}: {text}"));
    for answer in answers.iter().filter(|answer| answer.recall(10) < 1.0) {
        let Query { id, text, category, .. } = answer.query;
        output::line(format!("\n{category} {id}: {text}"))?;
        for missed in answer.relevant.iter().filter(|id| !answer.hits.iter().any(|hit| hit.id == **id)) {
            output::line(format!("  missed        {}", told(missed)))?;
        }
        for hit in answer.hits.iter().take(3) {
            let why = hit.why;
            output::line(format!(
                "  {:.2} (w {:.2} m {:.2} n {:.2} t {:.2} p {:.2})  {}",
                why.score,
                why.words + 0.0,
                why.meaning,
                why.neighbours,
                why.telling,
                why.preference,
                told(&hit.id)
            ))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use pedro_core::memory::fuse::Why;

    use super::*;

    fn query() -> Query {
        serde_json::from_str(r#"{"id":"q","text":"?","relevant":["x"],"category":"fact"}"#).unwrap()
    }

    fn answer<'a>(query: &'a Query, hits: &[i64], relevant: &[i64], best: f64) -> Answer<'a> {
        let meaning = best / Weights::HYBRID.meaning;
        let why = Why { words: 0.0, meaning, neighbours: 0.0, telling: 1.0, preference: 0.0, score: best };
        Answer {
            query,
            hits: hits.iter().map(|id| Hit { id: MessageId(*id), why }).collect(),
            relevant: relevant.iter().map(|id| MessageId(*id)).collect(),
            took: Duration::from_millis(hits.len() as u64),
        }
    }

    #[test]
    fn recall_is_the_share_of_the_relevant_lines_and_mrr_looks_at_the_first() {
        let query = query();
        let half = answer(&query, &[9, 1, 8, 7, 6, 2], &[1, 2], 1.0);
        assert_eq!((half.recall(5), half.recall(10), half.reciprocal_rank()), (0.5, 1.0, 0.5));
        let none = answer(&query, &[], &[1], 0.0);
        assert_eq!((none.recall(5), none.recall(10), none.reciprocal_rank()), (0.0, 0.0, 0.0));
        let both = Quality::of(&[&half, &none]);
        assert_eq!(both, Quality { queries: 2, recall_at_5: 0.25, recall_at_10: 0.5, mrr: 0.25 });
    }

    #[test]
    fn what_stays_below_the_floor_is_counted() {
        let query = query();
        let answers =
            [answer(&query, &[1], &[1], 0.3), answer(&query, &[1], &[1], 0.1), answer(&query, &[], &[1], 1.0)];
        assert_eq!(below(&answers, &Weights::HYBRID), 2);
    }

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times: Vec<Duration> = (1..=20).map(Duration::from_millis).collect();
        assert_eq!((percentile(&times, 0.5), percentile(&times, 0.95)), (10.0, 19.0));
        assert_eq!(percentile(&[], 0.5), 0.0);
    }
}
