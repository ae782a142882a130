//! A small server with one workflow and one overlay, as a bot would serve them.

use std::io;
use std::net::SocketAddr;

use anyhow::Result;
use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use chrono::Utc;
use futures_util::stream;
use pedro_core::page::view::{OverlayQuestion, OverlayView, WorkflowView};
use pedro_core::page::{
    WorkflowAddress, files, no_such_workflow, overlay_events, overlay_page, overlay_problem, workflow_file,
};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Ends with its test.
pub(crate) struct Site {
    address: SocketAddr,
    shown: Shown,
    server: JoinHandle<io::Result<()>>,
}

#[derive(Clone)]
struct Shown {
    workflow: watch::Sender<WorkflowView>,
    overlay: watch::Sender<Option<OverlayView>>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Site {
    pub(crate) async fn with(workflow: WorkflowView) -> Result<Self> {
        let (overlay, _) = watch::channel(Some(nothing()));
        let shown = Shown { workflow: watch::channel(workflow).0, overlay };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let router = Router::new()
            .route("/workflows/{id}", get(workflow_page))
            .route("/file", get(file))
            .route("/overlay", get(async || overlay_page()))
            .route("/overlay/events", get(events))
            .with_state(shown.clone())
            .merge(files());
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, shown, server })
    }

    /// The address of something on it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The address of the workflow.
    pub(crate) fn page(&self) -> String {
        self.url(&format!("/workflows/{}", self.shown.workflow.borrow().id))
    }

    /// Changes the workflow; pages see it within a second.
    pub(crate) fn becomes(&self, change: impl FnOnce(&mut WorkflowView)) {
        self.shown.workflow.send_modify(change);
    }

    /// Changes the overlay.
    pub(crate) fn shows(&self, questions: Vec<OverlayQuestion>, waiting: u32) {
        self.shown.overlay.send_replace(Some(OverlayView { questions, waiting, ..nothing() }));
    }

    /// The overlay's connections end, and there are no new ones until it shows something again.
    pub(crate) fn goes_away(&self) {
        self.shown.overlay.send_replace(None);
    }
}

fn nothing() -> OverlayView {
    OverlayView { channel: "pedrotown".into(), bot_name: "Pedro".into(), questions: Vec::new(), waiting: 0 }
}

async fn workflow_page(State(shown): State<Shown>, Path(last): Path<String>, headers: HeaderMap) -> Response {
    let view = shown.workflow.borrow();
    match WorkflowAddress::read(&last) {
        Some(address) if address.id == view.id => address.respond(&view, &headers, Utc::now()),
        _ => no_such_workflow(),
    }
}

/// As somebody opens it who got it in a message: without the policy that a server would send.
async fn file(State(shown): State<Shown>) -> Html<String> {
    Html(workflow_file(&shown.workflow.borrow(), Utc::now()))
}

async fn events(State(shown): State<Shown>, RawQuery(query): RawQuery) -> Response {
    if query.as_deref() != Some("channel=pedrotown") {
        return overlay_problem("I am not in the channel of this overlay.");
    }
    if shown.overlay.borrow().is_none() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let mut receiver = shown.overlay.subscribe();
    receiver.mark_changed();
    overlay_events(stream::unfold(receiver, async |mut receiver| {
        receiver.changed().await.ok()?;
        let view = receiver.borrow_and_update().clone()?;
        Some((view, receiver))
    }))
}
