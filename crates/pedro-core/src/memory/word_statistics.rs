//! How common words are in memory, from the statistics that PostgreSQL keeps anyway, read again now and then.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::PgPool;
use tokio::sync::Mutex;

use super::fuse::Rarity;
use crate::store::search;

/// How old the statistics may be.
const FRESH_FOR: Duration = Duration::from_secs(120);

/// A search by words reads every line that has one of them. Beyond so many lines the most common words are left out
/// of the search (they still count in the ranking): 1,441 lines took 4.4 ms to read and rank.
const LINES_TO_READ: f64 = 1_500.0;

/// A word that has no entry among the statistics is rarer than all that have one; by default this share of lines.
const RARE_SHARE: f64 = 0.000_05;

/// A word in more than this share of lines, and in more than so many of them, is a common one.
const COMMON_SHARE: f64 = 0.002;
const COMMON_LINES: f64 = 200.0;

/// Cached word frequencies.
pub(super) struct WordStatistics {
    pool: PgPool,
    cached: Mutex<Option<(Instant, Arc<Shares>)>>,
}

struct Shares {
    share: HashMap<String, f64>,
    lines: f64,
    unlisted: f64,
}

impl WordStatistics {
    pub(super) fn new(pool: PgPool) -> Self {
        Self { pool, cached: Mutex::new(None) }
    }

    async fn shares(&self) -> Arc<Shares> {
        let mut cached = self.cached.lock().await;
        if let Some((read_at, shares)) = cached.as_ref()
            && read_at.elapsed() < FRESH_FOR
        {
            return Arc::clone(shares);
        }
        let shares = Arc::new(self.read().await);
        *cached = Some((Instant::now(), Arc::clone(&shares)));
        shares
    }

    /// Without statistics every word is as rare as any other: the ranking is a little worse, nothing fails.
    async fn read(&self) -> Shares {
        let (pairs, lines) = search::word_frequencies(&self.pool).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "no word statistics");
            Default::default()
        });
        let unlisted = pairs.iter().map(|(_, share)| f64::from(*share)).fold(RARE_SHARE, f64::min) / 2.0;
        let share = pairs.into_iter().map(|(word, share)| (word, f64::from(share))).collect();
        Shares { share, lines: f64::from(lines), unlisted }
    }

    /// Inverse document frequency of each lexeme: `ln(1 + 1 / share)`, as BM25 has it for large collections.
    pub(super) async fn rarity(&self, lexemes: &[String]) -> Rarity {
        let shares = self.shares().await;
        lexemes.iter().map(|word| (word.clone(), (1.0 + 1.0 / shares.of(word)).ln())).collect()
    }

    /// The lexemes to search by: from the rarest on, for as long as the lines that have them can be read quickly.
    pub(super) async fn selective(&self, lexemes: &[String]) -> Vec<String> {
        let shares = self.shares().await;
        let mut by_share: Vec<(f64, &String)> = lexemes.iter().map(|word| (shares.of(word), word)).collect();
        by_share.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut budget = LINES_TO_READ;
        let affordable = by_share.into_iter().take_while(|(share, _)| {
            budget -= share * shares.lines;
            budget >= 0.0
        });
        affordable.map(|(_, word)| word.clone()).collect()
    }

    /// Whether one of the lexemes stands in so many lines that it is a word of the language here, not just a name.
    pub(super) async fn is_common(&self, lexemes: &[String]) -> bool {
        let shares = self.shares().await;
        let is_common = |share: &f64| *share > COMMON_SHARE && share * shares.lines > COMMON_LINES;
        lexemes.iter().any(|word| shares.share.get(word).is_some_and(is_common))
    }

    /// The lexemes that the statistics do not list: those that perhaps no line has.
    pub(super) async fn possibly_unknown(&self, lexemes: &[String]) -> Vec<String> {
        let shares = self.shares().await;
        lexemes.iter().filter(|word| !shares.share.contains_key(*word)).cloned().collect()
    }
}

impl Shares {
    fn of(&self, word: &str) -> f64 {
        self.share.get(word).copied().unwrap_or(self.unlisted)
    }
}
