//! The page to chat in: a few files that travel inside the program.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

/// Serves the page at `/`.
pub(crate) fn router() -> Router {
    Router::new()
        .route("/", get(async || asset("text/html; charset=utf-8", include_str!("../page/index.html"))))
        .route("/page.css", get(async || asset("text/css; charset=utf-8", include_str!("../page/page.css"))))
        .route("/page.js", get(async || script(include_str!("../page/page.js"))))
        .route("/chat.js", get(async || script(include_str!("../page/chat.js"))))
        .route("/people.js", get(async || script(include_str!("../page/people.js"))))
}

fn script(text: &'static str) -> impl IntoResponse {
    asset("text/javascript; charset=utf-8", text)
}

/// Never cached: the page belongs to the program that is running now.
fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    // The page needs nothing from anywhere else, and must not be made to.
    let policy = "default-src 'self'; img-src 'self' data:; style-src 'self'; frame-ancestors 'none'";
    (
        [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store"), (header::CONTENT_SECURITY_POLICY, policy)],
        text,
    )
}
