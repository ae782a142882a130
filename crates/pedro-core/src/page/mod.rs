//! Pages for people: a question with its plans (the workflow page), and what Pedro is doing now (the overlay).
//!
//! Handlers load a [`view`] and hand it to [`WorkflowAddress::respond`], [`workflow_file`] or [`overlay_events`]; nothing
//! is loaded here. What stands in a view comes from people, models and web pages: it is escaped by `html` and, in the
//! scripts, written as text only. The pages load nothing from anywhere else, and their policy forbids it.

mod drawn;
mod html;
mod markdown;
mod overlay;
mod plain;
pub mod view;
mod words;
mod workflow;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

pub use overlay::{OVERLAY_LINGER, overlay_events, overlay_page, overlay_problem};
pub use workflow::{WorkflowAddress, no_such_workflow, workflow_file, workflow_unavailable};

const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Style sheets, one after the other.
macro_rules! styles {
    ($($name:literal),+) => { concat!($(include_str!(concat!("files/", $name))),+) };
}

/// Scripts as one, whose names nobody else sees.
macro_rules! scripts {
    ($($name:literal),+) => {
        concat!("(() => {\n\"use strict\";\n", $(include_str!(concat!("files/", $name)), "\n"),+, "})();\n")
    };
}

const WORKFLOW_STYLE: &str = styles!("glyphs.css", "workflow.css", "plan.css");
const OVERLAY_STYLE: &str = styles!("glyphs.css", "overlay.css");
const WORKFLOW_SCRIPT: &str = scripts!(
    "workflow/dom.js",
    "workflow/answer.js",
    "workflow/layout.js",
    "workflow/picture.js",
    "workflow/steps.js",
    "workflow/plans.js",
    "workflow/main.js"
);
const OVERLAY_SCRIPT: &str = scripts!("overlay/card.js", "overlay/preview.js", "overlay/source.js", "overlay/main.js");

/// The style sheets and scripts of both pages, below `/page/`.
pub fn files() -> Router {
    let files = [
        ("/page/workflow.css", STYLE, WORKFLOW_STYLE),
        ("/page/workflow.js", SCRIPT, WORKFLOW_SCRIPT),
        ("/page/overlay.css", STYLE, OVERLAY_STYLE),
        ("/page/overlay.js", SCRIPT, OVERLAY_SCRIPT),
    ];
    files.into_iter().fold(Router::new(), |router, (path, kind, text)| {
        // Never cached: they belong to the program that is running now.
        let told = [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        router.route(path, get(async move || (told, text)))
    })
}

/// A page with its policy. Addresses of workflows are secrets of those who know them: no other site is told.
fn page_of(status: StatusCode, html: String) -> Response {
    let told = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, told, [("x-robots-tag", "noindex")], html).into_response()
}
