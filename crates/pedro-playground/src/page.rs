//! The page to chat in: a few files that travel inside the program.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The page's files, each under its own name.
macro_rules! files {
    ($($kind:ident: $($name:literal),+;)+) => {
        &[$($((concat!("/page/", $name), $kind, include_str!(concat!("../page/", $name)))),+),+]
    };
}

const FILES: &[(&str, &str, &str)] = files! {
    STYLE: "base.css", "layout.css", "twitch.css", "discord.css", "search.css";
    SCRIPT: "page.js", "dom.js", "follow.js", "people.js", "trouble.js";
    SCRIPT: "twitch/api.js", "twitch/chat.js", "twitch/stream.js", "twitch/trouble.js", "twitch/twitch.js";
    SCRIPT: "discord/api.js", "discord/channels.js", "discord/composer.js", "discord/discord.js", "discord/form.js",
        "discord/markdown.js", "discord/menu.js", "discord/message.js", "discord/names.js", "discord/options.js", "discord/parts.js",
        "discord/slash.js", "discord/suggest.js", "discord/talk.js", "discord/trouble.js", "discord/typing.js",
        "discord/verbs.js";
    SCRIPT: "search/api.js", "search/pages.js", "search/providers.js", "search/requests.js", "search/search.js";
};

/// Serves the page at `/`.
pub(crate) fn router() -> Router {
    let page = Router::new().route("/", get(async || asset(HTML, include_str!("../page/index.html"))));
    FILES.iter().fold(page, |router, (path, kind, text)| router.route(path, get(async || asset(kind, text))))
}

/// Never cached: the page belongs to the program that is running now.
fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    // The page needs nothing from anywhere else, and must not be made to.
    let policy = "default-src 'self'; img-src 'self' data:; style-src 'self'; object-src 'none'; base-uri 'none'; \
                  form-action 'self'; frame-ancestors 'none'";
    (
        [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store"), (header::CONTENT_SECURITY_POLICY, policy)],
        text,
    )
}
