//! The workflow page: `/workflows/{id}`, its news for the script at `/workflows/{id}.json`, and the file for a chat.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::drawn::Drawn;
use super::html::{Escaped, json, script_json};
use super::view::WorkflowView;
use super::{WORKFLOW_SCRIPT, WORKFLOW_STYLE, page_of, plain, words};

const TITLE_LIMIT: usize = 80;

/// What somebody wants to see of a workflow: the last part of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkflowAddress {
    /// Which one.
    pub id: Uuid,
    news: bool,
}

impl WorkflowAddress {
    /// Reads `{id}` or `{id}.json`; nothing else is a workflow's.
    pub fn read(segment: &str) -> Option<Self> {
        let (id, news) = segment.strip_suffix(".json").map_or((segment, false), |id| (id, true));
        // The one spelling that links have: 36 characters, with hyphens.
        let id = Some(id).filter(|id| id.len() == 36)?.parse().ok()?;
        Some(Self { id, news })
    }

    /// The page, or its news. `headers` are the request's: what the script has already is not sent again.
    pub fn respond(self, view: &WorkflowView, headers: &HeaderMap, now: DateTime<Utc>) -> Response {
        if self.news { news(view, headers) } else { page_of(StatusCode::OK, workflow_page(view, now)) }
    }
}

/// The page as it is served, with style and script beside it.
fn workflow_page(view: &WorkflowView, now: DateTime<Utc>) -> String {
    let frame = Frame {
        policy: String::new(),
        style: "<link rel=\"stylesheet\" href=\"../page/workflow.css\">\n".to_owned(),
        // Relative, as all addresses of the pages: a proxy may have put a path before them.
        poll: format!(" data-poll=\"{}.json\"", view.id),
        script: "<script src=\"../page/workflow.js\"></script>\n".to_owned(),
        as_of: String::new(),
    };
    frame.around(view, now)
}

/// The page as one file with everything in it, which asks for no news: for a message, where Pedro has no public address.
pub fn workflow_file(view: &WorkflowView, now: DateTime<Utc>) -> String {
    let nonce = Uuid::new_v4().simple();
    let frame = Frame {
        policy: format!(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'nonce-{nonce}'; \
             style-src 'nonce-{nonce}'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
        ),
        style: format!("<style nonce=\"{nonce}\">\n{WORKFLOW_STYLE}</style>\n"),
        poll: String::new(),
        script: format!("<script nonce=\"{nonce}\">\n{WORKFLOW_SCRIPT}</script>\n"),
        as_of: format!("As it was on {}.", plain::time(now)),
    };
    frame.around(view, now)
}

/// What differs between the page and the file.
struct Frame {
    policy: String,
    style: String,
    poll: String,
    script: String,
    as_of: String,
}

impl Frame {
    fn around(&self, view: &WorkflowView, now: DateTime<Utc>) -> String {
        #[derive(Serialize)]
        struct Given<'a> {
            now: DateTime<Utc>,
            workflow: &'a Drawn<'a>,
        }
        let drawn = Drawn::new(view);
        let title = words::shortened(&view.question, TITLE_LIMIT);
        format!(
            include_str!("files/workflow.html"),
            title = Escaped(&format!("{title} · Pedro")),
            plain = plain::page(&drawn, now),
            // Without it, the script leaves the plain page as it is.
            data = script_json(&Given { now, workflow: &drawn }).unwrap_or_else(|_| "null".to_owned()),
            policy = self.policy,
            style = self.style,
            poll = self.poll,
            script = self.script,
            as_of = self.as_of,
        )
    }
}

/// The workflow as JSON, or only that nothing is new.
fn news(view: &WorkflowView, headers: &HeaderMap) -> Response {
    let Ok(json) = json(&Drawn::new(view)) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let digest = Sha256::digest(&json);
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let Ok(tag) = HeaderValue::from_str(&format!("\"{hex}\"")) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let known = headers.get(header::IF_NONE_MATCH) == Some(&tag);
    let told = [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    if known { (StatusCode::NOT_MODIFIED, told).into_response() } else { (told, json).into_response() }
}

/// Nothing is known under that address, or nobody may see it any more.
pub fn no_such_workflow() -> Response {
    problem(StatusCode::NOT_FOUND, "There is no such workflow, or it was deleted.")
}

/// It could not be loaded.
pub fn workflow_unavailable() -> Response {
    problem(StatusCode::SERVICE_UNAVAILABLE, "Pedro cannot look that up right now. Please try again in a minute.")
}

fn problem(status: StatusCode, words: &'static str) -> Response {
    page_of(status, format!(include_str!("files/problem.html"), words = words))
}
