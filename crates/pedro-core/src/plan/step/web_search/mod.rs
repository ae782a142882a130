//! A step that searches the web, and does not give up at once.
//!
//! A search that fails or finds nothing is made again with a better query, then by the next provider. What was found is
//! kept for a while, with the messages that the query was made from.

mod brave;
mod duckduckgo;
mod provider;
mod query;
mod searxng;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::PgPool;

pub use self::brave::Brave;
pub use self::duckduckgo::DuckDuckGo;
pub use self::provider::{MOST_PAGES, Provider, SearchError};
pub use self::searxng::Searxng;
use crate::plan::{Citation, StepError, StepOutput};
use crate::reply::step as say;
use crate::service::config::SearchSettings;
use crate::service::metrics::record;
use crate::store::StoreError;
use crate::store::web_search::{self, FoundPage, Provenance};

/// Searches in one step, all providers and queries together.
const MOST_ATTEMPTS: u32 = 5;

/// A provider that is busy for no longer than this is waited for.
const SHORT_WAIT: Duration = Duration::from_secs(2);

/// However long a provider wants to be left alone, it is asked again after this.
const LONGEST_AWAY: Duration = Duration::from_secs(60 * 60);

/// Makes a better query of the first one, which is none of those that were tried; mostly a call of the model.
pub type Rewrite<'a> = &'a (dyn Fn(String, Vec<String>) -> BoxFuture<'a, Option<String>> + Send + Sync);

/// Searches the web. One for the whole process: it knows which provider wants to be left alone.
pub struct WebSearch {
    pool: PgPool,
    providers: Vec<Provider>,
    cache_for: Duration,
    /// Until when a provider is passed over. Held for a look only, never across an await.
    away: Mutex<HashMap<&'static str, Instant>>,
}

/// What was searched for so far, and how it went.
struct Course {
    queries: Vec<String>,
    failed: u32,
    empty: u32,
}

impl Course {
    fn query(&self) -> &str {
        self.queries.last().map_or("", String::as_str)
    }

    fn attempts(&self) -> u32 {
        self.failed + self.empty
    }
}

impl WebSearch {
    /// Searches by the settings' providers, in their order.
    ///
    /// # Errors
    /// When TLS cannot be set up on this machine.
    pub fn new(pool: PgPool, settings: &SearchSettings) -> Result<Self, reqwest::Error> {
        let providers = settings.providers.iter().map(|provider| Provider::new(provider, settings.timeout));
        let providers = providers.collect::<Result<_, _>>()?;
        Ok(Self { pool, providers, cache_for: settings.cache_for, away: Mutex::default() })
    }

    /// Searches. What is found is kept for a while, and goes with what the query was made `from`. If `rewrite` has no
    /// better query, a plain rule makes one.
    ///
    /// # Errors
    /// [`StepError::Refused`] if nobody is set up to be asked, [`StepError::Failed`] if nothing was found.
    pub async fn run(&self, query: &str, from: Provenance<'_>, rewrite: Rewrite<'_>) -> Result<StepOutput, StepError> {
        if self.providers.is_empty() {
            return Err(StepError::Refused(say::search_not_set_up()));
        }
        let query = query::clean(query);
        if !query::is_new(&query, &[]) {
            return Err(StepError::Refused(say::nothing_to_search_for()));
        }
        let mut course = Course { queries: vec![query], failed: 0, empty: 0 };
        let pages = match self.kept(course.query()).await {
            Some(pages) => Some(pages),
            None => self.search(&mut course, from, rewrite).await,
        };
        let Some(pages) = pages else {
            return Err(StepError::Failed(say::search_failed(course.failed, course.empty)));
        };
        let note = say::search_went(course.failed, course.empty, course.queries.len() > 1);
        Ok(StepOutput { text: told(&pages), sources: from.messages.to_vec(), citations: cited(&pages), note })
    }

    /// Asks one provider after the other, each with the latest query and then with a better one.
    async fn search(&self, course: &mut Course, from: Provenance<'_>, rewrite: Rewrite<'_>) -> Option<Vec<FoundPage>> {
        let there: Vec<&Provider> = self.providers.iter().filter(|provider| !self.is_away(provider)).collect();
        let turns = if there.len() == 1 { 3 } else { 2 };
        for provider in there {
            let mut failed = false;
            for turn in 0..turns {
                if course.attempts() == MOST_ATTEMPTS || self.is_away(provider) {
                    break;
                }
                if turn > 0 {
                    match better(&course.queries, rewrite).await {
                        Some(query) => course.queries.push(query),
                        // What failed may work the next time; what found nothing will find nothing.
                        None if failed && turn == 1 => {}
                        None => break,
                    }
                    if let Some(pages) = self.kept(course.query()).await {
                        return Some(pages);
                    }
                }
                match self.attempt(provider, course.query()).await {
                    Some(pages) if !pages.is_empty() => {
                        self.keep(provider, course.query(), &pages, from).await;
                        return Some(pages);
                    }
                    Some(_) => (course.empty, failed) = (course.empty + 1, false),
                    None => (course.failed, failed) = (course.failed + 1, true),
                }
            }
        }
        None
    }

    /// One search, counted and logged. `None`: it failed.
    async fn attempt(&self, provider: &Provider, query: &str) -> Option<Vec<FoundPage>> {
        let (name, began) = (provider.name(), Instant::now());
        tracing::debug!(provider = name, query, "searching the web");
        let mut result = provider.search(query).await;
        if let Err(SearchError::Busy(Some(wait))) = result
            && wait <= SHORT_WAIT
        {
            tokio::time::sleep(wait).await;
            result = provider.search(query).await;
        }
        record::web_searched(result.as_ref().is_ok_and(|pages| !pages.is_empty()));
        let duration_ms = began.elapsed().as_millis() as u64;
        match result {
            Ok(pages) => {
                tracing::info!(provider = name, duration_ms, pages = pages.len(), "searched the web");
                Some(pages)
            }
            Err(error) => {
                tracing::warn!(provider = name, duration_ms, "a web search failed: {error}");
                if let SearchError::Busy(Some(wait)) = error {
                    self.leave_alone(name, wait);
                }
                None
            }
        }
    }

    fn leave_alone(&self, name: &'static str, wait: Duration) {
        if wait > SHORT_WAIT {
            let until = Instant::now() + wait.min(LONGEST_AWAY);
            self.away.lock().unwrap_or_else(PoisonError::into_inner).insert(name, until);
        }
    }

    fn is_away(&self, provider: &Provider) -> bool {
        let away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        away.get(provider.name()).is_some_and(|until| *until > Instant::now())
    }

    /// What was found for this query not long ago. No answer of the database is no reason not to search.
    async fn kept(&self, query: &str) -> Option<Vec<FoundPage>> {
        if self.cache_for.is_zero() {
            return None;
        }
        let names: Vec<String> = self.providers.iter().map(|provider| provider.name().to_owned()).collect();
        let kept = web_search::find(&self.pool, &names, &query::hash(query), self.cache_for).await;
        kept.unwrap_or_else(|error| {
            tracing::warn!("what was found on the web before cannot be read: {error}");
            None
        })
    }

    async fn keep(&self, provider: &Provider, query: &str, pages: &[FoundPage], from: Provenance<'_>) {
        if self.cache_for.is_zero() {
            return;
        }
        match self.write(provider.name(), &query::hash(query), pages, from).await {
            // Then nothing may be kept.
            Ok(()) | Err(StoreError::SourceForgotten) => {}
            Err(error) => tracing::warn!("what was found on the web cannot be kept: {error}"),
        }
    }

    async fn write(
        &self,
        provider: &str,
        hash: &[u8],
        pages: &[FoundPage],
        from: Provenance<'_>,
    ) -> Result<(), StoreError> {
        web_search::sweep(&self.pool, self.cache_for).await?;
        let mut transaction = self.pool.begin().await?;
        web_search::keep(&mut transaction, provider, hash, pages, from).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// A query that was not tried yet.
async fn better(tried: &[String], rewrite: Rewrite<'_>) -> Option<String> {
    let first = tried.first()?;
    let rewritten = rewrite(first.clone(), tried.to_vec()).await.map(|query| query::clean(&query));
    rewritten.filter(|query| query::is_new(query, tried)).or_else(|| query::plainer(first, tried))
}

/// The results as the model reads them.
fn told(pages: &[FoundPage]) -> String {
    let numbered = pages.iter().enumerate().map(|(at, page)| {
        let snippet = if page.snippet.is_empty() { String::new() } else { format!("\n   {}", page.snippet) };
        format!("{}. {}{snippet}\n   {}", at + 1, page.title, page.url)
    });
    numbered.collect::<Vec<_>>().join("\n")
}

fn cited(pages: &[FoundPage]) -> Vec<Citation> {
    pages.iter().map(|page| Citation { title: page.title.clone(), url: Some(page.url.clone()) }).collect()
}

#[cfg(test)]
mod tests;
