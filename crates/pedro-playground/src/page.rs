//! The page to chat in: a few files that travel inside the program.

use std::str::FromStr;

use axum::extract::State;
use axum::http::{HeaderValue, Uri, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
/// The page needs nothing from anywhere else, and must not be made to.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self'; object-src 'none'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

/// The page's files, each under its own name.
macro_rules! files {
    ($($kind:ident: $($name:literal),+;)+) => {
        &[$($((concat!("/page/", $name), $kind, include_str!(concat!("../page/", $name)))),+),+]
    };
}

const FILES: &[(&str, &str, &str)] = files! {
    STYLE: "base.css", "layout.css", "twitch.css", "discord.css", "search.css";
    SCRIPT: "page.js", "dom.js", "follow.js", "people.js", "trouble.js";
    SCRIPT: "twitch/api.js", "twitch/chat.js", "twitch/overlay.js", "twitch/sign_in.js", "twitch/stream.js",
        "twitch/trouble.js", "twitch/twitch.js";
    SCRIPT: "discord/api.js", "discord/channels.js", "discord/composer.js", "discord/discord.js", "discord/form.js",
        "discord/markdown.js", "discord/menu.js", "discord/message.js", "discord/names.js", "discord/options.js",
        "discord/parts.js", "discord/slash.js", "discord/suggest.js", "discord/talk.js", "discord/trouble.js",
        "discord/typing.js", "discord/verbs.js";
    SCRIPT: "search/api.js", "search/pages.js", "search/providers.js", "search/requests.js", "search/search.js";
};

/// A page of the bot's that is shown over the stream: the address that OBS would be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlay {
    url: String,
    /// Scheme, host and port: what the playground's page may show of others.
    origin: String,
}

impl FromStr for Overlay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is no address of a page, such as http://127.0.0.1:6061/overlay?channel=pedrotown");
        let uri: Uri = text.trim().parse().map_err(|_| wrong())?;
        let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https")).ok_or_else(wrong)?;
        let host = uri.authority().ok_or_else(wrong)?.as_str();
        // It becomes part of the page's policy, in which other characters mean something.
        if !host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c)) {
            return Err(wrong());
        }
        Ok(Self { url: text.trim().to_owned(), origin: format!("{scheme}://{host}") })
    }
}

/// What the page's files have in common.
#[derive(Debug, Clone)]
struct Shown {
    policy: HeaderValue,
    overlay: Option<Overlay>,
}

/// Serves the page at `/`.
pub(crate) fn router(overlay: Option<Overlay>) -> Router {
    let frames = overlay.as_ref().map(|overlay| format!("{POLICY}; frame-src {}", overlay.origin));
    let policy = frames.and_then(|policy| HeaderValue::try_from(policy).ok());
    let shown = Shown { policy: policy.unwrap_or(HeaderValue::from_static(POLICY)), overlay };
    let page = Router::new()
        .route("/", get(async |State(shown): State<Shown>| shown.asset(HTML, include_str!("../page/index.html"))))
        .route("/api/page", get(settings));
    let page = FILES.iter().fold(page, |router, (path, kind, text)| {
        router.route(path, get(async |State(shown): State<Shown>| shown.asset(kind, text)))
    });
    page.with_state(shown)
}

async fn settings(State(shown): State<Shown>) -> impl IntoResponse {
    Json(json!({ "overlay": shown.overlay.map(|overlay| overlay.url) }))
}

impl Shown {
    /// Never cached: the page belongs to the program that is running now.
    fn asset(&self, kind: &'static str, text: &'static str) -> impl IntoResponse + use<> {
        let unchanging = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
        ([(header::CONTENT_SECURITY_POLICY, self.policy.clone())], unchanging, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlay_is_an_address_whose_host_goes_into_the_pages_policy() {
        let overlay: Overlay = " http://127.0.0.1:6061/overlay?channel=pedrotown ".parse().unwrap();
        assert_eq!(overlay.origin, "http://127.0.0.1:6061");
        assert_eq!(overlay.url, "http://127.0.0.1:6061/overlay?channel=pedrotown");
        for wrong in ["", "/overlay", "127.0.0.1:6061", "file:///etc", "http://a;b/", "http://me@host/", "javascript:1"]
        {
            assert!(wrong.parse::<Overlay>().is_err(), "{wrong}");
        }
    }
}
