//! All that a bot serves over HTTP, the same on every platform.

use axum::Router;

use crate::api;
use crate::pedro::Booted;
use crate::service::config::CommunityFile;
use crate::service::http::Pages;
use crate::service::metrics::Metrics;
use crate::service::secret::Secret;
use crate::service::{Readiness, Shutdown};
use crate::workflow;

/// What the routes look at.
pub struct Served<'a> {
    /// For `/metrics`.
    pub metrics: Metrics,
    /// For `/readyz`.
    pub readiness: Readiness,
    /// Pedro, once it is there.
    pub booted: Booted,
    /// Ends the streams that never end by themselves.
    pub shutdown: &'a Shutdown,
}

impl Served<'_> {
    /// The operator's pages, those for people, and the API, if there is a token for it.
    pub fn router(self, api_token: Option<&Secret>, communities: &CommunityFile) -> Router {
        let workflows = workflow::pages::routes(Booted::clone(&self.booted), self.shutdown.token());
        let api = api::routes(self.booted, api_token, communities);
        Pages::new(self.metrics, self.readiness).extend("workflow", workflows).extend("api", api).into_router()
    }
}

#[cfg(test)]
mod tests;
