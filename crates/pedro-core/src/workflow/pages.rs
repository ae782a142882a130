//! The pages for people, as they are served: each request loads its view.

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use chrono::Utc;
use futures_util::stream;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::page::view::OverlayView;
use crate::page::{self, WorkflowAddress};
use crate::pedro::Booted;
use crate::store::StoreError;

/// How often the overlay looks: what it shows comes from tables, whichever process wrote them.
const LOOK_EVERY: Duration = Duration::from_millis(700);

/// What Pedro is called on the overlay.
const NAME: &str = "Pedro";

#[derive(Clone)]
struct Pages {
    booted: Booted,
    stop: CancellationToken,
}

#[derive(Deserialize)]
struct Wanted {
    channel: Option<String>,
}

/// `/workflows/{id}`, `/overlay`, `/overlay/events` and what they load. They are served from the start, and say so while
/// Pedro is not there yet; event streams end when `stop` is cancelled.
pub fn routes(booted: Booted, stop: CancellationToken) -> Router {
    let pages = Pages { booted, stop };
    Router::new()
        .route("/workflows/{id}", get(workflow))
        .route("/overlay", get(async || page::overlay_page()))
        .route("/overlay/events", get(overlay))
        .with_state(pages)
        .merge(page::files())
}

impl Pages {
    async fn look(&self, channel: &str) -> Result<Option<OverlayView>, StoreError> {
        match self.booted.get() {
            Some(pedro) => super::overlay(&pedro.pool, channel, NAME).await,
            None => Ok(None),
        }
    }
}

async fn workflow(State(pages): State<Pages>, Path(segment): Path<String>, headers: HeaderMap) -> Response {
    let Some(address) = WorkflowAddress::read(&segment) else { return page::no_such_workflow() };
    let Some(pedro) = pages.booted.get() else { return page::workflow_unavailable() };
    match super::find(&pedro.pool, address.id).await {
        Ok(Some(view)) => address.respond(&view, &headers, Utc::now()),
        Ok(None) => page::no_such_workflow(),
        Err(error) => {
            tracing::warn!(%error, "a workflow could not be loaded");
            page::workflow_unavailable()
        }
    }
}

async fn overlay(State(pages): State<Pages>, Query(wanted): Query<Wanted>) -> Response {
    let channel = wanted.channel.unwrap_or_default().trim().trim_start_matches('#').to_owned();
    if channel.is_empty() {
        return page::overlay_problem("Add ?channel=NAME to the address: the name of a Twitch channel.");
    }
    match pages.look(&channel).await {
        Ok(None) if pages.booted.get().is_some() => page::overlay_problem("Pedro does not know that Twitch channel."),
        // While the database is away the overlay is empty, and fills when it is back.
        Ok(_) | Err(_) => page::overlay_events(views(pages, channel)),
    }
}

fn views(pages: Pages, channel: String) -> impl futures_util::Stream<Item = OverlayView> + Send + 'static {
    stream::unfold((pages, channel, Duration::ZERO), |(pages, channel, wait)| async move {
        let mut wait = wait;
        loop {
            tokio::select! {
                () = pages.stop.cancelled() => return None,
                () = tokio::time::sleep(wait) => {}
            }
            wait = LOOK_EVERY;
            if let Ok(Some(view)) = pages.look(&channel).await {
                return Some((view, (pages, channel, LOOK_EVERY)));
            }
        }
    })
}
