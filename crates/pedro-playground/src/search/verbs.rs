//! What there is to be found and what was asked, as verbs on [`Search`].

use std::time::Duration;

use anyhow::{Result, anyhow};

use super::page::Page;
use super::provider::Provider;
use super::world::Request;
use super::{Search, invented};

/// Requests shown where a wait was in vain.
const SHOWN: usize = 5;

impl Search {
    /// The pages that can be found.
    pub fn pages(&self) -> Vec<Page> {
        self.read(|world| world.pages.clone())
    }

    /// Puts these pages in the place of those there are: a dozen invented ones, about Go, Rust, keyboards, at first.
    pub fn set_pages(&self, pages: impl IntoIterator<Item = Page>) {
        self.update(|world| {
            world.pages = pages.into_iter().collect();
            world.tell_state();
        });
    }

    /// Brings the invented pages back.
    pub fn restore_pages(&self) {
        self.set_pages(invented::pages());
    }

    /// The pages that a query finds, the best first.
    pub fn find(&self, query: &str) -> Vec<Page> {
        self.read(|world| world.find(query))
    }

    /// Every request so far, in the order in which they came; the last 20,000.
    pub fn requests(&self) -> Vec<Request> {
        self.read(|world| world.requests.iter().cloned().collect())
    }

    /// The requests to one provider.
    pub fn requests_to(&self, provider: Provider) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|request| request.provider == provider);
        requests
    }

    /// Forgets the requests so far. Their numbers go on.
    pub fn forget_requests(&self) {
        self.update(|world| {
            world.requests.clear();
            world.tell_state();
        });
    }

    /// Returns as soon as something is true of the requests.
    ///
    /// # Errors
    /// If it is not in time; says what was asked last.
    pub async fn asked(&self, timeout: Duration, mut wanted: impl FnMut(&[Request]) -> bool) -> Result<()> {
        let mut changes = self.shared.changes.subscribe();
        let watching = async {
            loop {
                // Marked as seen before looking: a change in between wakes the wait below.
                changes.mark_unchanged();
                if wanted(&self.requests()) {
                    return;
                }
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        let in_time = tokio::time::timeout(timeout, watching).await;
        in_time.map_err(|_| {
            let requests = self.requests();
            let last = &requests[requests.len().saturating_sub(SHOWN)..];
            anyhow!("waited {timeout:?} for requests in vain; {} so far, the last: {last:?}", requests.len())
        })
    }
}
